"""Mentions: whether somebody speaks of the things that a phrase names, in whatever form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kb.text.terms import fold, is_stop, question_words, terms

WINDOW = 40  # terms in which all words of a phrase must stand; windows overlap by half
_CLOSE = 5  # first letters that words of one family share ("dopłata", "dopłacić")
_CLOSE_SHARE = 0.7  # of the longer word, that the shared letters make at least
_NAME = 3  # first letters that forms of a name share ("Brno", "Brnem", "Brně")
_HINT = 2  # first letters that show, before any lemma is made, that a word may be there
_WORD = re.compile(r"\w+")
_SENTENCE_ENDS = re.compile(r"[.!?:]\s*$")

TermSet = frozenset[str]


@dataclass(frozen=True, slots=True)
class Concept:
    """A word of a phrase and what means the same: any of `ways`, each all of its terms."""

    key: str
    ways: tuple[TermSet, ...]
    is_name: bool = False

    def hinted(self, starts: Collection[str]) -> bool:
        """Whether it may be meant by words with these starts: asked before lemmas are made."""
        return any(all(term[:_HINT] in starts for term in way) for way in self.ways)


@dataclass(frozen=True)
class Window:
    """Terms that stand near each other."""

    terms: TermSet

    @cached_property
    def _by_start(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for term in self.terms:
            for length in {_NAME, _CLOSE}:
                found.setdefault(term[:length], []).append(term)
        return found

    def speaks_of(self, concept: Concept) -> bool:
        """Whether the concept is meant, also by a word of its family or a form of the name."""
        near = self._near_name if concept.is_name else self._near_word
        return self.names(concept) or any(all(map(near, way)) for way in concept.ways)

    def names(self, concept: Concept) -> bool:
        """Whether the concept's own words, or those that mean the same, are there."""
        return any(way <= self.terms for way in concept.ways)

    def _near_name(self, term: str) -> bool:
        start = term[: max(_NAME, len(term) - 1)]
        near = self._by_start.get(term[:_NAME], ())
        return any(other.startswith(start) and len(other) <= len(term) + 3 for other in near)

    def _near_word(self, term: str) -> bool:
        near = self._by_start.get(term[:_CLOSE], ()) if len(term) >= _CLOSE else ()
        return term in self.terms or any(_is_close(term, other) for other in near)


@dataclass
class Said:
    """What somebody said, in windows, as each language reads it."""

    texts: Sequence[str]
    _windows: dict[str, list[Window]] = field(default_factory=dict)

    @cached_property
    def starts(self) -> frozenset[str]:
        """The first two letters of every word."""
        return frozenset(word[:_HINT] for word in _WORD.findall(fold("\n".join(self.texts))))

    def windows(self, language: str) -> list[Window]:
        """Windows of WINDOW terms over all that was said, in order."""
        found = self._windows.get(language)
        if found is None:
            said = [term for text in self.texts for term in terms(text, language)]
            starts = range(0, max(1, len(said) - WINDOW // 2), WINDOW // 2)
            found = [Window(frozenset(said[start : start + WINDOW])) for start in starts]
            self._windows[language] = found
        return found


Ways = Mapping[str, tuple[TermSet, ...]]
"""Term -> all that means the same as it, itself included."""


def ways_to_say(synonyms: Iterable[Collection[str]], language: str) -> Ways:
    """Groups of words or phrases that mean the same, by each word of theirs that is one term."""
    found: dict[str, tuple[TermSet, ...]] = {}
    for group in synonyms:
        ways = tuple(frozenset(terms(word, language)) for word in group)
        for own in ways:
            if len(own) == 1:
                [term] = own
                found[term] = (*found.get(term, (own,)), *ways)
    return {term: tuple(dict.fromkeys(ways)) for term, ways in found.items()}


def concepts(
    phrase: str, language: str, synonyms: Ways | None = None, *, titled: bool = False
) -> tuple[Concept, ...]:
    """The content words of a phrase, each once, with their synonyms.

    A capital letter makes a name, except at the start of a sentence of running text (`titled`).
    """
    said = synonyms or {}
    found: dict[str, Concept] = {}
    for word, is_name in _words(phrase, titled):
        for term in terms(word, language):
            if len(term) < 2 or is_stop(term, language) or term in question_words(language):
                continue
            ways = said.get(term, (frozenset({term}),))
            key = min(" ".join(sorted(way)) for way in ways)
            found.setdefault(key, Concept(key, ways, is_name))
    return tuple(found.values())


def _words(text: str, titled: bool) -> Iterator[tuple[str, bool]]:
    """Words with whether they are names; dates and words all in capitals are none."""
    parts = re.split(r"([\s–—/,;()\"]+)", text)
    before = ""
    for place in range(0, len(parts), 2):
        word = parts[place]
        if not word:
            continue
        starts = titled and (not before or _SENTENCE_ENDS.search(before) is not None)
        dated = any(
            any(c.isdigit() for c in parts[near])
            for near in (place - 2, place + 2)
            if 0 <= near < len(parts)
        )
        is_name = word[0].isupper() and word[1:2].islower() and not starts and not dated
        yield word, is_name
        before = word


def _is_close(term: str, other: str) -> bool:
    """Whether two terms start alike enough to be of one family of words."""
    shared = 0
    for mine, its in zip(term, other, strict=False):
        if mine != its:
            break
        shared += 1
    return shared >= _CLOSE and shared >= _CLOSE_SHARE * max(len(term), len(other))
