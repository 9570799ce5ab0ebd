"""Which of the configured languages a text is in, even when it is three words in a chat."""

from __future__ import annotations

import copy
import math
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kb.errors import InvalidInput
from kb.text.cues import ANYWHERE, CUE_LETTERS, CUE_WORDS
from kb.text.fold import fold
from kb.text.lexicon import get_lexicon
from kb.text.terms import base_language

_READ = 2_000  # characters looked at; more changes nothing
_WORD = re.compile(r"[^\W\d_]{1,40}")
# What is addressed to a machine says nothing of the language: links, addresses, codes.
_NOISE = re.compile(r"https?://\S+|\S+@\S+|\b\w*\d\w*\b")
_loading = threading.Lock()

# Weights chosen on the first 1,000 NTREX sentences, measured on the rest (docs/decisions/0004).
_CUE_WEIGHT = 2.0  # of a function word that only this language has
_KNOWN_WEIGHT = 2.0  # of a word that the language's dictionary has
_LETTER_WEIGHT = 2.0  # of a word whose letters with diacritics the language has
_BARE_NGRAMS = 0.5  # the n-gram model has read little text without diacritics
_HINT_WEIGHT = 0.7
_SURE_WORDS = 2.0  # words that half of the full confidence takes


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """One of the allowed tags and how sure we are, 0 to 1."""

    language: str
    confidence: float


def detect(text: str, allowed: Sequence[str], hint: str | None = None) -> LanguageGuess:
    """The most likely language of `text` among `allowed` (BCP-47 tags, the default first).

    `hint` is what the channel or the customer's record says; it decides when the text does not.
    Text without words gives the hint, else the first allowed language, with confidence 0.
    Raises InvalidInput when nothing is allowed.
    """
    if not allowed:
        raise InvalidInput("No language is configured. Set POTICA_LANGUAGES to at least one.")
    fallback = _allowed_tag(hint, allowed) or allowed[0]
    clean = _NOISE.sub(" ", text[:_READ])
    words = [word for word in _WORD.findall(clean) if word.lower() not in ANYWHERE]
    if not words:
        return LanguageGuess(fallback, 0.0)
    bases = tuple(dict.fromkeys(base_language(tag) for tag in allowed))
    scores = _scores(clean, words, bases)
    scores[base_language(fallback)] += _HINT_WEIGHT if fallback == hint else 0.05
    best = max(scores, key=scores.__getitem__)
    share = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
    told = 1 - math.exp(-len(words) / _SURE_WORDS)
    tag = fallback if base_language(fallback) == best else _tag_of(best, allowed)
    return LanguageGuess(tag, round(share * told, 4))


def _allowed_tag(hint: str | None, allowed: Sequence[str]) -> str | None:
    if hint is None:
        return None
    if hint in allowed:
        return hint
    base = base_language(hint)
    return next((tag for tag in allowed if base_language(tag) == base), None)


def _tag_of(base: str, allowed: Sequence[str]) -> str:
    return next(tag for tag in allowed if base_language(tag) == base)


def _scores(text: str, words: list[str], bases: tuple[str, ...]) -> dict[str, float]:
    """Log-odds like scores by base language: byte n-grams, function words, dictionaries."""
    scores = _ngram_scores(text, bases)
    damp = 1 / math.sqrt(max(1, len(words)))
    for word in words:
        for base, value in _word_scores(word.casefold(), bases):
            scores[base] += value * damp
    return scores


@lru_cache(maxsize=50_000)
def _word_scores(word: str, bases: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    folded = fold(word)
    owners = [base for base in bases if folded in CUE_WORDS.get(base, ())]
    knowers = [base for base in bases if _knows(base, folded)] if len(folded) > 1 else []
    marked = {c for c in word if c.isalpha() and not c.isascii()}
    scores = {}
    for base in bases:
        value = _CUE_WEIGHT / len(owners) if base in owners else 0.0
        value += _KNOWN_WEIGHT if base in knowers else 0.0
        if marked and base in CUE_WORDS:
            value += _LETTER_WEIGHT if marked <= set(CUE_LETTERS.get(base, "")) else 0.0
        scores[base] = value
    return tuple(scores.items())


def _knows(base: str, folded: str) -> bool:
    """Only languages with cues are asked: their dictionaries are loaded anyway."""
    lexicon = get_lexicon(base) if base in CUE_WORDS else None
    return lexicon is not None and lexicon.known(folded) is not None


def _ngram_scores(text: str, bases: tuple[str, ...]) -> dict[str, float]:
    scores = dict.fromkeys(bases, 0.0)
    identifier = _identifier(bases)
    if identifier is None:
        return scores
    weight = _BARE_NGRAMS if text.isascii() else 1.0
    ranked = identifier.rank(text)
    return scores | {base: weight * math.log(max(share, 1e-6)) for base, share in ranked}


@lru_cache(maxsize=16)
def _identifier(bases: tuple[str, ...]) -> Any:
    """py3langid restricted to these languages; None when it knows fewer than two of them."""
    with _loading:
        model = _model()
    known = [base for base in bases if base in model.labels]
    if len(known) < 2:
        return None
    restricted = copy.copy(model)
    restricted.set_languages(known)
    return restricted


@lru_cache(maxsize=1)
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
