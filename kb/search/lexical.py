"""Lexical channels: BM25 over words, titles and pieces of words, page by page.

The terms come from SQL (`passage.terms`, `passage.title_terms`); a channel is their compiled form.
Each language keeps its own document frequencies and lengths, so that a mixed index ranks a
Slovenian page as a Slovenian index would.

Formula: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009; idf with the +1 inside the logarithm, so that it is never negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]
Codes = NDArray[np.int32]

GRAM = 4  # letters of a word piece


@dataclass(frozen=True, slots=True)
class Bm25:
    """k1: how fast repeats saturate; b: how much length counts."""

    k1: float
    b: float


WORDS = Bm25(1.2, 0.75)
TITLES = Bm25(0.6, 0.3)
GRAMS = Bm25(1.2, 0.75)


@dataclass(frozen=True)
class Channel:
    """Postings with their weights, by term; `idf` has shape (languages, terms)."""

    vocabulary: Mapping[str, int]
    indptr: NDArray[np.int64]
    pages: Codes
    weights: Floats
    idf: Floats
    unknown_idf: Floats  # (languages,): what a word that stands nowhere would weigh
    average: Floats  # (languages,): terms of a page; 0 where there is no page
    size: int

    def scores(self, asked: Mapping[str, float]) -> tuple[Floats, Floats]:
        """BM25 sums per page, shape (size,), and per language the most that one repeat gives."""
        known = {code: w for t, w in asked.items() if (code := self.vocabulary.get(t)) is not None}
        codes = np.fromiter(known, np.int64, count=len(known))
        weights = np.fromiter(known.values(), np.float32, count=len(known))
        unknown = np.float32(sum(asked.values()) - sum(known.values()))
        most: Floats = self.idf[:, codes] @ weights + unknown * self.unknown_idf
        total = np.zeros(self.size, np.float32)
        starts, ends = self.indptr[codes].tolist(), self.indptr[codes + 1].tolist()
        for start, end, weight in zip(starts, ends, known.values(), strict=True):
            # Twice as fast as `total[pages] += ...`; no page stands twice under a term.
            np.add.at(total, self.pages[start:end], self.weights[start:end] * np.float32(weight))
        return total, most.astype(np.float32)


def channel_of(
    counts: sparse.csr_array,
    vocabulary: Mapping[str, int],
    languages: Codes,
    count: int,
    kind: Bm25,
    base: Channel | None = None,
    base_sizes: NDArray[np.int64] | None = None,
) -> Channel:
    """Compile a (pages, terms) matrix of counts into a channel.

    `languages` is each page's language code below `count`. With `base`, idf is taken from that
    channel where it knows the term, and so is the usual length of a page: a few new pages rank
    as if they were part of the whole.
    """
    size = counts.shape[0]
    sizes = np.bincount(languages, minlength=count).astype(np.int64)
    frequency = np.zeros((count, counts.shape[1]), np.float32)
    for language in np.unique(languages):
        rows = counts[languages == language]
        frequency[language] = np.bincount(rows.indices, minlength=counts.shape[1])
    if base is not None and base_sizes is not None:
        sizes = np.maximum(base_sizes, sizes)
    idf = _idf(sizes[:, None], frequency)
    unknown = _idf(sizes, np.zeros(count, np.float32))
    if base is not None:
        idf = _borrowed(idf, vocabulary, base)
    average = _averages(counts, languages, count, base)
    weighted = _weighted(counts, languages, average, idf, kind)
    return Channel(
        vocabulary,
        weighted.indptr.astype(np.int64),
        weighted.indices.astype(np.int32),
        weighted.data.astype(np.float32),
        idf,
        unknown,
        average,
        size,
    )


def _idf(sizes: NDArray[np.int64], frequency: Floats) -> Floats:
    missing = np.maximum(sizes - frequency, 0)
    idf: Floats = np.log1p((missing + 0.5) / (frequency + 0.5)).astype(np.float32)
    return idf


def _borrowed(idf: Floats, vocabulary: Mapping[str, int], base: Channel) -> Floats:
    for term, code in vocabulary.items():
        known = base.vocabulary.get(term)
        if known is not None:
            idf[: len(base.idf), code] = base.idf[:, known]
    return idf


def _averages(
    counts: sparse.csr_array, languages: Codes, count: int, base: Channel | None
) -> Floats:
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    average = np.zeros(count, np.float32)
    for language in np.unique(languages):
        average[language] = max(1e-6, float(lengths[languages == language].mean()))
    if base is not None:
        known = np.flatnonzero(base.average)
        average[known] = base.average[known]
    return average


def _weighted(
    counts: sparse.csr_array, languages: Codes, average: Floats, idf: Floats, kind: Bm25
) -> sparse.csc_array:
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    norm = kind.k1 * (1 - kind.b + kind.b * lengths / average[languages])
    coo = counts.tocoo()
    rows, columns = coo.coords
    data = coo.data * (kind.k1 + 1) / (coo.data + norm[rows]) * idf[languages[rows], columns]
    return sparse.coo_array((data, (rows, columns)), shape=counts.shape).tocsc()


@lru_cache(maxsize=200_000)
def grams(term: str) -> tuple[str, ...]:
    """The word's pieces of four letters, its borders marked; short words stay whole."""
    marked = f"^{term}$"
    return tuple(marked[i : i + GRAM] for i in range(max(1, len(marked) - GRAM + 1)))


def gram_weights(asked: Mapping[str, float]) -> dict[str, float]:
    """The pieces of weighted words; a piece of several words keeps the highest weight."""
    pieces: dict[str, float] = {}
    for term, weight in asked.items():
        for piece in grams(term):
            pieces[piece] = max(weight, pieces.get(piece, 0.0))
    return pieces


def gram_counts(
    counts: sparse.csr_array, vocabulary: Mapping[str, int]
) -> tuple[sparse.csr_array, dict[str, int]]:
    """(pages, terms) counts -> (pages, pieces) counts and the pieces' codes."""
    pieces: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for term, code in vocabulary.items():
        for piece in grams(term):
            rows.append(code)
            columns.append(pieces.setdefault(piece, len(pieces)))
    spread = sparse.csr_array(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(vocabulary), len(pieces))
    )
    return (counts @ spread).tocsr(), pieces
