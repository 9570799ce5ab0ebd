"""How much of a turn is greeting, thanks, goodbye or a mere yes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.assist.phrases import SMALL_TALK, get_phrases, phrase_languages
from kb.text.fold import fold

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_READ = 2_000  # characters looked at


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """`share` of the words that belong to small talk, and the kinds found, in order."""

    share: float
    kinds: tuple[str, ...]

    @property
    def is_all(self) -> bool:
        return self.share == 1.0


def small_talk(text: str) -> SmallTalk:
    """Recognises the known phrases of all languages: customers mix them freely.

    Text without a word has share 0 and no kinds.
    """
    words = [match[0].replace("’", "'") for match in WORD.finditer(fold(text[:_READ]))]
    if not words:
        return SmallTalk(0.0, ())
    table, longest = _table()
    kinds: list[str] = []
    covered = at = 0
    while at < len(words):
        size, kind = _longest_phrase(words, at, table, longest)
        if kind:
            covered += size
            kinds.append(kind)
        at += size
    return SmallTalk(covered / len(words), tuple(kinds))


def _longest_phrase(
    words: list[str], at: int, table: dict[tuple[str, ...], str], longest: int
) -> tuple[int, str]:
    """How many words the phrase at `at` has and its kind; 1 and "" when there is none."""
    for size in range(min(longest, len(words) - at), 0, -1):
        kind = table.get(tuple(words[at : at + size]))
        if kind:
            return size, kind
    return 1, ""


@lru_cache(maxsize=1)
def _table() -> tuple[dict[tuple[str, ...], str], int]:
    table: dict[tuple[str, ...], str] = {}
    for language in phrase_languages():
        known = get_phrases(language).small_talk
        for kind in SMALL_TALK:
            for phrase in known[kind]:
                table.setdefault(tuple(WORD.findall(phrase)), kind)
    return table, max(map(len, table))
