"""From a conversation that was just solved to an article, its past and its end: by keyboard."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from api.ui.i18n import NAMES
from tests.journeys.conftest import Server
from tests.journeys.desk import PASSWORD, check, open_desk, page_of, settled, tab_to

pytestmark = pytest.mark.browser

SAID = {
    "en": "Two keys of my accordion from Rybnik broke off, parcel LP4830077120",
    "pl": "Mój akordeon przyszedł bez dwóch klawiszy",
    "cs": "Moje tahací harmonika přišla bez dvou kláves",
    "sl": "Moja harmonika je prispela brez dveh tipk",
    "hu": "A harmonikám két billentyű nélkül érkezett meg",
}
SOLVED = {
    "en": "Bring the accordion to the workshop with both keys; they glue them on free of charge.",
    "pl": "Zanieś akordeon do warsztatu, klawisze przykleją bezpłatnie.",
    "cs": "Doneste harmoniku do dílny, klávesy přilepí zdarma.",
    "sl": "Prinesite harmoniko v delavnico, tipki prilepijo brezplačno.",
    "hu": "Vigye a harmonikát a műhelybe, a billentyűket ingyen visszaragasztják.",
}
ASKED = "two keys of my accordion broke off"
CLICKS = 4  # at most, from "resolved" to a draft that can be published


def _person(browser: Browser, server: Server, role: str, name: str, **more: Any) -> BrowserContext:
    """A browser in which somebody new with that role is signed in."""
    email = f"{role}-{secrets.token_hex(4)}@lipa.example"
    person = ("--name", name, "--role", role, "--language", "en")
    link = server.potica("users", "add", email, *person)
    context = browser.new_context(base_url=server.url, locale="en", reduced_motion="reduce", **more)
    page = context.new_page()
    page.goto(link)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/try")
    page.close()
    return context


WIDE = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def writer(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = _person(browser, closed_server, "contributor", "Nela Skalická", **WIDE)
    yield context
    context.close()


@pytest.fixture(scope="module")
def publisher(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = _person(browser, closed_server, "publisher", "Vid Kolar", **WIDE)
    yield context
    context.close()


def _call(page: Page, method: str, path: str, body: object = None) -> Any:
    """Through the API, as whoever is signed in on the page."""
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    answer = page.request.fetch(path, method=method, data=body, headers={"x-csrf-token": token})
    assert answer.ok, answer.text()
    return answer.json()


def _found(server: Server, words: str, language: str = "en") -> list[str]:
    """What a stranger finds."""
    params = {"q": words, "language": language}
    answer = httpx.get(f"{server.url}/api/v1/search", params=params, timeout=30)
    return [hit["id"] for hit in answer.json()["hits"]]


def _say(page: Page, role: str, words: str) -> None:
    page.locator("#role").select_option(role)
    page.locator("#words").fill(words)
    page.locator("#words").press("Control+Enter")


def _solve(page: Page) -> Frame:
    """A conversation at the practice desk that ends well."""
    side = open_desk(page, "en", "sponsor", 0)
    _say(page, "customer", SAID["en"])
    _say(page, "agent", SOLVED["en"])
    settled(page, side)
    side.locator("#main").focus()
    page.keyboard.press("w")
    expect(side.locator("#sheet-close")).to_be_visible()
    page.keyboard.press("Space")
    side.locator('input[name="reuse"][value="added"]').press("Space")
    return side


def _press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, page.main_frame, selector, 120)
    page.keyboard.press(key)


def test_the_whole_way_by_keyboard(
    writer: BrowserContext, publisher: BrowserContext, closed_server: Server
) -> None:
    with page_of(writer) as page:
        side = _solve(page)
        with page.expect_response(lambda r: r.request.method == "PATCH" and r.ok):
            page.keyboard.press("Control+Enter")
        resolved = time.monotonic()
        expect(side.locator("#closed-draft")).to_be_visible()
        tab_to(page, side, "#closed-draft")
        with page.expect_popup() as opened:
            page.keyboard.press("Enter")
        clicks = 1
        draft = opened.value
        heard: list[str] = []
        draft.on("pageerror", lambda error: heard.append(str(error)))
        key = _draft(draft, resolved, clicks)
        assert not heard, heard
    with page_of(publisher) as page:
        _publish(page, key, closed_server)
        _outdated(page, key)
        _restored(page, key)
        _named(page, key, writer)
        _gone(page, key, closed_server)


def _draft(draft: Page, resolved: float, clicks: int) -> str:
    """Found, drafted, corrected, sent to review; gives the article's key."""
    finish = draft.locator(".finish__do .button--main")
    expect(finish).to_be_enabled()
    ready = time.monotonic() - resolved
    expect(draft.locator("#there-head")).to_be_visible()
    body = draft.locator("#body")
    assert SOLVED["en"].split(";")[0] in body.input_value()
    check(draft, "draft")

    draft.locator("#title").fill("Keys of an accordion broke off")
    _press(draft, "#words", "R")
    draft.keyboard.type("ybnik")
    with draft.expect_response(lambda r: r.request.method == "POST"):
        draft.keyboard.press("Enter")
    expect(body).to_have_value(_containing("from [name] broke"))
    expect(draft.locator("#title")).to_have_value("Keys of an accordion broke off")
    expect(draft.locator("#words")).to_be_focused()
    tick = draft.locator("[name=shown]").first
    tick.focus()
    draft.keyboard.press("Space")  # the parcel's number is not personal after all
    expect(body).to_have_value(_containing("LP4830077120"))
    expect(tick).to_be_focused()
    draft.keyboard.press("Space")  # it is
    expect(body).to_have_value(_containing("[parcel number]"))

    body.focus()  # where a sentence comes from is shown as one goes through the text
    place = body.evaluate("(area) => area.value.indexOf('Bring the accordion')")
    body.evaluate("(area, at) => area.setSelectionRange(at, at)", place + 3)
    expect(draft.locator("#body-from")).to_contain_text("What solved it")
    expect(draft.locator(".raw__part.is-source")).to_have_count(1)
    draft.locator("[name=audience]").focus()
    draft.keyboard.press("End")
    expect(draft.locator("[name=audience]")).to_have_value("public")
    finish.focus()
    sent = time.monotonic()
    with draft.expect_response(lambda r: r.request.method == "POST") as saved:
        draft.keyboard.press("Enter")
    clicks += 1
    assert saved.value.status == 303
    draft.wait_for_url("**/editor/articles/**")
    took = time.monotonic() - sent
    print(f"clicks {clicks}, draft ready {ready:.2f} s after resolving, saved in {took:.2f} s")
    assert clicks <= CLICKS
    return str(saved.value.headers["location"].split("/")[3])


def _containing(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words))


def _publish(page: Page, key: str, server: Server) -> None:
    """The review was asked for; approved and shown, the customer's words find it at once."""
    page.goto(f"/editor/articles/{key}/history?ui=en")
    expect(page.locator(".step--submit")).to_be_visible()
    assert key not in _found(server, ASKED)
    page.goto(f"/editor/articles/{key}/en")
    expect(page.locator("#main-act")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#act-approve")).to_have_attribute("open", "")
    with page.expect_response("**/approve") as approved:
        page.keyboard.press("Control+Enter")
    assert approved.value.ok
    begun = time.monotonic()
    assert key in _found(server, ASKED)
    took = time.monotonic() - begun
    print(f"found {took:.2f} s after it was published")


def _outdated(page: Page, key: str) -> None:
    """The original is edited; its translation is told what changed, and confirmed."""
    texts = f"/api/v1/articles/{key}/translations"
    own = {"title": "Tipki sta odpadli", "body": "Prinesite harmoniko.", "base_number": 0}
    _call(page, "PUT", f"{texts}/sl", own | {"source_number": 1})
    page.goto(f"/editor/articles/{key}/en?ui=en")
    page.locator("#body").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\nThe repair shop is at the station.")
    with page.expect_response(
        lambda r: r.request.method == "PUT" and r.url.endswith(f"{texts}/en")
    ):
        page.keyboard.press("Control+s")
    page.goto(f"/editor/articles/{key}/sl/source?ui=en")
    expect(page.locator(".beside ins", has_text="repair shop")).to_have_count(1)
    check(page, "source")
    _press(page, "[data-open=confirm]")
    expect(page.locator("#confirm-note")).to_be_focused()
    check(page, "confirm")
    page.keyboard.type("Still right")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".past__pair .pill--good")).to_be_visible()


def _restored(page: Page, key: str) -> None:
    """An earlier text comes back, with the reason."""
    page.goto(f"/editor/articles/{key}/history?ui=en&lang=en")
    expect(page.locator("#diff-head")).to_have_text("From revision 1 to 2")
    check(page, "history")
    _press(page, '[data-open=restore][data-number="1"]')
    expect(page.locator("#restore-note")).to_be_focused()
    page.keyboard.type("The repair shop is closed")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".revision").first).to_contain_text("Revision 3")
    expect(page.locator(".step").first).to_contain_text("The repair shop is closed")
    expect(page.locator(".diff")).to_contain_text("The text is the same in both")
    page.goto(f"/editor/articles/{key}/history?ui=en&lang=en&old=2&new=3")
    _press(page, ".switch a:last-child")
    expect(page.locator(".blocks--inline del", has_text="repair shop")).to_be_visible()


def _named(page: Page, key: str, colleague: BrowserContext) -> None:
    """A colleague is named in a comment, by keyboard, and finds it at home."""
    page.goto(f"/editor/articles/{key}/history?ui=en&lang=en")
    _press(page, "#comment-text", "@")
    page.keyboard.type("nela")
    expect(page.locator("#comment-people [role=option]")).to_have_count(1)
    check(page, "people")
    page.keyboard.press("Enter")
    page.keyboard.type("is this right?")
    with page.expect_response("**/comments") as said:
        page.keyboard.press("Control+Enter")
    assert said.value.status == 201
    assert len(said.value.json()["mentions"]) == 1
    expect(page.locator(".comment__text .named")).to_have_text("@Nela Skalická")
    with page_of(colleague) as other:
        other.goto("/account")
        assert _call(other, "GET", "/api/v1/editor/home")["counts"]["mentions"] == 1
        other.goto(f"/editor/articles/{key}/history?ui=en&lang=en")
        with other.expect_response("**/comments/seen") as seen:
            expect(other.locator(".comment")).to_have_count(1)
        assert seen.value.status == 204
        assert _call(other, "GET", "/api/v1/editor/home")["counts"]["mentions"] == 0
        _press(other, ".comment [data-do=resolve]")
        expect(other.locator("#comments [data-part=more]")).to_be_focused()


def _gone(page: Page, key: str, server: Server) -> None:
    """Archived means gone from every answer with the commit."""
    page.goto(f"/editor/articles/{key}/en?ui=en")
    _press(page, "#act-archive summary")
    with page.expect_response("**/archive") as archived:
        _press(page, "#act-archive [type=submit]")
    assert archived.value.ok
    assert key not in _found(server, ASKED)
    assert httpx.get(f"{server.url}/a/{key}", timeout=30).status_code == 404


@pytest.mark.parametrize("language", [code for code in NAMES if code != "en"])
def test_a_case_is_written_up_in_every_language(
    publisher: BrowserContext, closed_server: Server, language: str
) -> None:
    with page_of(publisher) as page:
        page.goto(f"/account?ui={language}")
        case = f"accordion-{language}-{secrets.token_hex(3)}"
        body = {
            "language": language,
            "channel": "chat",
            "state": "resolved",
            "subject": SAID[language],
            "messages": [{"role": "customer", "text": SAID[language]}],
            "resolution": SOLVED[language],
            "outcome": "solved",
        }
        _call(page, "PUT", f"/api/v1/cases/{case}", body)
        page.goto(f"/c/{case}")
        _press(page, f'a[href="/editor/cases/{case}/draft"]')
        expect(page.locator("#there-head")).to_be_visible()
        check(page, f"draft {language}")
        page.locator("[name=audience]").focus()
        page.keyboard.press("End")
        main = page.locator(".finish__do .button--main")
        main.focus()
        with page.expect_response(lambda r: r.request.method == "POST") as saved:
            page.keyboard.press("Enter")
        assert saved.value.status == 303
        page.wait_for_url("**/editor/articles/**")  # or the next page is asked for too early
        key = saved.value.headers["location"].split("/")[3]
        assert key in _found(closed_server, SAID[language], language)
        page.goto(f"/editor/articles/{key}/history")
        check(page, f"history {language}")


def test_what_is_there_is_linked_instead(writer: BrowserContext) -> None:
    """Near the articles that are there: improve, link or write a new one, without a mouse."""
    with page_of(writer) as page:
        page.goto("/account?ui=en")
        text = "I never got the PIN for the parcel locker, no PIN came at all"
        body = {
            "language": "en",
            "channel": "chat",
            "state": "resolved",
            "subject": "locker PIN not received",
            "messages": [{"role": "customer", "text": text}],
            "resolution": "Check the number, then send the PIN again.",
            "outcome": "solved",
        }
        _call(page, "PUT", "/api/v1/cases/pin-again", body)
        page.goto("/editor/cases/pin-again/draft")
        expect(page.locator(".there--likely .dup").first).to_be_visible()
        check(page, "duplicates")
        _press(page, '.there--likely [value="link:locker-pin-missing"]')
        page.wait_for_url("**/draft/done?what=link*")
        check(page, "linked")
        case = _call(page, "GET", "/api/v1/cases/pin-again")
        assert case["articles"] == ["locker-pin-missing"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_in_light_and_dark(publisher: BrowserContext, scheme: str) -> None:
    with page_of(publisher) as page:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for path in (
            "/editor/cases/en-0002/draft?ui=en",
            "/editor/articles/locker-full/history?ui=en",
            "/editor/articles/locker-full/sl/source?ui=en",
        ):
            page.goto(path)
            for width in (360, 768, 1440):
                page.set_viewport_size({"width": width, "height": 800})
                check(page, f"{path} {width}")


def test_what_was_typed_outlives_a_reload(writer: BrowserContext) -> None:
    with page_of(writer) as page:
        page.goto("/editor/cases/en-0003/draft?ui=en")
        page.locator("#summary").fill("Half a thought")
        page.reload()
        expect(page.locator("#summary")).to_have_value("Half a thought")
        expect(page.locator("#said")).to_have_text("What you had typed here before is back.")


def test_words_are_picked_out_of_the_case(writer: BrowserContext) -> None:
    """Selected in the case beside the draft, they are hidden in the draft; a mask is lifted."""
    with page_of(writer) as page:
        page.goto("/editor/cases/en-0003/draft?ui=en")
        masks = page.locator("#cases button.mask")
        before = masks.count()
        page.locator('#cases [data-part="resolution"] [data-start]').first.evaluate(
            """(piece) => {
              const range = document.createRange();
              range.setStart(piece.firstChild, 0);
              range.setEnd(piece.firstChild, 5);
              getSelection().removeAllRanges();
              getSelection().addRange(range);
            }"""
        )
        page.locator(".hide-it").click()
        expect(masks).to_have_count(before + 1)
        expect(page.locator("#body")).to_have_value(_containing("[name]"))
        page.locator('#cases [data-part="resolution"] button.mask').first.click()
        expect(masks).to_have_count(before)
