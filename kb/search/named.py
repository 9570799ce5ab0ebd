"""Facet values that a text names ("the University Arms" for UNIVERSITY ARMS HOTEL)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kb.ports import PassageLabels
from kb.text.terms import fold, terms

ENOUGH_NAMED = 0.6  # share of a value's weight of words that must be there


@dataclass
class FacetNames:
    """The facet values of a segment's pages, found by their words.

    Rare values tell more: a value that half of all pages carry narrows nothing.
    """

    pages_of: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    words: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    by_word: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    size: int = 0
    base: FacetNames | None = None

    @classmethod
    def of(cls, labels: Sequence[PassageLabels], base: FacetNames | None = None) -> FacetNames:
        """Names of these pages; with `base`, a few new pages are judged as part of the whole."""
        names = cls(size=len(labels), base=base)
        for page, label in enumerate(labels):
            for key, values in label.facets:
                for value in values:
                    names.pages_of.setdefault((key, value), []).append(page)
        for facet in names.pages_of:
            names.words[facet] = tuple(dict.fromkeys(terms(facet[1], "")))
            for word in names.words[facet]:
                names.by_word.setdefault(word, []).append(facet)
        return names

    def named_in(self, text: str) -> dict[tuple[str, str], float]:
        """(key, value) -> how surely the text names it, in (0, 1]."""
        said = set(terms(text, "")) if self.by_word else set()
        touched = {facet for word in said for facet in self.by_word.get(word, ())}
        found = {}
        for facet in touched:
            weights = {w: 1 / self._values_with(w) for w in self.words[facet]}
            share = sum(v for w, v in weights.items() if w in said) / sum(weights.values())
            if share >= ENOUGH_NAMED:
                found[facet] = share
        return found

    def scores(self, named: dict[tuple[str, str], float]) -> NDArray[np.float32]:
        """Per page, shape (size,): the strongest named value times its rarity."""
        total = np.zeros(self.size, np.float32)
        for facet, share in named.items():
            pages = self.pages_of.get(facet, [])
            total[pages] = np.maximum(total[pages], share * self._rarity(facet))
        return total

    def _values_with(self, word: str) -> int:
        """How many facet values have this word."""
        known = self.base.by_word.get(word, ()) if self.base else ()
        return len({*known, *self.by_word[word]})

    def _rarity(self, facet: tuple[str, str]) -> float:
        """1 for a value of one page, 0 for a value of all."""
        count, size = len(self.pages_of.get(facet, ())), self.size
        if self.base is not None:
            count += len(self.base.pages_of.get(facet, ()))
            size += self.base.size
        return 1 - math.log(max(1, count)) / math.log(max(2, size))


def without_names(text: str, values: Sequence[str]) -> str:
    """The text less these values: what the field is narrowed to already tells nothing more."""
    for value in values:
        folded = fold(text)
        found = re.search(rf"(?<!\w){re.escape(fold(value))}(?!\w)", folded)
        if found and len(folded) == len(text) and len(value) > 2:
            text = f"{text[: found.start()]} {text[found.end() :]}"
    return " ".join(text.split())
