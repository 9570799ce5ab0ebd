"""Prompts for the optional language model, one Markdown file each."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent
_RULER = re.compile(r"-{3,}")


def fill_prompt(name: str, **values: str) -> str:
    """The prompt `name` with its `$values`; they cannot end the block they stand in.

    Raises KeyError when a value is missing.
    """
    harmless = {key: _RULER.sub("–", value) for key, value in values.items()}
    return _prompt(name).substitute(harmless)


@lru_cache(maxsize=16)
def _prompt(name: str) -> Template:
    return Template((_FOLDER / f"{name}.md").read_text("utf8"))
