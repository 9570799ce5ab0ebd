"""Segment: a set of passages compiled for search. Immutable once built.

A page is one document in one language: the unit of ranking. A segment holds its pages' lexical
channels and its passages' centred vectors, those made as queries (titles, problems) apart from
those made as passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kb.ports import Ids, PassageLabels, Vectors
from kb.queries.passages import IndexRow
from kb.search.centre import Means
from kb.search.dense import EXACT_UP_TO, FaissStore
from kb.search.labels import LabelColumns
from kb.search.lexical import (
    GRAMS,
    TITLES,
    WORDS,
    Channel,
    channel_of,
    gram_counts,
)

QUERY_PARTS = frozenset({"title", "problem"})  # embedded the way queries are
TITLE_WEIGHT = 2.0  # a title's word counts as often
SHOWN_FIRST = {"resolution": 3, "body": 2, "problem": 2, "tried": 1, "title": 0}
OPENING = 0.15  # cosine that the first passage is worth more: articles start with the answer


class PageKey(NamedTuple):
    pool: str
    document_id: str
    language: str


@dataclass(frozen=True)
class Rows:
    """Passages as columns, sorted by page; what a snapshot stores."""

    ids: Ids
    page_of: NDArray[np.int32]
    parts: tuple[str, ...]
    vectors: NDArray[np.float16]  # raw, zeros where there is none
    pages: tuple[PageKey, ...]
    labels: tuple[PassageLabels, ...]  # per page
    terms: tuple[str, ...]  # all of a page's terms, space separated
    title_terms: tuple[str, ...]

    @property
    def is_query(self) -> NDArray[np.bool_]:
        return np.fromiter((p in QUERY_PARTS for p in self.parts), np.bool_, count=len(self.parts))


@dataclass(frozen=True)
class Channels:
    """The lexical channels of a segment's pages."""

    words: Channel
    titles: Channel
    grams: Channel
    sizes: NDArray[np.int64]  # pages per language code


@dataclass(frozen=True)
class Segment:
    rows: Rows
    languages: tuple[str, ...]  # code -> language
    language_of: NDArray[np.int32]  # per page
    channels: Channels
    vectors: Vectors  # centred, float32
    starts: NDArray[np.int64]  # first row of each page, and where the last one ends
    stores: dict[str, FaissStore]  # "query" and "passage"; empty while one product is as fast
    columns: LabelColumns  # per page
    is_query: NDArray[np.bool_]  # per row
    has_vector: NDArray[np.bool_]  # per row
    to_show: NDArray[
        np.float64
    ]  # per row: what it counts, beside its cosine, when a page shows one
    by_id: NDArray[np.int64]  # rows in the order of their ids
    position: dict[PageKey, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.rows.pages)

    def row_of(self, ids: Ids) -> NDArray[np.int64]:
        """The rows of these passage ids, all of which must be here."""
        at = np.searchsorted(self.rows.ids, ids, sorter=self.by_id)
        found: NDArray[np.int64] = self.by_id[at]
        return found

    def rows_of(self, page: int) -> slice:
        return slice(int(self.starts[page]), int(self.starts[page + 1]))


def collect_rows(found: Sequence[IndexRow], dim: int) -> Rows:
    """Index rows of SQL as columns, passages of a page together."""
    pages: dict[PageKey, int] = {}
    codes = np.fromiter(
        (pages.setdefault(PageKey(r.pool, r.document_id, r.language), len(pages)) for r in found),
        np.int32,
        count=len(found),
    )
    order = np.argsort(codes, kind="stable")
    empty = np.zeros(dim, "<f2").tobytes()
    blob = b"".join(
        v if (v := found[i].vector) is not None and len(v) == 2 * dim else empty for i in order
    )
    terms: list[list[str]] = [[] for _ in pages]
    titles = [""] * len(pages)
    labels: list[PassageLabels | None] = [None] * len(pages)
    for row, code in zip(found, codes, strict=True):
        terms[code].append(row.terms)
        titles[code] = row.title_terms
        if labels[code] is None:
            labels[code] = PassageLabels(row.pool, row.language, row.audience, row.facets)
    return Rows(
        np.fromiter((found[i].id for i in order), np.int64, count=len(found)),
        codes[order],
        tuple(found[i].part for i in order),
        np.frombuffer(blob, "<f2").reshape(len(found), dim),
        tuple(pages),
        tuple(label for label in labels if label is not None),
        tuple(" ".join(parts) for parts in terms),
        tuple(titles),
    )


def build_segment(
    rows: Rows, means: Means, languages: tuple[str, ...], base: Channels | None = None
) -> Segment:
    """Compile rows; `languages` gives the codes, all of the rows' languages among them."""
    code = {language: i for i, language in enumerate(languages)}
    language_of = np.fromiter(
        (code[p.language] for p in rows.pages), np.int32, count=len(rows.pages)
    )
    vectors = _centred(rows, means)
    return Segment(
        rows,
        languages,
        language_of,
        _channels(rows, language_of, len(languages), base),
        vectors,
        np.searchsorted(rows.page_of, np.arange(len(rows.pages) + 1)),
        _stores(rows, vectors),
        LabelColumns(rows.labels),
        rows.is_query,
        np.any(vectors != 0, axis=1),
        _to_show(rows.parts),
        np.argsort(rows.ids, kind="stable"),
        {key: i for i, key in enumerate(rows.pages)},
    )


def _centred(rows: Rows, means: Means) -> Vectors:
    vectors = rows.vectors.astype(np.float32)
    languages = np.array([p.language for p in rows.pages])
    of_row = languages[rows.page_of] if len(rows.pages) else languages[:0]
    is_query = rows.is_query
    for language in set(languages.tolist()):
        for kind, mask in (("query", is_query), ("passage", ~is_query)):
            chosen = np.flatnonzero((of_row == language) & mask)
            if len(chosen):
                vectors[chosen] = means.centred(vectors[chosen], kind, language)
    return vectors


def _to_show(parts: Sequence[str]) -> NDArray[np.float64]:
    """What solved a case, then the text of an article; a title only where there is no more.

    A step of one is more than any difference of cosines.
    """
    worth = np.fromiter((10 * SHOWN_FIRST[part] for part in parts), np.float64, count=len(parts))
    is_title = np.fromiter((part == "title" for part in parts), np.bool_, count=len(parts))
    is_body = np.fromiter((part == "body" for part in parts), np.bool_, count=len(parts))
    worth[1:] += OPENING * (is_body[1:] & is_title[:-1])
    return worth


def _stores(rows: Rows, vectors: Vectors) -> dict[str, FaissStore]:
    if len(rows.ids) <= EXACT_UP_TO:
        return {}
    stores = {}
    has_vector = np.any(vectors != 0, axis=1)
    for kind, mask in (("query", rows.is_query), ("passage", ~rows.is_query)):
        chosen = np.flatnonzero(mask & has_vector)
        labels = [rows.labels[rows.page_of[i]] for i in chosen]
        stores[kind] = FaissStore.of(rows.ids[chosen], vectors[chosen], labels)
    return stores


def _channels(
    rows: Rows, language_of: NDArray[np.int32], count: int, base: Channels | None
) -> Channels:
    vocabulary: dict[str, int] = {}
    bodies = _counts(rows.terms, vocabulary)
    titles = _counts(rows.title_terms, vocabulary)
    width = len(vocabulary)
    bodies.resize((len(rows.pages), width))
    titles.resize((len(rows.pages), width))
    both = (bodies + titles * TITLE_WEIGHT).tocsr()
    pieces, piece_codes = gram_counts(both, vocabulary)
    sizes = np.bincount(language_of, minlength=count).astype(np.int64)
    known = base.sizes if base is not None else None
    if known is not None and len(known) < count:
        known = np.pad(known, (0, count - len(known)))
    words, titled, pieced = (base.words, base.titles, base.grams) if base else (None, None, None)
    return Channels(
        channel_of(both, vocabulary, language_of, count, WORDS, words, known),
        channel_of(titles, vocabulary, language_of, count, TITLES, titled, known),
        channel_of(pieces, piece_codes, language_of, count, GRAMS, pieced, known),
        sizes if known is None else np.maximum(known, sizes),
    )


def _counts(texts: Sequence[str], vocabulary: dict[str, int]) -> sparse.csr_array:
    columns: list[int] = []
    ends = np.zeros(len(texts) + 1, np.int64)
    for row, text in enumerate(texts):
        columns.extend([vocabulary.setdefault(t, len(vocabulary)) for t in text.split()])
        ends[row + 1] = len(columns)
    matrix = sparse.csr_array(
        (np.ones(len(columns), np.float32), np.asarray(columns, np.int32), ends),
        shape=(len(texts), max(1, len(vocabulary))),
    )
    matrix.sum_duplicates()
    return matrix
