"""axe-core in a frame: what it finds against WCAG 2.2 AA and good practice."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from playwright.sync_api import Frame, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async (tags) => {
  const found = await axe.run(document, {iframes: false, runOnly: tags, resultTypes: ["violations"]});
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} (${rule.help})`));
}"""  # noqa: E501


@lru_cache(maxsize=1)
def _source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(place: Page | Frame) -> list[str]:
    """What is wrong in this one frame; frames in it are looked at by themselves."""
    if not place.evaluate("typeof axe !== 'undefined'"):
        place.evaluate(_source())
    found: list[str] = place.evaluate(_RUN, TAGS)
    return found
