"""Sidebars on a real screen: when what was said shows there.

The page marks the moment after a suggestion was painted (`performance.mark`, name
`potica:painted`, with the version of the conversation it answers); its clock and ours are the
machine's.
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
MARK = "potica:painted"
PATIENCE = 30.0  # seconds for the first suggestions
READ = f"""() => performance.getEntriesByName("{MARK}").map(
  mark => [mark.detail.version, (performance.timeOrigin + mark.startTime) / 1000])"""


@dataclass
class Screens:
    """Pages that each show the sidebar of one interaction."""

    pages: list[Any] = field(default_factory=list)

    async def painted(self) -> list[dict[int, float]]:
        """For each page: version of the conversation -> seconds since 1970 when first painted."""
        found = []
        for page in self.pages:
            first: dict[int, float] = {}
            for version, at in await page.evaluate(READ):
                first.setdefault(int(version), min(at, first.get(int(version), at)))
            found.append(first)
        return found


async def open_screens(
    browser: Any, url: str, sign_in: tuple[str, str], external_ids: Sequence[str]
) -> Screens:
    """One window for each interaction, signed in as an agent."""
    context = await browser.new_context(viewport={"width": 360, "height": 700})
    page = await context.new_page()
    await page.goto(f"{url}/sign-in")
    await page.fill("input[name=email]", sign_in[0])
    await page.fill("input[name=password]", sign_in[1])
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url(lambda address: "/sign-in" not in address)
    await page.close()
    screens = Screens()
    for external_id in external_ids:
        window = await context.new_page()
        query = f"source=load&channel=chat&external_id={external_id}"
        await window.goto(f"{url}/embed?{query}")
        screens.pages.append(window)
    await _until_painted(screens)
    return screens


async def _until_painted(screens: Screens) -> None:
    """Asks again and again: the page's policy lets no script of ours wait inside it."""
    ends = time.monotonic() + PATIENCE
    while not all(await screens.painted()):
        if time.monotonic() > ends:
            raise TimeoutError("a sidebar showed no suggestion within half a minute")
        await asyncio.sleep(0.2)
