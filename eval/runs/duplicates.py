"""Near-duplicates: what the engine proposes for a text, beside what words alone would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.datasets import Document
from eval.duplicate_sets import Asked, DuplicateSet
from eval.progress import Progress
from eval.runs.base import Base, temporary_base
from eval.runs.bm25 import Bm25
from eval.runs.setup import Setup
from kb.assist.duplicates import (
    LIMIT,
    Wanted,
    figure_rows,
    find_duplicates,
    model_name,
    search_texts,
)
from kb.domain import Audience
from kb.ports import Vectors
from kb.search.search import Searcher
from kb.text.terms import terms

ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document proposed as a duplicate, with what its probability is judged by."""

    document: str
    language: str
    figures: tuple[float, ...]
    probability: float
    likely: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What was proposed for one text, best first, by the engine and by words alone."""

    set: str
    model: str
    language: str
    corpus: str
    new: bool
    engine: tuple[Proposal, ...]
    lexical: tuple[Proposal, ...]


def run_duplicates(one: DuplicateSet, setup: Setup, progress: Progress) -> list[Answer]:
    """The answers to all that a set asks, in a base of its own."""
    progress.say(f"{one.name}: {len(one.documents)} documents, {len(one.asked)} texts")
    with temporary_base(one.documents, one.pool, setup, progress) as base:
        keys = {name: key for key, name in base.names.items()}
        lexical = _Lexical(base)
        found = []
        for asked in progress.each(_encoded(one.asked, setup), "Asking", len(one.asked)):
            text, vectors = asked
            right = frozenset(keys[name] for name in text.right if name in keys)
            own = frozenset({keys[text.id]} if one.own and text.id in keys else ())
            engine = _proposed(base, text, right, own, vectors)
            words = lexical.proposed(text, right, own)
            corpus = text.corpus or text.language
            model = model_name(one.pool, search_texts(text.title, text.text)[0])
            answer = (one.name, model, text.language, corpus, not right, engine, words)
            found.append(Answer(*answer))
        return found


def proposals(
    searcher: Searcher, wanted: Wanted, right: frozenset[str], vectors: Vectors | None = None
) -> tuple[Proposal, ...]:
    """What the engine proposes; `right` are the keys of documents that say the same."""
    found = find_duplicates(searcher, wanted, vectors)
    ordered = sorted(found, key=lambda d: (-d.hit.score, d.document))
    rows = figure_rows([d.hit for d in ordered])
    return tuple(
        Proposal(
            d.hit.document_id,
            d.hit.language,
            tuple(row),
            d.probability,
            d.likely,
            d.hit.document_id in right,
        )
        for d, row in zip(ordered, rows, strict=True)
    )


def _proposed(
    base: Base, asked: Asked, right: frozenset[str], own: frozenset[str], vectors: Vectors
) -> tuple[Proposal, ...]:
    pool = base.pool
    wanted = Wanted(
        asked.text,
        asked.language,
        asked.title,
        reader=Audience.internal,
        pools=frozenset({pool}),
        languages=frozenset({asked.corpus}) if asked.corpus else None,
        exclude=frozenset(f"{pool}:{key}" for key in own),
    )
    return proposals(base.searcher, wanted, right, vectors)


def _encoded(asked: Sequence[Asked], setup: Setup) -> Iterator[tuple[Asked, Vectors]]:
    for start in range(0, len(asked), ENCODED_AT_ONCE):
        some = asked[start : start + ENCODED_AT_ONCE]
        texts = [text for one in some for text in search_texts(one.title, one.text)]
        vectors = setup.encoder.encode(texts, "query").reshape(len(some), 2, -1)
        yield from zip(some, vectors, strict=True)


class _Lexical:
    """BM25 over whole pages, those of each language apart."""

    def __init__(self, base: Base) -> None:
        by_language: dict[str, list[tuple[str, Document]]] = {}
        for page, document in base.pages.items():
            by_language.setdefault(page.language, []).append((page.key, document))
        self._keys = {tag: [key for key, _ in found] for tag, found in by_language.items()}
        self._pages = {
            tag: Bm25([_lemmas(document) for _, document in found])
            for tag, found in by_language.items()
        }

    def proposed(
        self, asked: Asked, right: frozenset[str], own: frozenset[str]
    ) -> tuple[Proposal, ...]:
        """The best by words, of the language asked of; figures: share of the most, and lead."""
        corpus = asked.corpus or asked.language
        pages, keys = self._pages.get(corpus), self._keys.get(corpus, [])
        if pages is None:
            return ()
        words = terms(search_texts(asked.title, asked.text)[0], asked.language)
        shares = pages.scores(words) / max(pages.most(words), 1e-9)
        order = [row for row in np.argsort(-shares, kind="stable") if keys[row] not in own]
        best = [row for row in order[: LIMIT + 1] if shares[row] > 0]
        found = []
        for place, row in enumerate(best[:LIMIT]):
            other = best[1 if place == 0 else 0] if len(best) > 1 else None
            lead = float(shares[row] - (shares[other] if other is not None else 0.0))
            figures = (float(shares[row]), lead)
            found.append(Proposal(keys[row], corpus, figures, 0.0, False, keys[row] in right))
        return tuple(found)


def _lemmas(document: Document) -> list[str]:
    title = terms(document.title, document.language)
    body = terms(f"{document.text}\n{document.resolution}", document.language)
    return [*title, *title, *body]
