"""Ranking: the candidate pages of a segment and their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kb.ports import PassageFilter, Vectors
from kb.search.centre import Means, unit
from kb.search.expand import Asked
from kb.search.fuse import Features, Weights, shares
from kb.search.lexical import Channel, Floats, gram_weights
from kb.search.segment import PageKey, Segment
from kb.search.view import Part

CANDIDATES = 80  # rows or pages taken from each way of finding
Pages = NDArray[np.int64]


@dataclass(frozen=True)
class PageWords:
    """What words alone say of all pages of a part, each of shape (pages,)."""

    words: Floats  # BM25 shares
    titles: Floats
    grams: Floats
    named: Floats  # how surely the text names a facet value of the page, by its rarity


@dataclass(frozen=True)
class Question:
    """A query ready to be asked of parts, whatever it is filtered by.

    `vector` is mixed and centred, shape (dim,); None: words only. `pieces` are those of a long
    letter (`kb.search.pieces`).
    """

    text: str
    language: str
    asked: Asked
    vector: Vectors | None
    pieces: tuple[Question, ...] = ()
    _words: dict[int, PageWords] = field(default_factory=dict, init=False)
    _cosines: dict[int, Vectors] = field(default_factory=dict, init=False)

    def page_words(self, part: Part) -> PageWords:
        """Worked out once, though articles and cases of a part are ranked apart."""
        key = id(part)
        if key not in self._words:
            self._words[key] = _page_words(part, self)
        return self._words[key]

    def cosines(self, part: Part, rows: NDArray[np.int64] | slice | None = None) -> Vectors:
        """Cosines of the query with these rows of a part, else with all: shape (n,).

        A small part is compared as a whole, once. Without a vector they are zeros.
        """
        vectors = part.segment.vectors
        if self.vector is None:
            return np.zeros(len(vectors[rows] if rows is not None else vectors), np.float32)
        if part.segment.stores and rows is not None:
            found: Vectors = vectors[rows] @ self.vector
            return found
        key = id(part)
        if key not in self._cosines:
            self._cosines[key] = vectors @ self.vector
        return self._cosines[key] if rows is None else self._cosines[key][rows]


@dataclass(frozen=True)
class Ranked:
    """A page with its score, the shares that make it up, and its cosines and word share."""

    key: PageKey
    score: float
    shares: Mapping[str, float]
    body: float
    title: float
    words: float


@dataclass(frozen=True)
class Candidates:
    """Pages of a segment with their scores and what makes them up; arrays of shape (n,)."""

    segment: Segment
    pages: Pages
    scores: Floats
    shares: Mapping[str, Floats]
    features: Features

    def keys(self) -> list[PageKey]:
        known = self.segment.rows.pages
        return [known[page] for page in self.pages.tolist()]

    def key(self, place: int) -> PageKey:
        return self.segment.rows.pages[int(self.pages[place])]

    def agreed(self, found: Mapping[tuple[str, str], float], weight: float) -> Candidates:
        """The same with what the pieces of a letter add, by document in [0, 1]."""
        values = [found.get(key[:2], 0.0) for key in self.keys()]
        added = weight * np.array(values, np.float32)
        return replace(self, scores=self.scores + added, shares={**self.shares, "pieces": added})

    def at(self, place: int) -> Ranked:
        """One of them, in full: only what may be shown is worth an object."""
        return Ranked(
            self.key(place),
            float(self.scores[place]),
            {name: float(values[place]) for name, values in self.shares.items()},
            float(self.features.body[place]),
            float(self.features.title[place]),
            float(self.features.words[place]),
        )


def mixed_vector(
    vectors: Vectors | None, full_share: float, language: str, means: Means
) -> Vectors | None:
    """The centred mix, shape (dim,), of the raw vectors of the whole text and the focus.

    They are the first two rows of `vectors`.

    None where there is nothing to compare with.
    """
    if vectors is None:
        return None
    both = means.centred(vectors[:2], "query", language)
    mixed = unit(full_share * both[0] + (1 - full_share) * both[1])
    return mixed if mixed.any() else None


def rank_part(
    part: Part, question: Question, where: PassageFilter, weights: Weights
) -> Candidates | None:
    """The candidate pages of one part, unordered; None when nothing there may be found."""
    allowed = allowed_pages(part, where)
    if not allowed.any():
        return None
    words = question.page_words(part)
    found = [_best(np.where(allowed, scores, 0)) for scores in (words.words, words.grams)]
    if question.vector is not None:
        found += _nearest(part, question, question.vector, where, allowed)
    pages = np.unique(np.concatenate(found))
    body, title = _cosines(part, pages, question)
    features = Features(
        body,
        title,
        words.words[pages],
        words.titles[pages],
        words.grams[pages],
        words.named[pages],
    )
    parts = shares(features, weights, weights.lexical(question.language, question.text))
    scores: Floats = np.sum(list(parts.values()), axis=0)
    return Candidates(part.segment, pages, scores, parts, features)


def allowed_pages(part: Part, where: PassageFilter) -> NDArray[np.bool_]:
    """Which pages of a part may be found, shape (pages,)."""
    mask = part.segment.columns.mask(where)
    return ~part.hidden_pages if mask is None else mask & ~part.hidden_pages


def _page_words(part: Part, question: Question) -> PageWords:
    segment, asked = part.segment, question.asked.terms
    channels = segment.channels
    return PageWords(
        _share(segment, channels.words, asked),
        _share(segment, channels.titles, asked),
        _share(segment, channels.grams, gram_weights(asked)),
        part.names.scores(part.names.named_in(question.text)),
    )


def _share(segment: Segment, channel: Channel, asked: Mapping[str, float]) -> Floats:
    total, most = channel.scores(asked)
    most_of_page = np.maximum(most[segment.language_of], np.float32(1e-6))
    result: Floats = (total / most_of_page).astype(np.float32)
    return result


def _nearest(
    part: Part,
    question: Question,
    vector: Vectors,
    where: PassageFilter,
    allowed: NDArray[np.bool_],
) -> list[Pages]:
    """Pages of the passages nearest to the query: those embedded as queries, and the others."""
    segment, found = part.segment, []
    for store in segment.stores.values():
        ids, _ = store.search(vector, CANDIDATES, where)
        rows = segment.row_of(ids)
        found.append(segment.rows.page_of[rows[~part.hidden_rows[rows]]])
    if not segment.stores:
        page_of = segment.rows.page_of
        may = allowed[page_of] & segment.has_vector & ~part.hidden_rows
        cosines = question.cosines(part) + 2  # all above zero
        for kind in (segment.is_query, ~segment.is_query):
            found.append(page_of[_best(np.where(may & kind, cosines, 0))])
    return [pages[allowed[pages]].astype(np.int64) for pages in found]


def _best(scores: Floats) -> NDArray[np.int64]:
    """Where the highest scores above zero are, unordered."""
    if len(scores) > CANDIDATES:
        top = np.argpartition(-scores, CANDIDATES)[:CANDIDATES]
    else:
        top = np.arange(len(scores))
    return top[scores[top] > 0].astype(np.int64)


def _cosines(part: Part, pages: Pages, question: Question) -> tuple[Floats, Floats]:
    """Per page the best cosine of its passages and of its titles; one stands in for the other."""
    segment = part.segment
    if question.vector is None or not len(pages):
        nothing = np.zeros(len(pages), np.float32)
        return nothing, nothing
    starts = segment.starts[pages]
    lengths = segment.starts[pages + 1] - starts
    begins = np.cumsum(lengths) - lengths
    rows = np.repeat(starts - begins, lengths) + np.arange(lengths.sum())
    cosines = question.cosines(part, rows)
    gone = part.hidden_rows[rows] | ~segment.has_vector[rows]
    is_query = segment.is_query[rows]
    body = np.maximum.reduceat(np.where(gone | is_query, -2, cosines), begins)
    title = np.maximum.reduceat(np.where(gone | ~is_query, -2, cosines), begins)
    body, title = np.where(body < -1, title, body), np.where(title < -1, body, title)
    floor = np.float32(0)
    return (
        np.where(body < -1, floor, body).astype(np.float32),
        np.where(title < -1, floor, title).astype(np.float32),
    )
