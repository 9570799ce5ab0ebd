"""Facet values that a text names ("the University Arms" for UNIVERSITY ARMS HOTEL)."""

from __future__ import annotations

import math
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

    @classmethod
    def of(cls, labels: Sequence[PassageLabels]) -> FacetNames:
        names = cls(size=len(labels))
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
            weights = {w: 1 / len(self.by_word[w]) for w in self.words[facet]}
            share = sum(v for w, v in weights.items() if w in said) / sum(weights.values())
            if share >= ENOUGH_NAMED:
                found[facet] = share
        return found

    def scores(self, named: dict[tuple[str, str], float]) -> NDArray[np.float32]:
        """Per page, shape (size,): the strongest named value times its rarity."""
        total = np.zeros(self.size, np.float32)
        for facet, share in named.items():
            pages = self.pages_of.get(facet, [])
            rarity = 1 - math.log(max(1, len(pages))) / math.log(max(2, self.size))
            total[pages] = np.maximum(total[pages], share * rarity)
        return total


def without_names(text: str, values: Sequence[str]) -> str:
    """The text less these values: what the field is narrowed to already tells nothing more."""
    for value in values:
        at = fold(text).find(fold(value))
        if at >= 0 and len(fold(text)) == len(text) and len(value) > 2:
            text = f"{text[:at]} {text[at + len(value) :]}"
    return " ".join(text.split())
