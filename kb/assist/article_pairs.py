"""Pairs of published articles that are likely about the same problem, told by stored vectors.

Each article is one vector: what its titles say and what its texts say, in all its languages
together, centred as in search. How near two must be is told by what is usual among the articles
(`kb.assist.groups.usual_bar`), so no encoder and no threshold of its own are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.assist.groups import BLOCK, usual_bar
from kb.domain import Article, ArticleState, Facets, Pool, in_scope
from kb.ports import Vectors
from kb.search.centre import unit
from kb.search.search import Searcher
from kb.search.view import Part

MOST_PAIRS = 100
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ArticlePair:
    """Two articles by key, and the cosine of their vectors, at most 1."""

    first: str
    second: str
    closeness: float


def likely_pairs(
    session: Session, searcher: Searcher, scope: Facets, most: int = MOST_PAIRS
) -> list[ArticlePair]:
    """The nearest first, at most `most`; of published articles in scope. Raises DatabaseError."""
    view = searcher.index.seen_by(session)
    rows = session.execute(
        select(col(Article.id), col(Article.facets))
        .where(col(Article.state) == ArticleState.published)
        .order_by(col(Article.id))
    )
    keys = [key for key, facets in rows if in_scope(facets, scope)]
    vectors, has_vector = _article_vectors(view.parts, keys)
    keys = [key for key, has in zip(keys, has_vector, strict=True) if has]
    vectors = vectors[has_vector]
    return [
        ArticlePair(keys[first], keys[second], cosine)
        for first, second, cosine in _nearest(vectors, usual_bar(vectors), most)
    ]


def _article_vectors(parts: tuple[Part, ...], keys: list[str]) -> tuple[Vectors, NDArray[np.bool_]]:
    """Shape (keys, dim), of length 1, and which of the keys have one."""
    dim = parts[0].segment.vectors.shape[1] if parts else 1
    titles, bodies = (np.zeros((len(keys), dim), np.float32) for _ in range(2))
    at = {key: number for number, key in enumerate(keys)}
    for part in parts:
        segment = part.segment
        of_page = np.fromiter(
            (
                at.get(page.document_id, -1) if page.pool == Pool.article else -1
                for page in segment.rows.pages
            ),
            np.int64,
            count=segment.size,
        )
        article = of_page[segment.rows.page_of]
        counts = (article >= 0) & segment.has_vector & ~part.hidden_rows
        for total, of_kind in ((titles, segment.is_query), (bodies, ~segment.is_query)):
            total += _sums(segment.vectors, article, counts & of_kind, len(keys))
    vectors = unit(unit(titles) + unit(bodies))
    has: NDArray[np.bool_] = np.any(vectors != 0, axis=1)
    return vectors, has


def _sums(vectors: Vectors, article: Codes, chosen: NDArray[np.bool_], size: int) -> Vectors:
    """Shape (size, dim): the sum of the chosen rows of each article."""
    [rows] = np.nonzero(chosen)
    ones = np.ones(len(rows), np.float32)
    picks = sparse.csr_matrix((ones, (article[rows], rows)), shape=(size, len(vectors)))
    summed: Vectors = picks @ vectors
    return summed


def _nearest(vectors: Vectors, near: float, most: int) -> list[tuple[int, int, float]]:
    """Pairs of rows (the lower one first) at least so near, the nearest first."""
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK] @ vectors[start:].T
        firsts, seconds = np.nonzero(np.triu(block, 1) >= near)
        cosines = block[firsts, seconds]
        best = np.argsort(-cosines, kind="stable")[:most]
        found += [
            (-float(cosines[n]), int(firsts[n]) + start, int(seconds[n]) + start) for n in best
        ]
    return [(first, second, min(1.0, -less)) for less, first, second in sorted(found)[:most]]
