"""Sidebars on a real screen: when what was said shows there.

The page marks the moment after a suggestion was painted (`performance.mark`, name
`potica:painted`, with the version of the conversation it answers); its clock and ours are the
machine's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-timer-throttling"]
MARK = "potica:painted"
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
        await window.wait_for_function(f"performance.getEntriesByName('{MARK}').length > 0")
        screens.pages.append(window)
    return screens


@contextmanager
def described() -> Iterator[None]:
    """Says what is missing where there is no browser. Raises FileNotFoundError."""
    if not CHROMIUM.exists():
        raise FileNotFoundError(f"{CHROMIUM} is not installed: make test installs it.")
    yield
