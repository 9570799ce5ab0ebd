"""An editor finds what to do and changes many articles at once, by keyboard; sizes and colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Server
from tests.journeys.desk import check, page_of
from tests.journeys.signed_in import Person, signed_in

pytestmark = pytest.mark.browser

PAGES = (
    "/editor",
    "/editor/articles",
    "/editor/articles?q=nothing-is-called-so",
    "/editor/duplicates",
    "/editor/board",
    "/editor/board?status=missing",
    "/editor/tasks?owner=all",
    "/editor/groups?answered=true",
    "/editor/gaps",
)
WORDS = {
    "en": ("Look at the change", "2 selected", "Undo", "It is undone."),
    "sl": ("Poglej spremembo", "2 izbrana", "Razveljavi", "Razveljavljeno."),
}


@pytest.fixture(scope="module")
def editors(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    """The browser of a publisher who came by the link that the command prints."""
    person = Person("publisher", "Nina Kos", email="nina.kos@lipa.example")
    context = signed_in(browser, closed_server, person, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def desk(editors: BrowserContext) -> Iterator[Page]:
    with page_of(editors) as page:
        yield page


@pytest.mark.parametrize("language", WORDS)
def test_many_articles_are_given_away_and_taken_back_by_keyboard(desk: Page, language: str) -> None:
    look, two, undo, undone = WORDS[language]
    desk.goto(f"/editor/articles?ui={language}&order=key")
    owners = desk.locator("tbody .rows__owner")
    before = owners.all_inner_texts()
    desk.keyboard.press("/")
    expect(desk.locator("#q")).to_be_focused()
    desk.keyboard.type("postcode")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**q=postcode**")
    assert desk.locator("[data-row]").count() == 1
    desk.goto("/editor/articles?order=key")
    for key in ("j", "x", "j", "x"):
        desk.keyboard.press(key)
    expect(desk.locator("[data-row]").nth(1).locator("[data-open]")).to_be_focused()
    expect(desk.locator("#bulk-bar")).to_contain_text(two)
    check(desk, f"{language}: selected")
    desk.locator("#action").focus()  # the bar comes after the list: Tab leads there
    desk.keyboard.press("Tab")
    expect(desk.locator("#new-owner")).to_be_focused()
    desk.get_by_role("button", name=look).press("Enter")
    expect(desk.locator("tbody tr")).to_have_count(2)
    check(desk, f"{language}: preview")
    expect(desk.locator(".sure-form button")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".told")).to_be_visible()
    assert owners.all_inner_texts()[:2] == ["Nina Kos", "Nina Kos"]
    assert "done=" not in desk.url  # an address for a colleague says nothing of what was done
    check(desk, f"{language}: done")
    desk.get_by_role("button", name=undo).press("Enter")
    expect(desk.locator(".told")).to_contain_text(undone)
    assert owners.all_inner_texts() == before


def test_keys_are_shown_and_can_be_switched_off(desk: Page) -> None:
    desk.goto("/editor/articles?ui=en")
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    check(desk, "keys")
    desk.locator("#keys-on").press("Space")
    desk.keyboard.press("Escape")
    desk.keyboard.press("j")
    expect(desk.locator("[data-row] [data-open]").first).not_to_be_focused()
    desk.locator("[data-keys]").press("Enter")
    desk.locator("#keys-on").press("Space")
    desk.keyboard.press("Escape")
    desk.keyboard.press("j")
    expect(desk.locator("[data-row] [data-open]").first).to_be_focused()


def test_the_board_is_walked_by_keyboard(desk: Page) -> None:
    desk.goto("/editor/board?ui=en")
    for key in ("j", "l", "l"):
        desk.keyboard.press(key)
    cell = desk.locator("[data-row]").first.locator("td a").nth(1)
    expect(cell).to_be_focused()
    address = cell.get_attribute("href")
    desk.keyboard.press("h")
    desk.keyboard.press("l")
    expect(cell).to_be_focused()
    assert address
    assert address.startswith("/editor/articles/")


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [(360, "hu", "light"), (768, "pl", "dark"), (1440, "en", "light")],
)
def test_every_page_at_every_size(
    editors: BrowserContext, width: int, language: str, scheme: Literal["light", "dark"]
) -> None:
    with page_of(editors) as page:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        for path in PAGES:
            page.goto(f"{path}{'&' if '?' in path else '?'}ui={language}")
            check(page, f"{path} {width} {scheme}")


def test_lists_work_without_scripts(
    browser: Browser, closed_server: Server, editors: BrowserContext
) -> None:
    context = browser.new_context(
        base_url=closed_server.url,
        storage_state=editors.storage_state(),
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto("/editor/articles?ui=en&order=key")
    page.locator("#state").select_option("published")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("[data-row]").first).to_be_visible()
    page.get_by_role("checkbox", name="Select:").first.check()
    page.locator("#action").select_option("add_tag")
    page.locator("#new-tag").fill("winter")
    page.get_by_role("button", name="Look at the change").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Change 1 article").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".told")).to_contain_text("It is undone.")
    context.close()
