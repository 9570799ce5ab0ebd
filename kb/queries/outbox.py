"""Outbox: how far behind the index is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import OutboxEvent


@dataclass(frozen=True, slots=True)
class OutboxState:
    """Events still pending, those of them that failed before, and the last error."""

    pending: int
    failed: int
    oldest_at: datetime | None
    last_error: str


def outbox_state(session: Session) -> OutboxState:
    """What the worker still has to do."""
    pending = col(OutboxEvent.done_at).is_(None)
    failed = col(OutboxEvent.attempts) > 0
    counts = session.execute(
        select(
            func.count(), func.count().filter(failed), func.min(col(OutboxEvent.created_at))
        ).where(pending)
    ).one()
    error = session.scalar(
        select(col(OutboxEvent.error))
        .where(pending, failed)
        .order_by(col(OutboxEvent.id).desc())
        .limit(1)
    )
    return OutboxState(counts[0], counts[1], counts[2], error or "")
