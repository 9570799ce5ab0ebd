"""The names that a case itself knows, in the forms that a language bends them into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.text.fold import fold
from kb.text.personal.rules import Rules, get_rules

_PART = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*")
MOST_NAMES = 50
MOST_LETTERS = 200  # of one name


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Forms of the parts of names, folded."""

    sure: frozenset[str]
    also_words: frozenset[str]  # everyday words too, or very short: only with a capital

    def __contains__(self, word: str) -> bool:
        return word in self.sure or word in self.also_words


def known_names(names: Sequence[str], language: str) -> KnownNames:
    """Every part of these names in every form; empty and overlong names are left out."""
    kept = tuple(name for name in names if 1 < len(name) <= MOST_LETTERS)[:MOST_NAMES]
    return _forms(kept, get_rules(language).language)


@lru_cache(maxsize=256)
def _forms(names: tuple[str, ...], language: str) -> KnownNames:
    rules = get_rules(language)
    sure: set[str] = set()
    also: set[str] = set()
    for name in names:
        for part in _parts(fold(name)):
            is_word = len(part) < 3 or _is_everyday(part, rules)
            (also if is_word else sure).update(rules.forms(part))
    return KnownNames(frozenset(sure - also), frozenset(also))


def _parts(name: str) -> set[str]:
    """The parts of a name: as written, without apostrophes, and each half of a double one."""
    found: set[str] = set()
    for match in _PART.finditer(name.replace("’", "'")):
        part = match[0]
        halves = [half for half in part.split("-") if len(half) > 2] if "-" in part else []
        found.update((part, part.replace("'", ""), *halves))
    return {part for part in found if len(part) > 1}


def _is_everyday(part: str, rules: Rules) -> bool:
    words = rules.names
    return part in words.also_words or part in words.not_names
