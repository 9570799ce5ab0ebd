"""Sidebars on a real screen: when what was said shows there.

The page marks the moment after a suggestion was painted (`performance.mark`, name
`potica:painted`, with the version of the conversation it answers), and the moment it left what
it showed because a message asks for nothing (`potica:quiet`). Its clock and ours are the machine's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-timer-throttling"]
PATIENCE = 30.0  # seconds for the first suggestions
READ = """() => ["painted", "quiet"].map(name => performance.getEntriesByName(`potica:${name}`).map(
  mark => [mark.detail.version, (performance.timeOrigin + mark.startTime) / 1000]))"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Versions of a conversation -> when they were first dealt with, seconds since 1970."""

    painted: dict[int, float]
    quiet: dict[int, float]

    def after(self, version: int) -> tuple[float | None, bool]:
        """When the first version from this one on was dealt with (None: never), and whether it
        was painted."""
        later = [(at, True) for number, at in self.painted.items() if number >= version]
        later += [(at, False) for number, at in self.quiet.items() if number >= version]
        return min(later, default=(None, True))


@dataclass
class Screens:
    """Pages that each show the sidebar of one interaction."""

    pages: list[Any] = field(default_factory=list)

    async def seen(self) -> list[Seen]:
        """What each page has shown so far."""
        return [Seen(*map(_first, await page.evaluate(READ))) for page in self.pages]


def _first(marks: list[list[float]]) -> dict[int, float]:
    found: dict[int, float] = {}
    for version, at in marks:
        found[int(version)] = min(at, found.get(int(version), at))
    return found


async def open_screens(
    browser: Any, url: str, sign_in: tuple[str, str], external_ids: Sequence[str]
) -> Screens:
    """A browser of its own for each interaction, signed in as an agent."""
    screens = Screens()
    for external_id in external_ids:
        context = await browser.new_context(viewport={"width": 360, "height": 700})
        window = await context.new_page()
        await window.goto(f"{url}/sign-in")
        await window.fill("input[name=email]", sign_in[0])
        await window.fill("input[name=password]", sign_in[1])
        await window.press("input[name=password]", "Enter")
        await window.wait_for_url(lambda address: "/sign-in" not in address)
        query = f"source=load&channel=chat&external_id={external_id}"
        await window.goto(f"{url}/embed?{query}")
        screens.pages.append(window)
    await _until_painted(screens)
    return screens


async def _until_painted(screens: Screens) -> None:
    """Asks again and again: the page's policy lets no script of ours wait inside it."""
    ends = time.monotonic() + PATIENCE
    while not all(seen.painted for seen in await screens.seen()):
        if time.monotonic() > ends:
            raise TimeoutError("a sidebar showed no suggestion within half a minute")
        await asyncio.sleep(0.2)
