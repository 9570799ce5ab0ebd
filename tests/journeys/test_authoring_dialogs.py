"""Articles renamed, split, merged and led to by old keys, in a browser and by keyboard.

And what becomes of a text that is being written in another tab meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.authoring import call, found, look, person, press, written
from tests.journeys.conftest import Server
from tests.journeys.desk import check, page_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def publisher(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    context = person(browser, closed_server, "publisher", "Maja Oblak")
    yield context
    context.close()


def _made(page: Page, key: str, words: str) -> str:
    """A published article; gives the address of its history."""
    if page.url == "about:blank":
        page.goto("/account?ui=en")
    text = {
        "language": "en",
        "title": f"About {words}",
        "body": f"Ask for the {words}.\n\nThen go.",
    }
    given = {"original_language": "en", "audience": "public", "state": "published"}
    call(page, "PUT", f"/api/v1/articles/{key}", given | {"translations": [text]})
    return f"/editor/articles/{key}/history"


def _opened(page: Page, name: str, field: str) -> None:
    press(page, f"[data-open={name}]")
    expect(page.locator(field)).to_be_focused()
    look(page, page.evaluate("document.documentElement.lang"), name)


def test_a_renamed_article_keeps_what_is_written_in_another_tab(
    publisher: BrowserContext,
) -> None:
    with page_of(publisher) as page, page_of(publisher, refused=True) as tab:
        past = _made(page, "dlg-bell", "bell")
        _made(page, "dlg-taken", "gong")
        written(tab, "/editor/articles/dlg-bell/en?ui=en")
        tab.locator("#body").fill("Ask for the bell.")
        expect(tab.locator("#kept")).to_have_attribute("data-kind", "good")

        page.goto(past)
        _opened(page, "rename", "#rename-key")
        page.keyboard.press("Control+a")
        page.keyboard.type("dlg-bell-2")
        with page.expect_navigation(url="**/dlg-bell-2/history**"):
            page.keyboard.press("Enter")
        expect(page.locator(".step").first).to_contain_text("renamed")

        tab.locator("#body").press("End")
        tab.keyboard.type(" Or ring it.")
        tab.wait_for_url("**/editor/articles/dlg-bell-2/en")
        expect(tab.locator("#notices")).to_contain_text("another key, dlg-bell-2")
        expect(tab.locator("#body")).to_be_focused()
        expect(tab.locator("#kept")).to_have_attribute("data-kind", "good")
        look(tab, "en", "renamed")
        edit = call(page, "GET", "/api/v1/edits/dlg-bell-2/en")
        assert edit["body"] == "Ask for the bell. Or ring it."
        assert tab.request.get("/api/v1/edits/dlg-bell/en").status == 404
        tab.keyboard.press("Control+s")
        expect(tab.locator("#kept-word")).to_contain_text("Saved")

        call(page, "POST", "/api/v1/articles/dlg-bell-2/rename", {"key": "dlg-bell-3"})
        tab.keyboard.press("Control+Enter")  # nothing was typed since: the next step finds it out
        expect(tab.locator("#note-publish")).to_be_focused()
        tab.keyboard.press("Control+Enter")
        tab.wait_for_url("**/editor/articles/dlg-bell-3/en")
        expect(tab.locator("#life")).to_contain_text("Readers have this text.")
        shown = call(page, "GET", "/api/v1/articles/dlg-bell-3")
        assert shown["translations"][0]["body"] == "Ask for the bell. Or ring it."
        for old in ("dlg-bell", "dlg-bell-2"):  # a page kept open, a link in a mail
            page.goto(f"/editor/articles/{old}/en")
            page.wait_for_url("**/editor/articles/dlg-bell-3/en")


def test_a_merged_article_does_not_write_into_the_one_that_stays(
    publisher: BrowserContext,
) -> None:
    with page_of(publisher) as page, page_of(publisher, refused=True) as tab:
        _made(page, "dlg-tuba", "tuba")
        _made(page, "dlg-trombone", "trombone")
        written(tab, "/editor/articles/dlg-tuba/en?ui=en")
        given = {"into": "dlg-trombone", "note": "the same"}
        call(page, "POST", "/api/v1/articles/dlg-tuba/merge", given)
        tab.locator("#body").fill("Ask for the tuba, not the trombone.")
        expect(tab.locator("#kept")).to_have_attribute("data-kind", "good")
        tab.keyboard.press("Control+s")
        expect(tab.locator("#notices")).to_contain_text("was merged into dlg-trombone")
        expect(tab.locator("#life")).to_have_attribute("data-state", "archived")
        look(tab, "en", "merged meanwhile")
        assert tab.url.endswith("/editor/articles/dlg-tuba/en?ui=en")
        other = call(page, "GET", "/api/v1/articles/dlg-trombone?view=latest")
        assert other["translations"][0]["body"] == "Ask for the trombone.\n\nThen go."
        written(tab, "/editor/articles/dlg-tuba/en")  # what was typed is still there
        expect(tab.locator("#body")).to_have_value("Ask for the tuba, not the trombone.")
        expect(tab.locator("#notices")).to_contain_text("was merged into dlg-trombone")


def test_a_part_becomes_an_article_of_its_own(publisher: BrowserContext) -> None:
    with page_of(publisher) as page:
        page.goto(_made(page, "dlg-drum", "drum") + "?ui=en")
        _opened(page, "split", "#split-title")
        page.keyboard.type("Sticks of a drum: Łódź")
        expect(page.locator("#split-key")).to_have_value("sticks-of-a-drum-lodz")
        page.locator("#split-body").focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("Sticks come in pairs.")
        press(page, "#dialog-split [type=submit]")
        page.wait_for_url("**/editor/articles/sticks-of-a-drum-lodz/en")
        page.locator("#writer[data-ready]").wait_for()
        expect(page.locator("#body")).to_have_value("Sticks come in pairs.")
        expect(page.locator("#life")).to_have_attribute("data-state", "draft")


def test_two_articles_become_one(publisher: BrowserContext, closed_server: Server) -> None:
    with page_of(publisher) as page:
        past = _made(page, "dlg-flute", "zqflute of silver")
        _made(page, "dlg-pipe", "zqpipe of wood")
        assert "dlg-flute" in found(closed_server, "zqflute")
        page.goto(f"{past}?ui=en")
        _opened(page, "merge", "#merge-into")
        page.keyboard.type("zqnothing")
        expect(page.locator("#merge-said")).to_contain_text("No article has these words")
        page.keyboard.press("Control+a")
        page.keyboard.type("zqpipe")
        expect(page.locator("#merge-found [role=option]")).to_have_count(1)
        look(page, "en", "found")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#merge-into")).to_have_value("dlg-pipe")
        expect(page.locator("#merge-said")).to_have_text("About zqpipe of wood")
        page.locator("#merge-note").focus()
        page.keyboard.type("the same thing")
        with page.expect_navigation(url="**/dlg-pipe/history"):
            page.keyboard.press("Enter")
        expect(page.locator(".steps")).to_contain_text("took another article over")
        assert "dlg-flute" not in found(closed_server, "zqflute")
        moved = httpx.get(f"{closed_server.url}/a/dlg-flute", timeout=30)
        assert (moved.status_code, moved.headers["location"]) == (301, "/a/dlg-pipe")
        written(page, "/editor/articles/dlg-flute/en")
        page.wait_for_url("**/editor/articles/dlg-pipe/en?merged=dlg-flute")
        expect(page.locator("#notices")).to_contain_text("dlg-flute was merged into this one")
        look(page, "en", "merged")
        press(page, "#notices a")
        page.wait_for_url("**/dlg-flute/history")
        expect(page.locator('main a[href="/editor/articles/dlg-pipe/history"]')).to_be_visible()
        look(page, "en", "history of what was merged")


@pytest.mark.parametrize(
    ("language", "taken", "missing"),
    [
        ("en", "There is an article with this key already", "There is no article with this key"),
        ("sl", "Ta ključ že ima drug članek", "Članka s tem ključem ni"),
    ],
)
def test_what_cannot_be_is_said_in_ones_own_language(
    publisher: BrowserContext, language: str, taken: str, missing: str
) -> None:
    with page_of(publisher, refused=True) as page:
        past = _made(page, "dlg-lute", "lute")
        _made(page, "dlg-horn", "horn")
        page.goto(f"{past}?ui={language}")
        _opened(page, "rename", "#rename-key")
        page.keyboard.press("Control+a")
        page.keyboard.type("dlg-horn")
        page.keyboard.press("Enter")
        expect(page.locator("#dialog-rename [data-problem]")).to_contain_text(taken)
        look(page, language, "rename refused")
        page.keyboard.press("Escape")
        _opened(page, "merge", "#merge-into")
        page.keyboard.type("zq-no-such-key")
        page.locator("#merge-note").fill("x")
        page.keyboard.press("Enter")
        expect(page.locator("#dialog-merge [data-problem]")).to_contain_text(missing)
        page.keyboard.press("Escape")
        _opened(page, "redirect", "#redirect-key")
        page.keyboard.type(f"dlg-viol-{language}")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator(".plans code", has_text=f"/a/dlg-viol-{language}")).to_be_visible()
        page.goto("/account?ui=en")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light"), (1440, "dark")])
def test_dialogs_at_every_width(
    publisher: BrowserContext, width: int, scheme: Literal["light", "dark"]
) -> None:
    with page_of(publisher) as page, page_of(publisher, refused=True) as tab:
        for one in (page, tab):
            one.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            one.set_viewport_size({"width": width, "height": 740})
        key = f"dlg-oboe-{width}"
        past = _made(page, key, "oboe")
        for name in ("rename", "merge", "split", "redirect"):
            page.goto(f"{past}?ui=en")
            page.locator(f"[data-open={name}]").click()
            check(page, f"{name} {width} {scheme}")
            _within(page, f"#dialog-{name}")
        written(page, f"/editor/articles/{key}/en")
        written(tab, f"/editor/articles/{key}/en")
        page.locator("#body").fill("Ask for the first oboe.\n\nThen go.")
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good")
        tab.locator("#body").fill("Ask for the second oboe.\n\nThen stay.")
        tab.locator("#compare-sheet[open]").wait_for()
        check(tab, f"two versions {width} {scheme}")
        _within(tab, "#compare-sheet")
        tab.keyboard.press("Escape")
        title = tab.locator("#title").bounding_box()
        assert title is not None
        assert title["width"] > 0.4 * width  # not squeezed by what is said beside it
        tab.locator("#body").focus()
        tab.keyboard.press("F1")
        expect(tab.locator("#keys-sheet h2")).to_be_in_viewport()
        check(tab, f"keys {width} {scheme}")
        tab.keyboard.press("Escape")
        tab.locator("#choose-version").click()
        tab.locator("#compare-take-theirs").click()
        expect(tab.locator("#body")).to_have_value("Ask for the first oboe.\n\nThen go.")
        expect(tab.locator("#kept")).to_have_attribute("data-kind", "good")


def _within(page: Page, dialog: str) -> None:
    """What submits the dialog can be seen or scrolled to, and the dialog fits."""
    box = page.locator(dialog).bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    button = page.locator(f"{dialog} [type=submit]").last
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport()
