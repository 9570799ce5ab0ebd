"""Colours that lie on one another can be told apart in both schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "api/ui/static/tokens.css"
WORDS = ("ink", "ink-2", "accent", "accent-deep", "good", "warn", "bad", "cool")


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2 of #rrggbb."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("words", WORDS)
def test_marked_words_can_be_read_whatever_their_colour(words: str, scheme: int) -> None:
    """A marked word keeps its colour: it may be a link or a note, in a gradient as well."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text("utf-8"))
    colours = {name: pair[scheme] for name, *pair in found}
    lights = sorted(_luminance(colours[name]) for name in (words, "mark"))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
