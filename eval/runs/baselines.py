"""What the engine is compared with: lexical only, dense only, plain reciprocal-rank fusion.

All three see the same pages, passages and lemmas as the engine, ranked without weights, means,
facets or trust. Vectors are those of the plain encoder, without the engine's adapter. Facets that
are known narrow the field for them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.datasets import Document, narrowed
from eval.metrics import DEPTH
from eval.progress import Progress
from eval.runs.base import Base, Page, encode_plainly
from eval.runs.bm25 import Bm25
from kb.domain import Facets, Part
from kb.ports import Vectors
from kb.queries.passages import decode_vectors, iter_index_rows
from kb.text.terms import terms

RRF_K = 60
FUSED = 100  # documents of each list that are fused
ENCODED_AT_ONCE = 64

Scores = NDArray[np.float64]
Ranking = list[str]


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for: plain text in a language, and what narrows the field."""

    text: str
    language: str
    known: Facets
    exclude: str | None = None


class Baselines:
    """The three of them over one base."""

    def __init__(self, base: Base, progress: Progress) -> None:
        self._base = base
        self._pages = list(base.pages)
        self._names = [base.names[page.key] for page in self._pages]
        self._masks: dict[str, NDArray[np.bool_] | None] = {}
        with progress.task("Counting words", len(self._pages)) as task:
            lemmas = []
            for page in self._pages:
                lemmas.append(_lemmas(base.pages[page]))
                task.advance()
            self._lexical = Bm25(lemmas)
        encode_plainly(base, progress)
        self._vectors, self._starts = self._passages()

    def rank(self, questions: Sequence[Question], progress: Progress) -> dict[str, list[Ranking]]:
        """Document ids by baseline and question, best first, at most ten."""
        found: dict[str, list[Ranking]] = {"lexical": [], "dense": [], "rrf": []}
        with progress.task("Asking the baselines", len(questions)) as task:
            for start in range(0, len(questions), ENCODED_AT_ONCE):
                some = questions[start : start + ENCODED_AT_ONCE]
                nearest = self._nearest([question.text for question in some])
                for question, near in zip(some, nearest, strict=True):
                    lexical = self._ranked(question, self._matching(question))
                    dense = self._ranked(question, near)
                    found["lexical"].append(lexical[:DEPTH])
                    found["dense"].append(dense[:DEPTH])
                    found["rrf"].append(fuse([lexical, dense])[:DEPTH])
                task.advance(len(some))
        return found

    def _matching(self, question: Question) -> Scores:
        scores = self._lexical.scores(terms(question.text, question.language))
        return np.where(scores > 0, scores, -np.inf)

    def _nearest(self, texts: Sequence[str]) -> Scores:
        """Raw cosine of each text with the best passage of each page, shape (texts, pages)."""
        queries = self._base.setup.plain.encode(texts, "query")
        scores = np.full((len(texts), len(self._pages)), -np.inf)
        if len(self._vectors):
            filled = np.flatnonzero(np.diff(self._starts) > 0)
            cosines = queries @ self._vectors.T
            scores[:, filled] = np.maximum.reduceat(cosines, self._starts[filled], axis=1)
        return scores

    def _ranked(self, question: Question, scores: Scores) -> Ranking:
        mask = self._mask(question.known)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        wide = min(len(scores), 4 * FUSED)
        rows = np.argpartition(-scores, wide - 1)[:wide]
        ranking: dict[str, None] = {}
        for row in rows[np.lexsort((rows, -scores[rows]))]:
            if scores[row] == -np.inf:
                break
            if self._names[row] != question.exclude:
                ranking.setdefault(self._names[row])
        return list(ranking)[:FUSED]

    def _mask(self, known: Facets) -> NDArray[np.bool_] | None:
        if not known:
            return None
        key = repr(sorted(known.items()))
        if key not in self._masks:
            documents = self._base.pages
            fits = [narrowed(known, documents[page].facets) for page in self._pages]
            self._masks[key] = np.array(fits, dtype=np.bool_)
        return self._masks[key]

    def _passages(self) -> tuple[Vectors, NDArray[np.int64]]:
        """Stored vectors in the order of the pages; page p has rows starts[p] to starts[p + 1]."""
        base = self._base
        held: dict[Page, list[bytes]] = {}
        with base.sessions() as session:
            for row in iter_index_rows(session, base.setup.plain.model_id):
                page = Page(row.document_id, row.language)
                made_up = row.part == Part.resolution and not base.pages[page].resolution
                if row.vector is not None and not made_up:
                    held.setdefault(page, []).append(row.vector)
        groups = [held.get(page, []) for page in self._pages]
        starts = np.concatenate([[0], np.cumsum([len(group) for group in groups])])
        vectors = decode_vectors([vector for group in groups for vector in group])
        return vectors, starts.astype(np.int64)


def fuse(lists: Sequence[Sequence[str]]) -> Ranking:
    """Sum of 1 / (60 + rank) over the lists (Cormack, Clarke and Büttcher 2009)."""
    scores: dict[str, float] = {}
    for ranking in lists:
        for rank, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores, key=lambda name: (-scores[name], name))


def _lemmas(document: Document) -> list[str]:
    """The engine's own terms of a page, those of its title twice."""
    title = terms(document.title, document.language)
    body = terms(f"{document.text}\n{document.resolution}", document.language)
    return [*title, *title, *body]


def by_language(languages: Sequence[str]) -> Mapping[str, list[int]]:
    """The places of each language in the list."""
    found: dict[str, list[int]] = {}
    for row, language in enumerate(languages):
        found.setdefault(language, []).append(row)
    return found
