"""An agent at the practice desk: the browser, the keys, and the sidebar in its frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.journeys.axe import violations
from tests.journeys.conftest import Server
from tests.journeys.signed_in import Person, signed_in
from tests.journeys.watched import watched_page

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


def agent_state(
    browser: Browser, server: Server, name: str = "", language: str = "en", **options: object
) -> BrowserContext:
    """A browser in which a new agent is signed in; `name` stands before the @ of the e-mail."""
    email = f"{name}@lipa.example" if name else ""
    person = Person("agent", name or "Ana Hribar", language, email)
    context = signed_in(browser, server, person, **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    return context


@contextmanager
def page_of(context: BrowserContext, *, refused: bool = False) -> Iterator[Page]:
    """A page of that browser; whatever its scripts complain about fails the test.

    That the network is away is the browser's complaint, not theirs; so is, where it is meant,
    that the server refuses something.
    """
    meant = ("ERR_INTERNET_DISCONNECTED", *(("responded with a status of",) if refused else ()))
    with watched_page(context, meant) as page:
        yield page


def open_desk(page: Page, language: str, key: str, steps: int) -> Frame:
    """Go to the desk, begin a conversation, and let so many turns be said; gives the sidebar."""
    page.goto(f"/practice?ui={language}&lang={language}&play=no")
    page.locator(f'[data-key="{key}"]').click()
    page.locator("#restart").click()
    for _ in range(steps):
        page.locator("#step").click()
    side = page.frame(url="**/embed?*")
    assert side is not None
    return side


def tab_to(page: Page, frame: Frame, selector: str, most: int = 60) -> None:
    """Press Tab until the control in that frame has the focus, as one does who has no mouse."""
    check = "(wanted) => document.hasFocus() && document.activeElement?.matches(wanted)"
    for _ in range(most):
        page.keyboard.press("Tab")
        if frame.evaluate(check, selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def settled(page: Page, side: Frame) -> None:
    """Wait until the sidebar has answered all that was said on the desk."""
    said = page.locator(".thread .talk__turn").count()
    all_of_it = side.locator(f'#content[data-messages="{said}"][data-state="settled"]')
    expect(all_of_it).to_be_visible(timeout=30_000)


def answered(page: Page, side: Frame) -> None:
    """Wait for answers to all that was said, and for a reply to send."""
    settled(page, side)
    expect(side.locator("#articles .card").first).to_be_visible()
    expect(side.locator("#reply")).to_be_visible()


def check(place: Page | Frame, name: str) -> None:
    """No rule of axe is broken, nothing is cut off, colours can be read."""
    broken = violations(place)
    assert not broken, f"{name}: {broken}"
    assert place.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    pale = place.evaluate(CONTRAST)
    assert not pale, f"{name}: {pale}"
