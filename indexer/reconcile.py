"""Does the index hold what it should? Compare every passage with its document, and mend."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from indexer.embed import Progress, stored_hashes
from indexer.passages import embedding_inputs
from indexer.pipeline import passages_of
from kb.actions.outbox import enqueue
from kb.actions.passages import COMPARED, replace_passages
from kb.domain import OutboxEvent, Passage, Pool
from kb.ports import Encoder
from kb.queries.articles import load_published
from kb.queries.cases import load_resolved
from kb.queries.documents import expected_documents, indexed_documents

Document = tuple[Pool, str]
NAMED = 20  # documents named in a report


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """Passages that were not as they should be, and what was done about it."""

    documents: int  # that the index should hold
    passages: int  # that it should hold of them
    missing: int  # passages that were not there, or not as they should be
    unwanted: int  # passages that should not have been there
    without_vector: int  # texts not encoded by this model
    differing: tuple[Document, ...]  # documents with any of these, the first few
    mended: bool

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not (self.missing or self.unwanted or self.without_vector)


@dataclass(frozen=True, slots=True)
class _Difference:
    document: Document
    expected: list[Passage]
    missing: int
    unwanted: int
    hashes: frozenset[str]  # texts without a vector

    @property
    def any(self) -> bool:
        return bool(self.missing or self.unwanted or self.hashes)


def verify(session: Session, encoder: Encoder, progress: Progress | None = None) -> ReconcileReport:
    """Compare and report; nothing is written. The encoder is only asked to count tokens."""
    return _report(_differences(session, encoder, progress), mended=False)


def reconcile(
    session: Session, encoder: Encoder, progress: Progress | None = None
) -> ReconcileReport:
    """Compare and mend: the passages in this transaction, missing vectors by way of the outbox.

    Index the pending documents after the commit.
    """
    found = []
    for difference in _differences(session, encoder, progress):
        pool, document_id = difference.document
        if difference.missing or difference.unwanted:
            replace_passages(session, pool, document_id, difference.expected)
        if difference.hashes and not _is_pending(session, pool, document_id):
            enqueue(session, pool, document_id)
        found.append(difference)
    session.flush()
    return _report(iter(found), mended=True)


def _report(differences: Iterator[_Difference], *, mended: bool) -> ReconcileReport:
    documents = passages = missing = unwanted = 0
    hashes: set[str] = set()
    named: list[Document] = []
    for difference in differences:
        documents += bool(difference.expected)
        passages += len(difference.expected)
        missing += difference.missing
        unwanted += difference.unwanted
        hashes |= difference.hashes
        if difference.any and len(named) < NAMED:
            named.append(difference.document)
    return ReconcileReport(
        documents, passages, missing, unwanted, len(hashes), tuple(named), mended
    )


def _differences(
    session: Session, encoder: Encoder, progress: Progress | None
) -> Iterator[_Difference]:
    expected = set(expected_documents(session))
    documents = sorted(expected | set(indexed_documents(session)))
    for number, document in enumerate(documents, start=1):
        yield _compare(session, encoder, document)
        if progress is not None:
            progress(number, len(documents))


def _compare(session: Session, encoder: Encoder, document: Document) -> _Difference:
    pool, document_id = document
    load = load_published if pool == Pool.article else load_resolved
    expected = passages_of(load(session, document_id), encoder)
    wanted: dict[tuple[Any, ...], int] = defaultdict(int)
    for passage in expected:
        wanted[_key([getattr(passage, name) for name in COMPARED])] += 1
    unwanted = 0
    for row in session.execute(
        select(*(getattr(Passage, name) for name in COMPARED)).where(
            col(Passage.pool) == pool, col(Passage.document_id) == document_id
        )
    ):
        key = _key(list(row))
        if wanted[key]:
            wanted[key] -= 1
        else:
            unwanted += 1
    inputs = embedding_inputs(expected)
    hashes = set(inputs) - stored_hashes(session, inputs, encoder.model_id)
    return _Difference(document, expected, sum(wanted.values()), unwanted, frozenset(hashes))


def _key(values: list[Any]) -> tuple[Any, ...]:
    return tuple(json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for v in values)


def _is_pending(session: Session, pool: Pool, document_id: str) -> bool:
    query = select(col(OutboxEvent.id)).where(
        col(OutboxEvent.done_at).is_(None),
        col(OutboxEvent.pool) == pool,
        col(OutboxEvent.document_id) == document_id,
    )
    return session.scalars(query.limit(1)).first() is not None
