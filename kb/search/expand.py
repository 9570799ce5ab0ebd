"""From typed words to weighted index terms: focus, synonyms, prefixes, typing errors."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from kb.queries.synonyms import Groups
from kb.search.labels import Mask
from kb.search.lexical import Channel
from kb.text.terms import is_stop, terms

SYNONYM = 0.5  # a synonym counts half of the word that was typed
CORRECTED = 0.7  # so does a guess at a mistyped word, a little more surely
COMPLETED = 0.6
COMPLETIONS = 8
SHORTEST_TYPO = 5  # letters; shorter words are not corrected
STOP_WORD = 0.15  # function words hardly count, but are not thrown away
MOST_TERMS = 250  # of one query; what comes later in a very long text is left out


@dataclass(frozen=True)
class Asked:
    """Index terms with weights, and the corrections made: (typed, searched instead)."""

    terms: dict[str, float]
    corrected: tuple[tuple[str, str], ...] = ()


class Synonyms:
    """Synonym groups of all languages, as index terms."""

    def __init__(self, groups: Mapping[str, Groups]) -> None:
        self._phrases: dict[str, dict[tuple[str, ...], list[tuple[str, ...]]]] = {}
        for language, found in groups.items():
            table = self._phrases.setdefault(language, {})
            for group in found:
                phrases = [tuple(terms(word, language)) for word in group]
                for phrase in phrases:
                    table.setdefault(phrase, []).extend(p for p in phrases if p != phrase)

    def of(self, words: Sequence[str], language: str) -> set[str]:
        """Terms that mean what some one, two or three neighbouring words mean."""
        table = self._phrases.get(language)
        if not table:
            return set()
        found: set[str] = set()
        for length in (1, 2, 3):
            for start in range(len(words) - length + 1):
                for phrase in table.get(tuple(words[start : start + length]), ()):
                    found.update(phrase)
        return found


def ask(
    text: str,
    focus: str,
    language: str,
    synonyms: Synonyms,
    context_word: float,
) -> Asked:
    """The terms of a query; words outside the focus count `context_word`."""
    inner = terms(focus or text, language)
    asked: dict[str, float] = {}
    for term in inner[:MOST_TERMS]:
        asked[term] = STOP_WORD if is_stop(term, language) else 1.0
    if focus and focus != text:
        for term in terms(text, language)[:MOST_TERMS]:
            weight = STOP_WORD if is_stop(term, language) else context_word
            asked[term] = max(asked.get(term, 0.0), min(weight, context_word))
    for term in synonyms.of(inner, language):
        asked.setdefault(term, SYNONYM)
    return Asked(asked)


class Vocabulary:
    """The words of an index, for completion and correction."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        lengths = channel.indptr[1:] - channel.indptr[:-1]
        self._pages = {term: int(lengths[code]) for term, code in channel.vocabulary.items()}
        self._sorted = sorted(self._pages)
        self._like: dict[tuple[int, str], list[str]] = {}  # by length and first letter
        for term in self._sorted:
            if term.isalpha():
                self._like.setdefault((len(term), term[0]), []).append(term)

    def stands_in(self, term: str, allowed: Mask) -> bool:
        """Whether a page that may be seen has this word."""
        code = self._channel.vocabulary.get(term)
        if code is None:
            return False
        start, end = self._channel.indptr[code], self._channel.indptr[code + 1]
        return bool(allowed[self._channel.pages[start:end]].any())

    def completions(self, prefix: str, allowed: Mask) -> list[str]:
        """The commonest words that begin like this, of pages that may be seen."""
        found: list[str] = []
        for term in self._sorted[bisect_left(self._sorted, prefix) :]:
            if not term.startswith(prefix) or len(found) > 500:
                break
            found.append(term)
        common = sorted(found, key=lambda t: (-self._pages[t], t))
        return list(islice((t for t in common if self.stands_in(t, allowed)), COMPLETIONS))

    def correction(self, word: str, allowed: Mask) -> str | None:
        """The nearest word that begins alike, of pages that may be seen.

        One error, two in long words; None without one.
        """
        if len(word) < SHORTEST_TYPO or not word.isalpha():
            return None
        most = 1 if len(word) < 7 else 2
        lengths = range(len(word) - most, len(word) + most + 1)
        near = chain.from_iterable(self._like.get((n, word[0]), ()) for n in lengths)
        best = process.extract(
            word,
            list(near),
            scorer=DamerauLevenshtein.distance,
            score_cutoff=most,
            limit=8,
        )
        seen = [found for found in best if self.stands_in(found[0], allowed)]
        if not seen:
            return None
        return min(seen, key=lambda found: (found[1], -self._pages[found[0]], found[0]))[0]


Readable = tuple[Vocabulary, Mask]
"""A vocabulary, and which of its pages the reader may see."""


def mend(asked: Asked, language: str, readable: Sequence[Readable], typed: str) -> Asked:
    """Add corrections for words no page has, completions for `typed` (may be empty).

    Only words of pages that the reader may see are looked at: a correction tells that a word is
    there.
    """
    weights = dict(asked.terms)
    corrected = []
    for term, weight in asked.terms.items():
        if (
            weight == SYNONYM
            or any(vocabulary.stands_in(term, allowed) for vocabulary, allowed in readable)
            or is_stop(term, language)
            or term == typed
        ):
            continue
        for vocabulary, allowed in readable:
            nearest = vocabulary.correction(term, allowed)
            if nearest and nearest not in weights:
                weights[nearest] = CORRECTED
                corrected.append((term, nearest))
                break
    if typed:
        for vocabulary, allowed in readable:
            for term in vocabulary.completions(typed, allowed):
                weights.setdefault(term, COMPLETED)
    return Asked(weights, tuple(corrected))
