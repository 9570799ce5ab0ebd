"""Fusion: from the parts' figures to one score per page.

A weighted sum of figures that mean the same in every base: cosines of centred vectors, and BM25
as a share of the most the query could have got. The weights are learned on development sets
(`docs/decisions/0005-fusion.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import numpy as np
import orjson
from numpy.typing import NDArray

from kb.domain import Pool

Floats = NDArray[np.float32]
LETTER = 600  # characters from which a query is a long text


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part counts; `full_share` mixes the vector of all that was said with the focus.

    `full_share_known` is that share when facets already narrow the field; `context_word` is the
    weight of a word that stands outside the focus. `case_title` and `case_words` serve cases: what
    a title counts there, and how many times as much words, but in letters. `pieces` is what it
    counts that those of a long letter agree (`kb.search.pieces`).
    """

    full_share: float
    full_share_known: float
    context_word: float
    body: float
    title: float
    words: float
    titles: float
    grams: float
    facet: float
    trust: float
    use: float
    case_title: float
    case_words: float
    letter_scale: float
    pieces: float
    lexical_scale: Mapping[str, float]

    def of(self, pools: Collection[str]) -> Weights:
        """Those for a search in these pools.

        A case's title is its problem in the customer's words: two customers mean the same in
        other words more often than an article's title does.
        """
        if set(pools) != {Pool.case}:
            return self
        scales = {tag: self.case_words * scale for tag, scale in self.lexical_scale.items()}
        return replace(self, title=self.case_title, lexical_scale=scales)

    def lexical(self, language: str, text: str) -> float:
        """How much more words count in a language ("" serves those not listed) and in a letter.

        No page has more than a small share of a long text's words, so that share says more.
        """
        scale = self.lexical_scale.get(language, self.lexical_scale[""])
        return max(scale, self.letter_scale) if len(text) > LETTER else scale


@dataclass(frozen=True)
class Features:
    """Figures of n pages, each of shape (n,)."""

    body: Floats  # best cosine of a passage
    title: Floats  # best cosine of a title, another wording of it, or a case's problem
    words: Floats  # BM25 share over words, in [0, ~2.2]
    titles: Floats  # the same over titles
    grams: Floats  # the same over pieces of words
    facet: Floats  # how surely the dialog names one of the page's facet values, in [0, 1]


@lru_cache(maxsize=1)
def packaged_weights() -> Weights:
    """The weights shipped with the engine."""
    text = (resources.files("kb.search") / "weights" / "fusion.json").read_bytes()
    return Weights(**orjson.loads(text))


def shares(features: Features, weights: Weights, scale: float) -> dict[str, Floats]:
    """Each part's share of the score, by its name in `Why`; `scale` is `Weights.lexical`.

    What trust and use add is known later, of what may be shown (`kb.search.hits`).
    """
    return {
        "dense": weights.body * features.body,
        "title": weights.title * features.title,
        "lexical": scale
        * (
            weights.words * features.words
            + weights.titles * features.titles
            + weights.grams * features.grams
        ),
        "facet": weights.facet * features.facet,
    }
