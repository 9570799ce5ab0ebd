"""People who write and publish in a browser, and what a stranger finds of it."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.conftest import Server
from tests.journeys.desk import check, tab_to
from tests.journeys.signed_in import Person, signed_in


def person(
    browser: Browser, server: Server, role: str, name: str, language: str = "en", width: int = 1440
) -> BrowserContext:
    """A browser in which somebody new with that role is signed in, by keyboard."""
    viewport = {"width": width, "height": 900}
    return signed_in(browser, server, Person(role, name, language), viewport=viewport)


def call(page: Page, method: str, path: str, body: object = None) -> Any:
    """Through the API, as whoever is signed in on the page; gives JSON, None for no content."""
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    answer = page.request.fetch(path, method=method, data=body, headers={"x-csrf-token": token})
    assert answer.ok, answer.text()
    return None if answer.status == 204 else answer.json()


def found(server: Server, words: str, language: str = "en") -> list[str]:
    """What a stranger finds."""
    params = {"q": words, "language": language}
    answer = httpx.get(f"{server.url}/api/v1/search", params=params, timeout=30)
    return [hit["id"] for hit in answer.json()["hits"]]


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Go to a control by Tab, and press a key there."""
    tab_to(page, page.main_frame, selector, 120)
    page.keyboard.press(key)


def look(page: Page, language: str, name: str) -> None:
    """The page speaks that language, breaks no rule of axe, and nothing is cut off."""
    assert page.evaluate("document.documentElement.lang") == language, name
    check(page, f"{name}, {language}")


def written(page: Page, address: str) -> None:
    """Open an editing screen and wait until it keeps what is typed."""
    page.goto(address)
    page.locator("#writer[data-ready]").wait_for()
