"""How much of a turn is greeting, thanks, goodbye or a mere yes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.text.fold import fold
from kb.text.phrases import SMALL_TALK, get_phrases, phrase_languages

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_TAIL = 8  # words at the end that may be thanks and goodbye
_READ = 2_000  # characters looked at
_KEPT = 2_000  # sentences remembered: a conversation is read again after each of its turns
_APART = (",", ".", "!", "?", ";", "-", "–", "\n")


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """`share` of the words that belong to small talk, and the kinds found, in order."""

    share: float
    kinds: tuple[str, ...]

    @property
    def is_all(self) -> bool:
        return self.share == 1.0


@dataclass(frozen=True, slots=True)
class _Phrases:
    """Phrases with their kind; the first word of each with the lengths to try, longest first."""

    kinds: dict[tuple[str, ...], str]
    sizes: dict[str, tuple[int, ...]]


def small_talk(text: str) -> SmallTalk:
    """Recognises the known phrases of all languages: customers mix them freely.

    Text without a word has share 0 and no kinds.
    """
    return _small_talk(text[:_READ])


@lru_cache(maxsize=_KEPT)
def _small_talk(text: str) -> SmallTalk:
    words = [match[0].replace("’", "'") for match in WORD.finditer(fold(text))]
    if not words:
        return SmallTalk(0.0, ())
    table = _table()
    kinds: list[str] = []
    covered = at = 0
    while at < len(words):
        size, kind = _longest_phrase(words, at, table)
        if kind:
            covered += size
            kinds.append(kind)
        at += size
    return SmallTalk(covered / len(words), tuple(kinds))


def without_small_talk(text: str) -> str:
    """`text` without the greeting it opens with and the thanks or goodbye it ends with.

    Only what is set off by punctuation or is a phrase of several words goes, so that nothing
    of a sentence is torn out; text that is all small talk comes back as it is.
    """
    matches = list(WORD.finditer(text))
    words = [fold(match[0]).replace("’", "'") for match in matches]
    table = _table()
    start, at = 0, 0
    while at < len(words):
        size, kind = _longest_phrase(words, at, table)
        end = matches[at + size - 1].end()
        is_apart = size > 1 or text[end : end + 2].strip()[:1] in _APART
        if kind not in ("greetings", "thanks") or not is_apart:
            break
        start, at = end, at + size
    stop = _tail(text, matches)
    rest = text[start:stop].lstrip(" ,;:.!-–\n").rstrip(" ,;:-–\n")
    return rest if WORD.search(rest) else text


def _tail(text: str, matches: list[re.Match[str]]) -> int:
    """Where the thanks or goodbye at the end begins; the length of `text` without one."""
    stop = len(text)
    for match in reversed(matches[-_TAIL:]):
        talk = small_talk(text[match.start() :])
        if not talk.is_all:
            continue
        is_apart = text[: match.start()].rstrip().endswith(_APART)
        if is_apart and set(talk.kinds) <= {"thanks", "closings"}:
            stop = match.start()
    return stop


def _longest_phrase(words: list[str], at: int, table: _Phrases) -> tuple[int, str]:
    """How many words the phrase at `at` has and its kind; 1 and "" when there is none."""
    for size in table.sizes.get(words[at], ()):
        phrase = tuple(words[at : at + size])
        if phrase in table.kinds:
            return len(phrase), table.kinds[phrase]
    return 1, ""


@lru_cache(maxsize=1)
def _table() -> _Phrases:
    kinds: dict[tuple[str, ...], str] = {}
    sizes: dict[str, set[int]] = {}
    for language in phrase_languages():
        known = get_phrases(language).small_talk
        for kind in SMALL_TALK:
            for phrase in known[kind]:
                words = tuple(WORD.findall(phrase))
                kinds.setdefault(words, kind)
                sizes.setdefault(words[0], set()).add(len(words))
    return _Phrases(kinds, {word: tuple(sorted(found)[::-1]) for word, found in sizes.items()})
