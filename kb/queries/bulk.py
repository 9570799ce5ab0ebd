"""Changes of many articles that were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kb.domain import BulkChange


@dataclass(frozen=True, slots=True)
class BulkView:
    """One change of many articles."""

    id: str
    action: str
    articles: int
    created_at: datetime
    is_undone: bool


def load_bulk(session: Session, bulk_id: str, actor: str) -> BulkView | None:
    """Somebody's own; None when there is none."""
    row = session.get(BulkChange, bulk_id)
    if row is None or row.actor != actor:
        return None
    is_undone = row.undone_at is not None
    return BulkView(row.id, row.action, len(row.items), row.created_at, is_undone)
