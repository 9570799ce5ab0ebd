"""Words that say what a number or a date beside them is, found in a text in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kb.text.personal.rules import Labels, get_labels

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_KEY = 3  # letters by which the phrases that may begin at a word are looked up
_LEAST = 5  # letters of a word that may be mistyped
_LONGEST = 24
_BEFORE, _AFTER = 40, 80  # characters to a number, beyond which a word says nothing of it
_MISTYPED = 20  # the same for a mistyped word


@dataclass(frozen=True, slots=True)
class Label:
    """A word or phrase that was found, and what it speaks of: "phone", "born_before", ..."""

    what: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Index:
    """Phrases by their first letters, and single words by what is left with one letter gone."""

    phrases: Mapping[str, list[tuple[str, re.Pattern[str]]]]
    mistyped: Mapping[str, frozenset[str]]


def find_labels(lower: str) -> list[Label]:
    """All label words of all languages; a long one also with one letter wrong."""
    index = _index()
    found = []
    numbers = [match.start() for match in _NUMBER.finditer(lower)]
    last, upcoming = -_BEFORE, 0  # the numbers before and after a word
    for word in _WORD.finditer(lower):
        text, start = word[0], word.start()
        while upcoming < len(numbers) and numbers[upcoming] < start:
            last, upcoming = numbers[upcoming], upcoming + 1
        ahead = numbers[upcoming] - word.end() if upcoming < len(numbers) else _AFTER
        is_distant = ahead > _MISTYPED and start > last + _MISTYPED
        is_far = upcoming >= len(numbers) or numbers[upcoming] > start + _AFTER
        if is_far and start > last + _BEFORE:
            continue
        hits = [
            Label(what, start, match.end())
            for what, pattern in index.phrases.get(text[:_KEY], ())
            if (match := pattern.match(lower, start)) is not None
        ]
        if not hits and _LEAST - 1 <= len(text) <= _LONGEST and not is_distant:
            hits = [Label(what, start, word.end()) for what in _meant(text, index)]
        found += hits
    return found


def _meant(word: str, index: _Index) -> frozenset[str]:
    """What a word speaks of that is one letter away from a label: lost, doubled or swapped."""
    for rest in _shortened(word):
        if rest in index.mistyped:
            return index.mistyped[rest]
    return frozenset()


def _shortened(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


@lru_cache(maxsize=1)
def _index() -> _Index:
    labels = get_labels()
    phrases: dict[str, dict[str, list[str]]] = {}
    mistyped: dict[str, set[str]] = {}
    for what, patterns in _all(labels):
        for first, pattern in patterns:
            phrases.setdefault(first[:_KEY], {}).setdefault(what, []).append(pattern)
            if len(first) >= _LEAST and first.isalpha() and pattern.startswith(first):
                is_alone = pattern[len(first) :] in ("", labels.more)
                for rest in _shortened(first) if is_alone else ():
                    mistyped.setdefault(rest, set()).add(what)
    return _Index(
        {
            key: [(what, _compiled(patterns)) for what, patterns in by_what.items()]
            for key, by_what in phrases.items()
        },
        {rest: frozenset(whats) for rest, whats in mistyped.items()},
    )


def _all(labels: Labels) -> Iterable[tuple[str, Iterable[tuple[str, str]]]]:
    yield from labels.numbers.items()
    yield "born_before", labels.born_before
    yield "born_after", labels.born_after


def _compiled(patterns: list[str]) -> re.Pattern[str]:
    longest_first = "|".join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern)))
    return re.compile(f"(?:{longest_first})(?![^\\W_])")
