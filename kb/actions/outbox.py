"""Outbox: index work, enqueued with the change that caused it, claimed by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import OutboxEvent, Pool, utc_now

MAX_ERROR = 500  # characters kept of what went wrong


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """A document to bring up to date, and the events that this settles."""

    pool: Pool
    document_id: str
    events: tuple[int, ...]


def enqueue(session: Session, pool: Pool, document_id: str) -> None:
    """Ask for the passages of this document to be brought up to date."""
    session.add(OutboxEvent(pool=pool, document_id=document_id))


def claim_pending(session: Session, limit: int) -> list[PendingDocument]:
    """The next documents to index, from at most `limit` events, each document once.

    Events that failed least often and are oldest come first. On PostgreSQL they stay locked
    until the transaction ends and other workers skip them.
    """
    events = session.execute(
        select(col(OutboxEvent.id), col(OutboxEvent.pool), col(OutboxEvent.document_id))
        .where(col(OutboxEvent.done_at).is_(None))
        .order_by(col(OutboxEvent.attempts), col(OutboxEvent.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    documents: dict[tuple[Pool, str], list[int]] = {}
    for event_id, pool, document_id in events:
        documents.setdefault((pool, document_id), []).append(int(event_id or 0))
    return [
        PendingDocument(pool, document_id, tuple(ids))
        for (pool, document_id), ids in documents.items()
    ]


def mark_done(session: Session, events: Sequence[int]) -> None:
    """These events are settled."""
    session.execute(
        update(OutboxEvent)
        .where(col(OutboxEvent.id).in_(events))
        .values(done_at=utc_now(), error="")
    )


def mark_failed(session: Session, events: Sequence[int], error: str) -> None:
    """These events could not be settled; they stay pending, behind those that failed less."""
    session.execute(
        update(OutboxEvent)
        .where(col(OutboxEvent.id).in_(events))
        .values(
            attempts=col(OutboxEvent.attempts) + 1,
            error=error.replace("\0", "")[:MAX_ERROR],
        )
    )
