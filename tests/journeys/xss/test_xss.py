"""Script injection: a corpus of payloads through every input, and every page that shows them.

Opened in a real browser: nothing runs, the content security policy has nothing to refuse (text
that was harmless only thanks to the policy would count as a finding), and no element or attribute
stands in a page that came out of data. A short form in every run, many payloads on a page;
`make xss` opens a page for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from api.app import create_app
from api.auth import cookies
from api.auth.session_limits import limits_of
from api.ui.i18n import COOKIE
from kb.actions.sessions import Device, start_session
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import User
from tests.api.people import make_user
from tests.api.routes import every_route
from tests.journeys.xss.corpus import groups, payloads, write
from tests.journeys.xss.desk import Desk, addresses, fill, tasks
from tests.journeys.xss.model import Model, speaking
from tests.journeys.xss.visitor import Visitor
from tests.keys import administrator_key
from tests.served import Served, serving
from tests.site import copy_home

SIZE = int(os.environ.get("POTICA_XSS_GROUP", "20"))  # payloads on a page
IS_LONG = SIZE == 1
PAYLOADS = payloads()
GROUPS = groups(PAYLOADS, SIZE)
MOST = 3900  # characters of a question on /try
PROSE = "What does a change of address cost?"

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Site:
    """A server full of payloads, and a signed-in administrator's session."""

    server: Served
    settings: Settings
    model: Model
    session: str
    pages: list[str]
    desk: Desk


@pytest.fixture(scope="module")
def site(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    pytest.importorskip("llama_index.llms.openai_like")
    settings = copy_home(filled, tmp_path_factory.mktemp("xss") / "home")
    authorization = administrator_key(settings)
    session = _session(settings)
    with speaking() as model:
        given = {"generator_url": model.url, "generator_timeout": "10", "rate_limits": "false"}
        with serving(settings.home, **given) as server:
            headers = {"authorization": authorization}
            with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
                pages = list(write(client, PAYLOADS, SIZE))
                _write_prose(client)
                fill(settings, client, PAYLOADS, len(GROUPS))
                desk = addresses(pages)
                desk.lists.extend(tasks(client))
            yield Site(server, settings, model, session, pages, desk)


@pytest.fixture(scope="module")
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    context = browser.new_context(locale="en-GB")
    https = site.server.url.replace("http", "https", 1)  # where a secure cookie may come from
    kept = {cookies.SESSION: site.session, COOKIE: quote(PAYLOADS[0])}
    context.add_cookies(
        [{"name": n, "value": v, "url": https, "secure": True} for n, v in kept.items()]
    )
    yield Visitor(context, site.server.url)
    context.close()


@pytest.fixture(autouse=True)
def _nothing_found(visitor: Visitor) -> Iterator[None]:
    visitor.found.clear()
    visitor.pages = visitor.shown = 0
    yield
    print(f"{visitor.pages} pages, payloads shown on {visitor.shown}, found {len(visitor.found)}")
    assert visitor.found == []


def test_the_corpus_is_large_and_each_payload_once() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) > 250


def test_a_payload_that_works_is_noticed(visitor: Visitor) -> None:
    """Without this, silence would prove nothing."""
    visitor.page.goto("about:blank")
    visitor.page.evaluate("document.body.innerHTML = '<img src=x onerror=canary(7)>'")
    visitor.page.wait_for_timeout(200)
    visitor.look()
    assert any("canary 7" in found for found in visitor.found)
    assert any("handler: <img" in found for found in visitor.found)
    visitor.page.evaluate("document.body.innerText = String(1337 * 1337)")
    visitor.look()
    assert visitor.found[-1] == "about:blank: a template was evaluated"
    visitor.found.clear()


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<img src=x onerror=canary(8)>'",
        "setTimeout('canary(8)', 0)",
        "document.createElement('script').src = '/static/try.js'",
        "document.body.insertAdjacentHTML('beforeend', '<p>x</p>')",
    ],
)
def test_the_policy_would_stop_a_script_of_ours_that_is_careless(
    browser: Browser, site: Site, attempt: str
) -> None:
    page = browser.new_page()
    page.goto(f"{site.server.url}/docs")
    with pytest.raises(PlaywrightError, match="This document requires 'Trusted"):
        page.evaluate(attempt)
    page.close()


def test_articles_and_cases(visitor: Visitor, site: Site) -> None:
    for path in site.pages:
        visitor.open(path)
    assert visitor.shown > 0.95 * len(site.pages)


def test_lists(visitor: Visitor, site: Site) -> None:
    for language in site.settings.languages:
        visitor.open(f"/articles?lang={language}")
    assert visitor.shown == len(site.settings.languages)


def test_lists_of_the_desk(visitor: Visitor, site: Site) -> None:
    for path in site.desk.lists:
        visitor.open(path)
    assert visitor.shown > 0.8 * visitor.pages


def test_texts_being_written_with_their_preview(visitor: Visitor, site: Site) -> None:
    page = visitor.page
    for path in site.desk.texts:
        visitor.open(path)
        page.wait_for_selector("#writer[data-ready] #preview article")
        page.wait_for_selector("#checks .check")
        visitor.look()
    assert visitor.shown == visitor.pages
    page.locator("#image-file").set_input_files(
        {"name": "<img src=x onerror=canary(1)>.svg", "mimeType": "image/svg+xml", "buffer": b"<"}
    )
    page.wait_for_selector("#notices .notice--bad")
    page.locator("#add-tags").fill(PAYLOADS[0])
    page.keyboard.press("Enter")
    page.locator("#body").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("canary")
    page.wait_for_selector("#link-0")
    assert "canary" in visitor.look()


def test_pasts_and_what_is_said_there(visitor: Visitor, site: Site) -> None:
    page = visitor.page
    for path in site.desk.pasts:
        visitor.open(path)
        page.wait_for_selector(".comment")
        visitor.look()
    assert visitor.shown == visitor.pages
    page.locator("#comment-text").fill("")
    page.locator("#comment-text").type("@img")
    page.wait_for_selector("#comment-people [role=option]")
    assert "onerror" in visitor.look()
    page.locator('[data-open="merge"]').click()
    page.keyboard.type("canary")
    page.wait_for_selector("#merge-found [role=option]")
    visitor.look()


def test_translations_beside_originals_that_moved_on(visitor: Visitor, site: Site) -> None:
    for path in site.desk.sources:
        visitor.open(path)
        visitor.page.wait_for_selector(".beside del, .beside ins, .change")
    assert visitor.shown == visitor.pages


def test_drafts_of_cases(visitor: Visitor, site: Site) -> None:
    """What customers said, and what a model makes of it."""
    for number, path in enumerate(site.desk.drafts):
        site.model.added = " " + "\n".join(GROUPS[number])
        visitor.open(f"{path}?raw=true" if number % 2 else path)
        visitor.page.wait_for_selector("#draft-page .raw__part")
    site.model.added = ""
    assert visitor.shown == visitor.pages


def test_questions_and_their_answers(visitor: Visitor) -> None:
    for number, group in enumerate(GROUPS):
        question = "\n".join(group)[:MOST]
        for who in ("agent", "customer") if IS_LONG else ("agent",):
            visitor.open(f"/try?{urlencode({'q': question, 'who': who})}")
        if not IS_LONG and number % 4:
            continue
        visitor.page.get_by_role("textbox").fill(question)
        with visitor.page.expect_response("**/try/answers*"):
            visitor.page.get_by_role("textbox").press("Enter")
        visitor.page.wait_for_selector("#results:not([aria-busy]) > *")
        visitor.look()
    assert visitor.shown == visitor.pages


def test_errors_and_addresses(visitor: Visitor) -> None:
    forms = ("/{}", "/a/{}", "/c/{}?ui={}", "/static/{}")
    for number, group in enumerate(GROUPS):
        word = quote("".join(group)[:700], safe="")
        for form in forms if IS_LONG else [forms[number % 4]]:
            visitor.open(form.replace("{}", word))


def test_every_page_with_payloads_in_all_its_parameters(visitor: Visitor, site: Site) -> None:
    """Of whatever page there is: those that come later are opened, too."""
    routes = [
        route
        for route in every_route(create_app(site.settings).routes)
        if isinstance(route, APIRoute) and "GET" in route.methods and "{" not in route.path
    ]
    assert len(routes) > 10
    for number, route in enumerate(routes):
        names = {given.alias for given in route.dependant.query_params} | {"next", "ui", "error"}
        for group in GROUPS[number % 12 :: 12] if IS_LONG else [GROUPS[number % len(GROUPS)]]:
            query = urlencode({name: group[0][:300] for name in sorted(names)})
            visitor.open(f"{route.path}?{query}")


def test_json_is_no_page(visitor: Visitor) -> None:
    for path in ("/api/v1/articles/xss-0", "/api/v1/cases/xss-0", "/api/v1/articles/%3Csvg%3E"):
        visitor.open(path)
        assert visitor.page.evaluate("document.contentType").endswith("json")


def test_what_a_language_model_says(visitor: Visitor, site: Site) -> None:
    site.model.added, asked = "", site.model.asked
    text = visitor.open(f"/try?{urlencode({'q': PROSE, 'who': 'customer'})}")
    assert site.model.asked > asked
    assert "<img src=x onerror=canary(9)>" in text  # its words, and they stand in the page
    for group in GROUPS:
        site.model.added = " " + "\n".join(group)
        visitor.open(f"/try?{urlencode({'q': PROSE, 'who': 'customer'})}")
    site.model.added = ""


def _session(settings: Settings) -> str:
    """The token of an administrator whose name and e-mail address are payloads."""
    engine = create_engine_for(settings)
    sessions = session_factory(engine)
    user = make_user(sessions, "administrator")
    with sessions.begin() as session:
        row = session.get(User, user.id)
        assert row is not None
        row.name = '"><img src=x onerror=canary(1)>'
        row.email = '"<svg/onload=canary(2)>"@evil.example'
        device = Device("<script>canary(3)</script>", "127.0.0.1")
        token = start_session(session, user.id, device, limits_of(settings)).token
    engine.dispose()
    return token


def _write_prose(client: httpx.Client) -> None:
    """An article whose sentences a model would word anew; one holds a payload."""
    body = (
        "A change of address costs £3 after 22:00 in the evening."
        " A change of address <img src=x onerror=canary(9)> is free before that."
    )
    text = {"language": "en", "title": "What a change of address costs", "body": body}
    article = {"original_language": "en", "audience": "public", "state": "published"}
    saved = client.put("/api/v1/articles/xss-prose", json=article | {"translations": [text]})
    saved.raise_for_status()


def test_payloads_file_is_read_as_written() -> None:
    first = Path(__file__).with_name("payloads.txt").read_text(encoding="utf-8")
    assert first.startswith("## ")
    assert "\n" in "".join(PAYLOADS)
    assert "\x01" in "".join(PAYLOADS)
