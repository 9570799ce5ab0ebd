"""Puts questions to the engine, by the very path a suggestion takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from eval.datasets import Query
from eval.metrics import DEPTH
from eval.progress import Progress
from eval.runs.base import Base
from eval.runs.setup import Setup
from kb.assist.dialog import DialogReading, read_dialog
from kb.assist.types import DialogQuery, Message, SuggestRequest
from kb.domain import Audience, Facets, Pool
from kb.search.types import Hit, SearchQuery

SPARE = 2  # beside the document that must not answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said to one question. `confidence` is that of the first document."""

    dialog: DialogQuery
    ranking: tuple[str, ...]
    confidence: float


def ask_all(
    base: Base,
    queries: Sequence[Query],
    progress: Progress,
    *,
    languages: Collection[str] | None = None,
) -> list[Answer]:
    """The engine's answers, best document first, at most ten each.

    `languages` limits the documents' languages.
    """
    return [
        _answer(base, query, languages)
        for query in progress.each(queries, "Asking the engine", len(queries))
    ]


def read(
    setup: Setup, messages: Sequence[Message], language: str | None, known: Facets
) -> DialogReading:
    """What the dialog asks, read as for a suggestion to an agent."""
    request = SuggestRequest(
        tuple(messages), language=language, reader=Audience.internal, facets=known
    )
    return read_dialog(request, setup.encoder, setup.settings)


def find(
    base: Base, reading: DialogReading, *, limit: int, languages: Collection[str] | None = None
) -> tuple[Hit, ...]:
    """The hits of one pool, best first."""
    dialog = reading.query
    query = SearchQuery(
        dialog.text,
        dialog.language,
        focus=dialog.focus,
        reader=Audience.internal,
        pools=frozenset({str(Pool(base.pool))}),
        languages=frozenset(languages) if languages else None,
        known=dialog.known,
        pieces=dialog.pieces,
        limit=limit,
    )
    return base.searcher.search(query, reading.vectors).hits


def _answer(base: Base, query: Query, languages: Collection[str] | None) -> Answer:
    reading = read(base.setup, query.messages, query.language, query.known)
    hits = find(base, reading, limit=DEPTH + SPARE, languages=languages)
    first: dict[str, float] = {}
    for hit in hits:
        name = base.names[hit.document_id]
        if name != query.exclude:
            first.setdefault(name, hit.confidence)
    ranking = tuple(first)[:DEPTH]
    return Answer(reading.query, ranking, first[ranking[0]] if ranking else 0.0)
