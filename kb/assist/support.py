"""Whether generated sentences say what their sources say: nothing more, nothing less, no "not"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.assist.turns import content_terms
from kb.ports import Vectors
from kb.text.fold import fold
from kb.text.lexicon import get_lexicon
from kb.text.phrases import get_phrases
from kb.text.small_talk import WORD
from kb.text.terms import base_language, terms

# Cosine of two passage vectors, chosen in docs/decisions/0006.
NEAR = 0.93
LEAST_SHARED = 1 / 3  # of the content terms of a generated sentence that its sources have
SOURCES = 2  # sentences that one generated sentence may draw together

_NUMBER = re.compile(r"\d+(?:[.,:/×x-]\d+)*")
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\w|https?://\S+|\b\w[\w-]*(?:\.\w[\w-]*)+/?[\w/-]*")
_UNIT = re.compile(r"[€£$%°]|\b(?:eur|gbp|pln|czk|huf|usd|zł|kč|ft|kg|cm|km|h)\b", re.IGNORECASE)
_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[^\W\d_])\w+\b")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence commits to; words folded."""

    numbers: frozenset[str]  # digits, number words, codes, currencies and units
    addresses: frozenset[str]
    names: frozenset[str]
    claims: frozenset[str]
    negations: int


def facts_of(sentence: str, language: str) -> Facts:
    phrases = get_phrases(language)
    words = [word.replace("'", "").replace("’", "") for word in WORD.findall(fold(sentence))]
    digits = {number.strip(".,:/-").replace(",", ".") for number in _NUMBER.findall(sentence)}
    codes = {fold(code) for code in _CODE.findall(sentence)}
    units = {fold(unit) for unit in _UNIT.findall(sentence)}
    spelled = {word for word in words if word in phrases.numbers}
    return Facts(
        numbers=frozenset(digits | codes | units | spelled),
        addresses=frozenset(fold(a).rstrip("/.") for a in _ADDRESS.findall(sentence)),
        names=_names(sentence, language),
        claims=frozenset(word for word in words if word in phrases.claims),
        negations=sum(_negates(word, language) for word in words),
    )


def backing(
    generated: Sequence[str],
    generated_vectors: Vectors,
    sources: Sequence[str],
    source_vectors: Vectors,
    language: str,
) -> list[int] | None:
    """For each generated sentence its best source; None when anything is not backed.

    Backed means: near to a source in meaning; no number, unit, address, name, claim or negation
    that the sources it draws on lack; and together no number, address, claim or negation of the
    sources left out, and every source used. Vectors are passage vectors, shapes (n, dim).
    """
    if not generated:
        return None
    near = generated_vectors @ source_vectors.T
    wanted = [facts_of(source, language) for source in sources]
    found = [facts_of(sentence, language) for sentence in generated]
    drawn: list[list[int]] = []
    for number, sentence in enumerate(generated):
        support = _support(near[number])
        texts = [sources[row] for row in support]
        facts = [wanted[row] for row in support]
        if not support or not _adds_nothing(sentence, found[number], texts, facts, language):
            return None
        drawn.append(support)
    return [rows[0] for rows in drawn] if _leaves_nothing(drawn, found, wanted) else None


def supported(
    sentence: str,
    vector: Vectors,
    sources: Sequence[str],
    source_vectors: Vectors,
    language: str,
    *,
    near: float = NEAR,
) -> bool:
    """Whether one generated sentence says nothing that these sources do not say.

    Other than `backing` it may leave things out. Vectors are passage vectors, shapes (dim,) and
    (n, dim); the nearest source must be at least so `near`.
    """
    if not sources:
        return False
    nearness = source_vectors @ vector
    order = [int(row) for row in np.argsort(-nearness)[:SOURCES]]
    if nearness[order[0]] < near:
        return False
    texts = [sources[row] for row in order]
    facts = [facts_of(text, language) for text in texts]
    return _adds_nothing(sentence, facts_of(sentence, language), texts, facts, language)


def _support(near: NDArray[np.float32]) -> list[int]:
    """The nearest sources, nearest first, those that are near enough."""
    rows = np.argsort(-near)[:SOURCES]
    return [int(row) for row in rows if near[row] >= NEAR]


def _adds_nothing(
    sentence: str, facts: Facts, texts: list[str], sources: list[Facts], language: str
) -> bool:
    words = {term for text in texts for term in terms(text, language)}
    content = content_terms(sentence, language)
    shared = sum(term in words for term in content) / max(1, len(content))
    return (
        shared >= LEAST_SHARED
        and facts.numbers <= frozenset().union(*(source.numbers for source in sources))
        and facts.addresses <= frozenset().union(*(source.addresses for source in sources))
        and facts.claims <= frozenset().union(*(source.claims for source in sources))
        and all(set(terms(name, language)) & words for name in facts.names)
        # Counted, because a second "not" turns a sentence round again.
        and facts.negations in (sources[0].negations, sum(s.negations for s in sources))
    )


def _leaves_nothing(drawn: list[list[int]], found: list[Facts], sources: list[Facts]) -> bool:
    for row, source in enumerate(sources):
        users = [facts for facts, rows in zip(found, drawn, strict=True) if row in rows]
        if not users:
            return False
        kept = [user.numbers | user.addresses | user.claims for user in users]
        if not source.numbers | source.addresses | source.claims <= frozenset().union(*kept):
            return False
        if source.negations and not any(user.negations for user in users):
            return False
    return True


def _names(sentence: str, language: str) -> frozenset[str]:
    """Words with a capital, but for a first word that the dictionary knows."""
    found = []
    lexicon = get_lexicon(base_language(language))
    for position, word in enumerate(re.findall(r"[^\W\d_][\w'’-]*", sentence)):
        if not word[0].isupper():
            continue
        is_common = lexicon is not None and lexicon.known(fold(word)) is not None
        if position or not is_common:
            found.append(word)
    return frozenset(found)


def _negates(word: str, language: str) -> bool:
    """A word of negation; in Czech also a verb with "ne" before it."""
    if word in get_phrases(language).negations:
        return True
    if base_language(language) != "cs" or not word.startswith("ne") or len(word) < 6:
        return False
    lexicon = get_lexicon("cs")
    return lexicon is not None and lexicon.known(word[2:]) is not None
