"""Confidence: the probability that a hit answers the question.

A logistic regression (D. Platt's scaling over several figures) on the hit's figures, with one
more term per pair of languages: scores of a Czech question against a Hungarian page run lower
than those within a language. Learned by `python -m eval.calibrate`, packaged in
`weights/confidence.json`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import orjson

NAMES = ("score", "body", "title", "words", "margin")

# Beyond these a figure says nothing more (docs/decisions/0006).
MOST_TITLE = 0.7
MOST_WORDS = 1.5
LEAST_MARGIN, MOST_MARGIN = -0.1, 0.05


@dataclass(frozen=True, slots=True)
class Figures:
    """What confidence is judged by; `margin` is the lead over the best other document."""

    score: float
    body: float
    title: float
    words: float
    margin: float

    def row(self) -> list[float]:
        """In the order of NAMES, cut where they say nothing more."""
        return [
            self.score,
            self.body,
            min(self.title, MOST_TITLE),
            min(self.words, MOST_WORDS),
            max(LEAST_MARGIN, min(MOST_MARGIN, self.margin)),
        ]


@dataclass(frozen=True, slots=True)
class Calibration:
    """`pairs` adds to the intercept for "cs>hu"; `same` and `other` serve pairs not listed."""

    intercept: float
    weights: tuple[float, ...]
    pairs: dict[str, float]
    same: float
    other: float

    def confidence(self, figures: Figures, query_language: str, document_language: str) -> float:
        """In (0, 1)."""
        pair = f"{query_language}>{document_language}"
        fallback = self.same if query_language == document_language else self.other
        total = self.intercept + self.pairs.get(pair, fallback)
        total += sum(w * x for w, x in zip(self.weights, figures.row(), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=2)
def packaged_calibration(pool: str) -> Calibration:
    """The one shipped for articles or for cases."""
    text = (resources.files("kb.search") / "weights" / "confidence.json").read_bytes()
    stored = orjson.loads(text)[pool]
    return Calibration(
        stored["intercept"],
        tuple(stored["weights"][name] for name in NAMES),
        stored["pairs"],
        stored["same"],
        stored["other"],
    )
