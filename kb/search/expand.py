"""From typed words to weighted index terms: focus, synonyms, prefixes, typing errors."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from kb.queries.synonyms import Groups
from kb.search.lexical import Channel
from kb.text.terms import is_stop, terms

SYNONYM = 0.5  # a synonym counts half of the word that was typed
CORRECTED = 0.7  # so does a guess at a mistyped word, a little more surely
COMPLETED = 0.6
COMPLETIONS = 8
SHORTEST_TYPO = 5  # letters; shorter words are not corrected
STOP_WORD = 0.15  # function words hardly count, but are not thrown away
MOST_TERMS = 120  # of one query; what comes later in a very long text is left out


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
        lengths = channel.indptr[1:] - channel.indptr[:-1]
        self._pages = {term: int(lengths[code]) for term, code in channel.vocabulary.items()}
        self._sorted = sorted(self._pages)
        self._like: dict[tuple[int, str], list[str]] = {}  # by length and first letter
        for term in self._sorted:
            if term.isalpha():
                self._like.setdefault((len(term), term[0]), []).append(term)

    def __contains__(self, term: str) -> bool:
        return term in self._pages

    def completions(self, prefix: str) -> list[str]:
        """The commonest words that begin like this."""
        found: list[str] = []
        for term in self._sorted[bisect_left(self._sorted, prefix) :]:
            if not term.startswith(prefix) or len(found) > 500:
                break
            found.append(term)
        return sorted(found, key=lambda t: (-self._pages[t], t))[:COMPLETIONS]

    def correction(self, word: str) -> str | None:
        """The nearest word that begins alike: one error, two in long words; None without one."""
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
        if not best:
            return None
        return min(best, key=lambda found: (found[1], -self._pages[found[0]], found[0]))[0]


def mend(asked: Asked, language: str, vocabularies: Sequence[Vocabulary], typed: str) -> Asked:
    """Add corrections for words the index does not have, completions for `typed` (may be empty)."""
    weights = dict(asked.terms)
    corrected = []
    for term, weight in asked.terms.items():
        if (
            weight == SYNONYM
            or any(term in v for v in vocabularies)
            or is_stop(term, language)
            or term == typed
        ):
            continue
        for vocabulary in vocabularies:
            if (nearest := vocabulary.correction(term)) and nearest not in weights:
                weights[nearest] = CORRECTED
                corrected.append((term, nearest))
                break
    if typed:
        for vocabulary in vocabularies:
            for term in vocabulary.completions(typed):
                weights.setdefault(term, COMPLETED)
    return Asked(weights, tuple(corrected))
