"""BM25 over whole pages: the lexical baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

K1 = 1.2
B = 0.75


class Bm25:
    """Okapi BM25 with the idf of Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)), never negative.

    Robertson and Zaragoza (2009), k1 = 1.2, b = 0.75.
    """

    def __init__(self, pages: Sequence[Sequence[str]]) -> None:
        self.size = len(pages)
        lengths = np.array([len(page) for page in pages], dtype=np.float64)
        mean = float(lengths.mean()) if self.size else 1.0
        held: dict[str, list[tuple[int, int]]] = {}
        for number, page in enumerate(pages):
            for term, count in Counter(page).items():
                held.setdefault(term, []).append((number, count))
        self._postings = {
            term: self._weights(np.array(found), lengths, mean) for term, found in held.items()
        }

    def scores(self, query: Sequence[str]) -> Scores:
        """Shape (pages,); a term that is said twice counts twice."""
        total = np.zeros(self.size)
        for term, count in Counter(query).items():
            found = self._postings.get(term)
            if found is not None:
                total[found[0]] += count * found[1]
        return total

    def most(self, query: Sequence[str]) -> float:
        """The score of a page that has every term as strongly as any page has it."""
        found = ((self._postings.get(term), count) for term, count in Counter(query).items())
        return sum(count * float(held[1].max()) for held, count in found if held is not None)

    def _weights(
        self, found: NDArray[np.int64], lengths: Scores, mean: float
    ) -> tuple[NDArray[np.int64], Scores]:
        rows, counts = found[:, 0], found[:, 1].astype(np.float64)
        idf = np.log(1 + (self.size - len(rows) + 0.5) / (len(rows) + 0.5))
        norm = K1 * (1 - B + B * lengths[rows] / mean)
        return rows, idf * counts * (K1 + 1) / (counts + norm)
