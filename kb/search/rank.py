"""Ranking: the candidate pages of a segment and their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
class Question:
    """A query ready to be asked of segments. Vectors are raw, shape (dim,); None: words only."""

    text: str
    full: Vectors | None
    focus: Vectors | None
    full_share: float
    language: str
    asked: Asked
    where: PassageFilter

    def centred(self, means: Means) -> Vectors | None:
        """The mixed, centred query vector, shape (dim,)."""
        if self.full is None or self.focus is None:
            return None
        both = means.centred(np.stack([self.full, self.focus]), "query", self.language)
        mixed = unit(self.full_share * both[0] + (1 - self.full_share) * both[1])
        return mixed if mixed.any() else None


@dataclass(frozen=True)
class Ranked:
    """A page with its score, the shares that make it up, and its cosines and word share."""

    key: PageKey
    score: float
    shares: dict[str, float]
    body: float
    title: float
    words: float


def rank_part(
    part: Part, question: Question, vector: Vectors | None, weights: Weights
) -> list[Ranked]:
    """The candidate pages of one part, unordered."""
    allowed = allowed_pages(part, question.where)
    if not allowed.any():
        return []
    lexical = _lexical(part.segment, question)
    pages = _candidates(part, question, vector, lexical, allowed)
    if not len(pages):
        return []
    named = part.names.scores(part.names.named_in(question.text))
    features = _features(part, pages, vector, lexical, named)
    scale = weights.lexical(question.language, question.text)
    return _ranked(part.segment, pages, features, shares(features, weights, scale))


def page_cosines(part: Part, page: int, vector: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """The rows of a page still there, and their cosines with the query: shapes (n,), (n,)."""
    span = part.segment.rows_of(page)
    rows = np.arange(span.start, span.stop)
    rows = rows[~part.hidden_rows[rows]]
    return rows, part.segment.vectors[rows] @ vector


def allowed_pages(part: Part, where: PassageFilter) -> NDArray[np.bool_]:
    """Which pages of a part may be found, shape (pages,)."""
    mask = part.segment.columns.mask(where)
    return ~part.hidden_pages if mask is None else mask & ~part.hidden_pages


def _lexical(segment: Segment, question: Question) -> dict[str, Floats]:
    asked = question.asked.terms
    channels = segment.channels
    return {
        "words": _share(segment, channels.words, asked),
        "titles": _share(segment, channels.titles, asked),
        "grams": _share(segment, channels.grams, gram_weights(asked)),
    }


def _share(segment: Segment, channel: Channel, asked: Mapping[str, float]) -> Floats:
    total, most = channel.scores(asked)
    most_of_page = np.maximum(most[segment.language_of], np.float32(1e-6))
    result: Floats = (total / most_of_page).astype(np.float32)
    return result


def _candidates(
    part: Part,
    question: Question,
    vector: Vectors | None,
    lexical: dict[str, Floats],
    allowed: NDArray[np.bool_],
) -> Pages:
    segment = part.segment
    found = [_best(np.where(allowed, lexical[name], 0)) for name in ("words", "grams")]
    if vector is not None:
        for store in segment.stores.values():
            ids, _ = store.search(vector, CANDIDATES, question.where)
            rows = segment.row_of(ids)
            found.append(segment.rows.page_of[rows[~part.hidden_rows[rows]]].astype(np.int64))
    pages = np.unique(np.concatenate(found))
    return pages[allowed[pages]]


def _best(scores: Floats) -> Pages:
    """The pages with the highest scores above zero."""
    if len(scores) > CANDIDATES:
        top = np.argpartition(-scores, CANDIDATES)[:CANDIDATES]
    else:
        top = np.arange(len(scores))
    return top[scores[top] > 0].astype(np.int64)


def _features(
    part: Part,
    pages: Pages,
    vector: Vectors | None,
    lexical: dict[str, Floats],
    named: Floats,
) -> Features:
    body, title = _cosines(part, pages, vector)
    zeros = np.zeros(len(pages), np.float32)
    return Features(
        body,
        title,
        lexical["words"][pages],
        lexical["titles"][pages],
        lexical["grams"][pages],
        named[pages],
        zeros,
        zeros,
    )


def _cosines(part: Part, pages: Pages, vector: Vectors | None) -> tuple[Floats, Floats]:
    """Per page the best cosine of its passages and of its titles; one stands in for the other."""
    segment = part.segment
    if vector is None:
        nothing = np.zeros(len(pages), np.float32)
        return nothing, nothing
    ends = np.append(segment.starts[1:], len(segment.rows.ids))
    lengths = (ends - segment.starts)[pages]
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = np.repeat(segment.starts[pages] - begins, lengths) + np.arange(lengths.sum())
    cosines = segment.vectors[rows] @ vector
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


def _ranked(
    segment: Segment, pages: Pages, features: Features, parts: Mapping[str, Floats]
) -> list[Ranked]:
    total = np.sum(list(parts.values()), axis=0)
    return [
        Ranked(
            segment.rows.pages[page],
            float(total[i]),
            {name: float(values[i]) for name, values in parts.items()},
            float(features.body[i]),
            float(features.title[i]),
            float(features.words[i]),
        )
        for i, page in enumerate(pages.tolist())
    ]
