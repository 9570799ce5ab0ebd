"""Pages whose complaints fail the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, ConsoleMessage, Page


@contextmanager
def watched_page(context: BrowserContext, meant: tuple[str, ...] = ()) -> Iterator[Page]:
    """A page of that browser; a script that fails on it, and errors on its console, fail the test.

    `meant`: words of what the console may say, such as that the network is away where a test has
    cut it.
    """
    page = context.new_page()
    complaints: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type == "error" and not any(words in said.text for words in meant):
            complaints.append(said.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", note)
    try:
        yield page
    finally:
        page.close()
    assert not complaints, complaints


@contextmanager
def cut_off(context: BrowserContext) -> Iterator[None]:
    """That browser's line is away; it is there again for whatever comes after a test that fails."""
    context.set_offline(True)
    try:
        yield
    finally:
        context.set_offline(False)
