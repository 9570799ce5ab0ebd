"""What a draft made from cases says by itself, and the words a cause is known by, per language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from kb.text.fold import fold
from kb.text.small_talk import WORD
from kb.text.terms import base_language

_FOLDER = Path(__file__).parent
_FALLBACK = "en"
ADDRESSED = 5  # words of a salutation at most


@dataclass(frozen=True, slots=True)
class DraftWords:
    """Headings by section, labels of facets and channels, and cues of a cause, folded."""

    headings: Mapping[str, str]
    facets: Mapping[str, str]
    channels: Mapping[str, str]
    causes: tuple[str, ...]
    strong: tuple[str, ...]
    salutations: tuple[str, ...]
    greetings: tuple[str, ...]
    requests: tuple[str, ...]

    def is_request(self, text: str) -> bool:
        """Whether the customer is asked for something."""
        return _holds(text, self.requests)

    def is_salutation(self, text: str) -> bool:
        """ "Dear Lipa team!": who is written to, and nothing else."""
        words = WORD.findall(fold(text))
        return 0 < len(words) <= ADDRESSED and words[0] in self.salutations

    def without_greeting(self, text: str) -> str:
        """Without the greeting that a message runs on from: "hi no pin"."""
        first, _, rest = text.partition(" ")
        words = WORD.findall(fold(first))
        return rest.lstrip(" ,!") if rest and words and words[0] in self.greetings else text

    def tells_cause(self, text: str) -> bool:
        """Whether the sentence says why something was so."""
        return _holds(text, self.causes)

    def is_cause(self, text: str) -> bool:
        """Whether that is all the sentence is for."""
        return _holds(text, self.strong)


@lru_cache(maxsize=64)
def get_draft_words(language: str) -> DraftWords:
    """The words of a BCP-47 language; English where there are none."""
    base = base_language(language)
    known = {path.stem for path in _FOLDER.glob("*.yaml")}
    raw = yaml.safe_load(
        (_FOLDER / f"{base if base in known else _FALLBACK}.yaml").read_text("utf8")
    )
    return DraftWords(
        headings=raw["headings"],
        facets=raw["facets"],
        channels=raw["channels"],
        causes=tuple(map(fold, raw["causes"])),
        strong=tuple(map(fold, raw["strong"])),
        salutations=tuple(map(fold, raw["salutations"])),
        greetings=tuple(map(fold, raw["greetings"])),
        requests=tuple(map(fold, raw["requests"])),
    )


def _holds(text: str, phrases: tuple[str, ...]) -> bool:
    words = f" {' '.join(WORD.findall(fold(text)))} "
    return any(f" {phrase} " in words for phrase in phrases)
