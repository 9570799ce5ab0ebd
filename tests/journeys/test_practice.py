"""The practice desk and the real sidebar in it: the agent's whole way, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from api.ui.i18n import NAMES
from tests.journeys.conftest import Server
from tests.journeys.desk import (
    agent_state,
    answered,
    check,
    open_desk,
    page_of,
    settled,
    tab_to,
)
from tests.journeys.signed_in import PASSWORD
from tests.journeys.watched import cut_off

pytestmark = pytest.mark.browser

OWN = {  # conversation, turns of it, and what the customer says then
    "en": ("sponsor", 0, "I never got the PIN for the locker"),
    "pl": ("praca", 0, "nie dostalem kodu PIN do paczkomatu"),
    "cs": ("dvur", 0, "nepřišel mi PIN k boxu"),
    "sl": ("boni", 0, "PIN-a za paketnik nisem dobil"),
    "hu": ("latogatas", 0, "Nem kaptam meg a csomagautomata PIN-kódját"),
}
SOLVED = {"en": "agent-05", "sl": "agent-15"}  # who solved the case that is nearest
GAP = "Kateri teleskop naj kupim, da bom videl Saturnove obroče?"


@pytest.fixture(scope="module")
def agent(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = agent_state(browser, closed_server, viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="module")
def colleagues(browser: Browser, closed_server: Server) -> Iterator[dict[str, BrowserContext]]:
    """Who solved cases about lockers, by what the cases of each language call them."""
    found = {
        language: agent_state(browser, closed_server, name) for language, name in SOLVED.items()
    }
    yield found
    for context in found.values():
        context.close()


@pytest.fixture
def page(agent: BrowserContext) -> Iterator[Page]:
    with page_of(agent) as page:
        yield page


def _say(page: Page, words: str) -> None:
    """As the customer, into the helpdesk's composer."""
    page.locator("#role").select_option("customer")
    page.locator("#words").fill(words)
    page.locator("#words").press("Control+Enter")


def _with_answers(page: Page, language: str = "en") -> Frame:
    key, steps, words = OWN[language]
    side = open_desk(page, language, key, steps)
    _say(page, words)
    settled(page, side)
    expect(side.locator("#articles .card").first).to_be_visible()
    return side


def _sent(page: Page, path: str) -> Any:
    return page.expect_response(
        lambda response: path in response.url and response.request.method != "GET"
    )


@pytest.mark.parametrize("language", ["en", "sl"])
def test_the_whole_way_by_keyboard(
    page: Page, colleagues: dict[str, BrowserContext], language: str
) -> None:
    side = _with_answers(page, language)
    answered(page, side)
    page.locator("#words").focus()
    tab_to(page, side, "#articles .card.is-current")

    page.keyboard.press("Enter")  # the passage in its context, and back
    expect(side.locator("#read-body .passage__here")).to_be_visible()
    page.keyboard.press("Escape")
    expect(side.locator("#articles .card.is-current")).to_be_focused()

    with _sent(page, "/feedback") as used:
        page.keyboard.press("i")
    assert used.value.status == 201
    assert used.value.request.post_data_json["kind"] == "used"
    assert used.value.request.post_data_json["position"] == 0
    assert "PIN" in page.locator("#words").input_value()

    page.keyboard.press("e")  # edited in place: the feedback says so
    page.keyboard.type(" P. S.")
    page.keyboard.press("Escape")
    with _sent(page, "/feedback") as edited:
        page.keyboard.press("i")
    assert edited.value.request.post_data_json["kind"] == "edited"
    assert edited.value.request.post_data_json["text"].endswith("P. S.")
    expect(side.locator("#voice")).not_to_be_empty()

    with _sent(page, "/contributions") as fixed:
        page.keyboard.press("f")
        page.keyboard.press("Control+Enter")
    assert fixed.value.status == 201
    assert fixed.value.request.post_data_json["kind"] == "fix"
    expect(side.locator("#sheet-fix")).to_be_hidden()

    page.keyboard.press("g")
    expect(side.locator("#sheet-flag")).to_be_visible()
    with _sent(page, "/flags") as flagged:
        page.keyboard.press("2")
    assert flagged.value.request.post_data_json["kind"] == "stale"
    expect(side.locator("#sheet-flag")).to_be_hidden()

    with _sent(page, "/contributions") as added:
        page.keyboard.press("a")
        page.keyboard.type("PIN")
        page.keyboard.press("Tab")
        page.keyboard.type("…")
        page.keyboard.press("Control+Enter")
    assert added.value.request.post_data_json["kind"] == "add"
    expect(side.locator("#sheet-add")).to_be_hidden()

    _ask_and_be_answered(page, side, SOLVED[language], colleagues[language])
    _close(page, side)


def _ask_and_be_answered(page: Page, side: Frame, name: str, colleague: BrowserContext) -> None:
    page.keyboard.press("q")
    expect(side.locator(".expert input").first).to_be_checked()
    side.get_by_role("radio", name=name).press("Space")
    side.locator("#sheet-ask textarea").focus()
    with _sent(page, "/questions") as asked:
        page.keyboard.type("Does the new number need a check?")
        page.keyboard.press("Control+Enter")
    assert asked.value.status == 201
    expect(side.locator("#sheet-ask")).to_be_hidden()
    expect(side.locator(".question")).to_have_count(1)
    with page_of(colleague) as other:
        other.goto("/embed?ui=en")
        other.locator("#inbox-button").click()
        mail = other.locator(".mail").first
        expect(mail).to_contain_text("Does the new number need a check?")
        expect(mail.locator("textarea")).to_be_focused()
        other.keyboard.type("Yes, postcode and three digits.")
        with other.expect_response("**/answer"):
            other.keyboard.press("Control+Enter")
    answer = side.locator(".question__answer p").first  # by push
    expect(answer).to_have_text("Yes, postcode and three digits.", timeout=15_000)


def _close(page: Page, side: Frame) -> None:
    side.locator("#articles .card.is-current").focus()
    page.keyboard.press("w")
    expect(side.locator('input[name="reuse"][value="used"]')).to_be_checked()
    page.keyboard.press("Space")
    with _sent(page, "/api/v1/interactions/int_") as closed:
        page.keyboard.press("Control+Enter")
    assert closed.value.status == 200
    body = closed.value.json()["interaction"]
    assert (body["state"], body["outcome"], body["reuse"]) == ("resolved", "solved", "used")
    expect(side.locator("#closed")).to_be_in_viewport()
    with _sent(page, "/api/v1/interactions/int_") as opened:
        side.locator('[data-do="reopen"]').press("Enter")
    assert opened.value.json()["interaction"]["state"] == "open"
    expect(side.locator("#closed")).to_be_hidden()


def test_the_desk_is_played_by_keyboard(page: Page) -> None:
    page.goto("/practice?ui=en&lang=en")
    tab_to(page, page.main_frame, '[data-key="snow"]')
    page.keyboard.press("Enter")
    expect(page.locator("#customer-name")).to_have_text("Rob Pritchard")
    tab_to(page, page.main_frame, "#play")
    page.keyboard.press("p")
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    said = page.locator(".thread .talk__turn").count()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".thread .talk__turn")).to_have_count(said + 1)
    page.reload()
    expect(page.locator("#customer-name")).to_have_text("Fiona McKay")
    page.locator('[data-key="snow"]').click()
    expect(page.locator(".thread .talk__turn")).to_have_count(said + 1)  # where one was
    page.locator("#restart").click()
    expect(page.locator(".thread .talk__turn")).to_have_count(0)


def test_what_was_tried_before_is_seen_first(page: Page) -> None:
    side = open_desk(page, "cs", "postcode", 1)
    expect(side.locator(".contact").first).to_be_visible(timeout=20_000)
    side.locator("#main").focus()
    if side.locator("[data-do=history-more]").is_visible():
        side.locator("[data-do=history-more]").press("Enter")
    expect(side.locator(".contact").filter(has_text="e-shop napsal")).to_have_count(1)
    side.locator("#main").focus()
    page.keyboard.press("h")
    expect(side.locator(".contact").first).to_be_hidden()


def test_nothing_moves_under_the_focus(page: Page) -> None:
    side = _with_answers(page)

    def seen() -> list[str]:
        return [
            *side.locator(".answers .card h3").all_inner_texts(),
            side.locator("#reply-text").inner_text(),
        ]

    before = seen()
    side.locator("#articles .card").first.focus()
    page.locator("#composer").evaluate(
        "(form, words) => { form.elements.words.value = words; form.requestSubmit() }",
        "Something else. My parcel came damaged, how do I make a claim?",
    )
    settled(page, side)
    expect(side.locator("#fresh")).to_be_visible()
    assert seen() == before
    page.keyboard.press("n")
    expect(side.locator("#fresh")).to_be_hidden()
    assert seen() != before
    expect(side.locator("#articles .card.is-current")).to_be_focused()
    assert any("damaged" in text for text in seen())


def test_no_line_loses_nothing(page: Page, agent: BrowserContext) -> None:
    side = _with_answers(page)
    side.locator("#articles .card").first.focus()
    page.keyboard.press("f")
    page.keyboard.type("Half a thought")
    page.reload()
    reloaded = page.frame(url="**/embed?*")
    assert reloaded is not None
    side = reloaded
    page.locator('[data-key="sponsor"]').click()
    answered(page, side)
    side.locator("#articles .card").first.focus()
    page.keyboard.press("f")
    assert side.locator("#sheet-fix textarea").input_value().endswith("Half a thought")
    page.keyboard.press("Escape")

    with _sent(page, "/flags") as flagged, cut_off(agent):
        page.keyboard.press("g")
        page.keyboard.press("1")
        expect(side.locator("#banner")).to_be_visible()
        expect(side.locator("#voice")).not_to_be_empty()
    assert flagged.value.status == 201
    expect(side.locator("#banner")).to_be_hidden(timeout=20_000)
    with _sent(page, "/messages") as said:
        _say(page, "Are you still there?")
    assert said.value.json()["added"] == 1


def test_a_session_that_ends_loses_nothing(browser: Browser, closed_server: Server) -> None:
    mine = agent_state(browser, closed_server, "agent-night")
    desk = mine.new_page()
    side = _with_answers(desk)
    csrf = desk.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    mine.request.delete("/api/v1/session", headers={"x-csrf-token": csrf})
    side.locator("#articles .card").first.focus()
    desk.keyboard.press("f")
    desk.keyboard.press("Control+Enter")
    expect(side.locator("#banner-act")).to_be_visible(timeout=20_000)
    expect(side.locator("#sheet-fix")).to_be_hidden()
    with desk.expect_popup() as opened:
        side.locator("#banner-act").click()
    window = opened.value
    window.locator("[name=email]").fill("agent-night@lipa.example")
    window.locator("[name=password]").fill(PASSWORD)
    window.keyboard.press("Enter")
    with _sent(desk, "/contributions") as fixed:
        window.locator("#allow").click()
    assert fixed.value.status == 201
    expect(side.locator("#banner")).to_be_hidden(timeout=20_000)
    mine.close()


def test_who_is_signed_out_is_asked_to_sign_in(browser: Browser, closed_server: Server) -> None:
    context = browser.new_context(base_url=closed_server.url, locale="pl")
    page = context.new_page()
    page.goto("/practice")
    page.wait_for_url("**/sign-in?next=%2Fpractice")
    page.goto("/embed")
    expect(page.locator("#signed-out")).to_be_visible()
    check(page, "signed out")
    context.close()


@pytest.mark.parametrize("language", NAMES)
def test_axe_finds_nothing_in_any_state(page: Page, language: str) -> None:
    page.goto(f"/embed?ui={language}")
    expect(page.locator("#waiting")).to_be_visible()
    check(page, "waiting")
    side = _with_answers(page, language)
    check(page, "desk")
    check(side, "answers")
    side.locator("#articles .card").first.focus()
    for key in ("Enter", "f", "g", "x", "a", "q", "w", "?", "/"):
        page.keyboard.press(key)
        opened = side.locator("dialog[open]")
        expect(opened).to_have_count(1)
        if key == "Enter":
            expect(side.locator(".passage")).to_be_visible()
        if key == "q":
            expect(side.locator("#experts-wait")).to_be_hidden()
        if key == "/":
            page.keyboard.type("PIN")
            expect(side.locator("#found .card").first).to_be_visible()
        check(side, key)
        page.keyboard.press("Escape")
        expect(opened).to_have_count(0)
    page.locator("#restart").click()
    _say(page, GAP)
    settled(page, side)
    expect(side.locator("#gap")).to_be_visible()
    check(side, "gap")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_in_light_and_dark(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    side = _with_answers(page)
    for width in (360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        check(page, f"desk {width}")
    page.set_viewport_size({"width": 1440, "height": 800})
    for width in (280, 300, 360, 480):
        page.locator("#desk").evaluate(
            "(desk, width) => { desk.style.gridTemplateColumns = `1fr 1fr ${width + 1}px` }", width
        )
        assert side.evaluate("innerWidth") == width
        check(side, f"sidebar {width}")
