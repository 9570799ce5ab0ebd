"""A draft of a case, beside what is there already, and what colleagues say about an article.

The whole way from a conversation to an article is in `test_authoring_languages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.journeys.authoring import call, person, press
from tests.journeys.conftest import Server
from tests.journeys.desk import check, page_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def writer(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = person(browser, closed_server, "contributor", "Nela Skalická")
    yield context
    context.close()


@pytest.fixture(scope="module")
def publisher(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = person(browser, closed_server, "publisher", "Vid Kolar")
    yield context
    context.close()


def _containing(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words))


def test_a_colleague_is_named_and_finds_it_at_home(
    publisher: BrowserContext, writer: BrowserContext
) -> None:
    """In a comment, by keyboard."""
    past = "/editor/articles/locker-full/history?ui=en&lang=en"
    with page_of(publisher) as page:
        page.goto(past)
        press(page, "#comment-text", "@")
        page.keyboard.type("nela")
        found = page.locator("#comment-people [role=option]")
        expect(found.first).to_be_visible()
        check(page, "people")
        page.keyboard.press("Enter")
        page.keyboard.type("is this right?")
        with page.expect_response("**/comments") as said:
            page.keyboard.press("Control+Enter")
        assert said.value.status == 201
        assert len(said.value.json()["mentions"]) == 1
        expect(page.locator(".comment__text .named")).to_have_text("@Nela Skalická")
    with page_of(writer) as other:
        other.goto("/account")
        assert call(other, "GET", "/api/v1/editor/home")["counts"]["mentions"] == 1
        with other.expect_response("**/comments/seen") as seen:  # said as the page opens
            other.goto(past)
            expect(other.locator(".comment")).to_have_count(1)
        assert seen.value.status == 204
        assert call(other, "GET", "/api/v1/editor/home")["counts"]["mentions"] == 0
        press(other, ".comment [data-do=resolve]")
        expect(other.locator("#comments [data-part=more]")).to_be_focused()


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
        call(page, "PUT", "/api/v1/cases/pin-again", body)
        page.goto("/editor/cases/pin-again/draft")
        expect(page.locator(".there--likely .dup").first).to_be_visible()
        check(page, "duplicates")
        press(page, '.there--likely [value="link:locker-pin-missing"]')
        page.wait_for_url("**/draft/done?what=link*")
        check(page, "linked")
        case = call(page, "GET", "/api/v1/cases/pin-again")
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
