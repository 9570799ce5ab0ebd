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
_FAR = 200  # where there is no number

WORDS_KEPT = 20_000  # words looked at last: most of a text comes again with every pause


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
    phrases, found = _index().phrases, []
    numbers = [match.start() for match in _NUMBER.finditer(lower)]
    numbers.append(len(lower) + _FAR)
    last, upcoming, ahead = -_BEFORE, 0, numbers[0]  # the numbers before and after a word
    for word in _WORD.finditer(lower):
        start, end = word.span()
        while ahead < start:
            last, upcoming, ahead = ahead, upcoming + 1, numbers[upcoming + 1]
        if ahead > start + _AFTER and start > last + _BEFORE:
            continue
        text = word[0]
        hits = [
            Label(what, start, match.end())
            for what, pattern in phrases.get(text[:_KEY], ())
            if (match := pattern.match(lower, start)) is not None
        ]
        if not hits and _LEAST - 1 <= end - start <= _LONGEST:
            is_distant = ahead - end > _MISTYPED and start > last + _MISTYPED
            hits = [] if is_distant else [Label(what, start, end) for what in _meant(text)]
        found += hits
    return found


@lru_cache(maxsize=WORDS_KEPT)
def _meant(word: str) -> frozenset[str]:
    """What a word speaks of that is one letter away from a label: lost, doubled or swapped."""
    mistyped = _index().mistyped
    for rest in _shortened(word):
        if rest in mistyped:
            return mistyped[rest]
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
