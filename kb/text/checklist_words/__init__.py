"""What the checklist says, and headings that it knows a solution by, per language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from kb.text.fold import fold
from kb.text.terms import base_language

_FOLDER = Path(__file__).parent
_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class ChecklistWords:
    """Names of the checks, messages by reason (with `{value}`), and headings, folded."""

    names: Mapping[str, str]
    reasons: Mapping[str, str]
    headings: tuple[str, ...]

    def is_resolution(self, heading: str) -> bool:
        """Whether a heading announces the solution."""
        return fold(heading).strip(" :.*") in self.headings

    def message(self, reason: str, value: str) -> str:
        """What to tell whoever writes."""
        return self.reasons[reason].replace("{value}", value)


@lru_cache(maxsize=64)
def get_checklist_words(language: str) -> ChecklistWords:
    """The words of a BCP-47 language; English where there are none."""
    base = base_language(language)
    known = {path.stem for path in _FOLDER.glob("*.yaml")}
    name = base if base in known else _FALLBACK
    raw = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf8"))
    headings = tuple(fold(heading) for heading in raw["headings"])
    return ChecklistWords(raw["names"], raw["reasons"], headings)
