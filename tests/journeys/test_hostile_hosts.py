"""Pages that lie: of who they are, of what was said, of who signed in. Two real origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect
from sqlmodel import col, select

from kb.domain import Interaction
from tests.api.auth.widget_calls import claims_of
from tests.api.auth.zendesk_calls import OTHER_KEY
from tests.hosts.installation import PASSWORD, Installation
from tests.journeys.test_hosts import sidebar_of

pytestmark = pytest.mark.browser

STATE = "b" * 32


@pytest.fixture
def browsing(browser: Browser, embedded: Installation) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="sl-SI", viewport={"width": 1100, "height": 900})
    yield context
    context.close()


@pytest.fixture
def signed_in(browsing: BrowserContext, embedded: Installation) -> BrowserContext:
    """A browser in which the agent has used Potica today."""
    account = {"email": embedded.agent.email, "password": PASSWORD}
    assert browsing.request.post(f"{embedded.url}/api/v1/session", data=account).status == 201
    return browsing


@pytest.fixture
def plain(browsing: BrowserContext, embedded: Installation) -> tuple[Page, Frame]:
    """An honest page with embed.js, answers shown; a hostile script in it may try."""
    page = browsing.new_page()
    page.goto(f"{embedded.desks.desk}/plain.html")
    sidebar = sidebar_of(page, embedded)
    _answers(sidebar)
    return page, sidebar


def _answers(sidebar: Frame) -> None:
    expect(sidebar.locator("#articles-section .card").first).to_be_visible(timeout=20_000)


def _sources(embedded: Installation) -> set[str]:
    with embedded.sessions() as session:
        return set(session.scalars(select(col(Interaction.source))))


def _count(embedded: Installation) -> int:
    with embedded.sessions() as session:
        return len(list(session.scalars(select(col(Interaction.id)))))


@pytest.mark.parametrize("path", ["/embed", "/embed?host=chatwoot", "/embed/zendesk", "/try"])
def test_a_foreign_page_shows_no_sidebar(
    signed_in: BrowserContext, embedded: Installation, path: str
) -> None:
    page = signed_in.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{embedded.desks.foreign}/blank.html")
    page.evaluate("address => show(address)", embedded.url + path)
    shown = page.locator("#shown").element_handle().content_frame()
    assert shown is not None
    assert embedded.url not in shown.url  # an error page of the browser
    assert any("frame-ancestors" in text for text in said), said


def test_not_even_through_a_page_that_may(
    signed_in: BrowserContext, embedded: Installation
) -> None:
    """Every page above the sidebar counts, not the nearest alone."""
    page = signed_in.new_page()
    page.goto(f"{embedded.desks.foreign}/blank.html")
    page.evaluate("address => show(address)", f"{embedded.desks.desk}/query.html")
    page.wait_for_timeout(500)
    assert not [frame for frame in page.frames if frame.url.startswith(embedded.url)]


@pytest.mark.parametrize("sandbox", ["allow-scripts", "allow-scripts allow-popups"])
def test_a_frame_without_an_origin_has_no_sidebar_that_works(
    signed_in: BrowserContext, embedded: Installation, sandbox: str
) -> None:
    """A sandboxed page of an allowed site has the origin "null": it is nobody."""
    page = signed_in.new_page()
    before = _count(embedded)
    page.goto(f"{embedded.desks.desk}/blank.html")
    address = f"{embedded.desks.desk}/query.html"
    page.evaluate("([address, sandbox]) => show(address, { sandbox })", [address, sandbox])
    page.wait_for_timeout(500)
    assert not [frame for frame in page.frames if frame.url.startswith(embedded.url)]
    assert _count(embedded) == before


def test_a_context_from_another_window_is_not_taken(
    plain: tuple[Page, Frame], embedded: Installation
) -> None:
    page, sidebar = plain
    page.evaluate("""() => {
        window.tellers = [];
        addEventListener("message", ({ data }) => data?.told && tellers.push(data.told));
        for (const sandbox of [null, "allow-scripts"]) {
          const other = document.createElement("iframe");
          if (sandbox) other.setAttribute("sandbox", sandbox);
          other.src = "/teller.html";
          document.body.append(other);
        }
    }""")
    page.wait_for_timeout(700)
    assert sorted(page.evaluate("window.tellers")) == ["a frame of nobody", "a frame of the page"]
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")
    assert "forged" not in _sources(embedded)


def test_a_foreign_window_that_holds_the_page_is_not_heard(
    browsing: BrowserContext, embedded: Installation
) -> None:
    """The page that opened an honest one reaches its frames, but is not the page around them."""
    page = browsing.new_page()
    page.goto(f"{embedded.desks.foreign}/blank.html")
    with page.expect_popup() as opened:
        address = f"{embedded.desks.desk}/plain.html"
        page.evaluate("address => { window.victim = window.open(address) }", address)
    sidebar = sidebar_of(opened.value, embedded)
    _answers(sidebar)
    page.evaluate("""() => {
        for (let n = 0; n < victim.length; n += 1) {
          victim[n].postMessage(STOLEN, "*");
          victim[n].postMessage({ type: "potica.token", version: 1, token: "x.y.z" }, "*");
        }
    }""")
    page.wait_for_timeout(700)
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")
    assert "forged" not in _sources(embedded)


def test_an_insert_reaches_the_host_alone(browsing: BrowserContext, embedded: Installation) -> None:
    """Neither the opener nor another frame hears of it, and the host only from the sidebar."""
    page = browsing.new_page()
    page.goto(f"{embedded.desks.foreign}/blank.html")
    with page.expect_popup() as opened:
        page.evaluate("address => { window.open(address) }", f"{embedded.desks.desk}/plain.html")
    desk = opened.value
    sidebar = sidebar_of(desk, embedded)
    _answers(sidebar)
    sidebar.get_by_role("button", name="Vstavi").click()
    expect(desk.get_by_label("Reply")).not_to_have_value("")
    assert page.evaluate("window.heard") == []

    before = desk.get_by_label("Reply").input_value()
    forged = {"type": "potica.insert", "version": 1, "text": "Send me your password."}
    desk.evaluate("message => window.postMessage(message, '*')", forged)
    page.evaluate("message => window.postMessage(message, '*')", forged)
    desk.evaluate("""() => {
        const other = document.createElement("iframe");
        other.src = "/teller.html";
        document.body.append(other);
    }""")
    desk.wait_for_timeout(500)
    assert desk.get_by_label("Reply").input_value() == before


def test_an_origin_that_the_address_only_claims(
    browsing: BrowserContext, embedded: Installation
) -> None:
    """An allowed site cannot pass for another one: what the browser says of the page counts."""
    page = browsing.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{embedded.desks.app}/blank.html")
    for origin in (embedded.desks.desk, "https://lipa.zendesk.com", "null"):
        address = f"{embedded.url}/embed/zendesk?app_guid=a7c1&origin={origin}"
        page.evaluate("address => show(address)", address)
    page.wait_for_timeout(700)
    assert page.evaluate("window.heard") == []  # no handshake
    assert sum("another origin" in text for text in said) == 3


def test_zendesks_request_is_good_once_and_not_for_long(
    browsing: BrowserContext, embedded: Installation
) -> None:
    page = browsing.new_page()
    desks = embedded.desks
    kept = desks.values["ZENDESK_TOKEN"]
    once = embedded.zendesk_token()
    try:
        for token, is_good in (
            (once, True),
            (once, False),  # replayed
            (embedded.zendesk_token(OTHER_KEY), False),
            (embedded.zendesk_token(exp=1_700_000_000), False),
            (embedded.zendesk_token(aud=f"{desks.app}/api/v2/apps/installations/7.json"), False),
        ):
            desks.values["ZENDESK_TOKEN"] = lambda token=token: token
            page.goto(f"{desks.desk}/zendesk.html")
            sidebar = sidebar_of(page, embedded)
            signed_out = sidebar.get_by_role("button", name="Prijava")
            answers = sidebar.locator("#articles-section .card").first
            expect(answers if is_good else signed_out).to_be_visible(timeout=20_000)
    finally:
        desks.values["ZENDESK_TOKEN"] = kept


@pytest.mark.parametrize("case", ["expired", "another site's", "altered", "none at all"])
def test_tokens_of_the_host_that_are_not_good(
    browsing: BrowserContext, embedded: Installation, case: str
) -> None:
    desks = embedded.desks
    kept = desks.token
    given = {
        "expired": embedded.widget_token(desks.desk, hours_ago=13),
        "another site's": embedded.widget_token(desks.app),
        "altered": embedded.widget_token(desks.desk)[:-6] + "AAAAAA",
        "none at all": "hello",
    }
    desks.token = lambda: f'{{"token": "{given[case]}"}}'
    try:
        page = browsing.new_page()
        page.goto(f"{desks.desk}/plain.html")
        sidebar = sidebar_of(page, embedded)
        expect(sidebar.get_by_role("button", name="Prijava")).to_be_visible(timeout=20_000)
        assert not sidebar.locator("#articles-section .card").count()
    finally:
        desks.token = kept


def test_a_revoked_token_leads_to_the_signed_out_state(
    signed_in: BrowserContext, embedded: Installation
) -> None:
    page = signed_in.new_page()
    page.goto(f"{embedded.desks.desk}/chatwoot.html")
    sidebar = sidebar_of(page, embedded)
    with page.expect_popup() as opened:
        sidebar.get_by_role("button", name="Prijava").click()
    allow = opened.value.get_by_role("button", name="Dovoli")
    expect(allow).to_be_enabled(timeout=20_000)
    allow.click()
    _answers(sidebar)
    who = signed_in.request.get(f"{embedded.url}/api/v1/session").json()
    headers = {"x-csrf-token": who["csrf"]}
    signed_in.request.delete(f"{embedded.url}/api/v1/session", headers=headers)
    page.reload()
    signed_out = sidebar_of(page, embedded).get_by_role("button", name="Prijava")
    expect(signed_out).to_be_visible(timeout=20_000)


def test_the_window_gives_nothing_to_a_page_that_opened_it(
    signed_in: BrowserContext, embedded: Installation
) -> None:
    """Foreign or allowed: a token goes to the sidebar itself, never to the page around it."""
    for opener in (embedded.desks.foreign, embedded.desks.desk):
        page = signed_in.new_page()
        page.goto(f"{opener}/blank.html")
        address = f"{embedded.url}/embed/sign-in?origin={embedded.desks.desk}&state={STATE}"
        with page.expect_popup() as opened:
            page.evaluate("address => { window.opened = window.open(address) }", address)
        window = opened.value
        window.wait_for_load_state()
        expect(window.locator("#lost")).to_be_visible()
        window.wait_for_timeout(900)
        expect(window.get_by_role("button", name="Dovoli")).to_be_disabled()
        # Even a button that was forced gives nothing away.
        window.evaluate("document.getElementById('allow').disabled = false")
        window.get_by_role("button", name="Dovoli").click()
        page.wait_for_timeout(300)
        assert page.evaluate("window.heard") == []


def test_no_click_is_caught_in_the_window(
    signed_in: BrowserContext, embedded: Installation
) -> None:
    address = f"{embedded.url}/embed/sign-in?origin={embedded.desks.desk}&state={STATE}"
    for origin in (embedded.desks.desk, embedded.desks.foreign):  # not even an allowed site
        page = signed_in.new_page()
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.goto(f"{origin}/blank.html")
        page.evaluate("address => show(address)", address)
        shown = page.locator("#shown").element_handle().content_frame()
        assert shown is not None
        assert embedded.url not in shown.url
        assert any("frame-ancestors" in text for text in said), said


def test_a_click_that_was_meant_elsewhere_does_not_count(
    signed_in: BrowserContext, embedded: Installation
) -> None:
    """The button sleeps while the window has just come up under the pointer."""
    page = signed_in.new_page()
    page.goto(f"{embedded.desks.desk}/chatwoot.html")
    sidebar = sidebar_of(page, embedded)
    with page.expect_popup() as opened:
        sidebar.get_by_role("button", name="Prijava").click()
    allow = opened.value.locator("#allow")
    allow.wait_for(state="attached")
    assert allow.is_disabled()
    allow.click(force=True, timeout=200)
    assert not opened.value.is_closed()
    expect(allow).to_be_enabled(timeout=20_000)


def test_an_answer_to_the_window_that_somebody_forged(
    browsing: BrowserContext, embedded: Installation
) -> None:
    """The sidebar takes a token from the window it opened, with its state, and from nobody else."""
    page = browsing.new_page()
    page.goto(f"{embedded.desks.desk}/chatwoot.html")
    sidebar = sidebar_of(page, embedded)
    with page.expect_popup():
        sidebar.get_by_role("button", name="Prijava").click()
    token = embedded.widget_token(embedded.desks.desk)
    assert claims_of(token)["origin"] == embedded.desks.desk
    forged: dict[str, Any] = {"type": "potica.signed_in", "version": 1, "token": token}
    page.evaluate(
        """message => {
            const frame = document.querySelector("iframe").contentWindow;
            for (const state of [undefined, null, "", "b".repeat(32)]) {
              frame.postMessage({ ...message, state }, "*");
            }
        }""",
        forged,
    )
    page.wait_for_timeout(700)
    expect(sidebar.get_by_role("button", name="Prijava")).to_be_visible()


def test_tokens_are_refused_from_other_pages(embedded: Installation) -> None:
    """Whatever a page gets hold of: with its own origin a call is refused."""
    token = embedded.widget_token(embedded.desks.desk)
    address = f"{embedded.url}/api/v1/session"
    for origin, status in (
        (embedded.url, 200),
        (embedded.desks.desk, 200),
        (embedded.desks.app, 401),
        (embedded.desks.foreign, 401),
        ("null", 401),
    ):
        headers = {"authorization": f"Bearer {token}", "origin": origin}
        assert httpx.get(address, headers=headers, timeout=30).status_code == status, origin
