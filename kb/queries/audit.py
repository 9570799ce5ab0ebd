"""Audit: who did what to which thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import AuditEntry
from kb.queries.paging import Page, Paging


@dataclass(frozen=True, slots=True)
class AuditView:
    id: int
    at: datetime
    actor: str
    action: str
    entity: str
    entity_id: str
    details: dict[str, Any]


def list_audit(
    session: Session,
    *,
    entity: str | None = None,
    entity_id: str | None = None,
    paging: Paging | None = None,
) -> Page[AuditView]:
    """Audit entries, the newest first, of one thing or of all."""
    paging = paging or Paging()
    where = []
    if entity is not None:
        where.append(col(AuditEntry.entity) == entity)
    if entity_id is not None:
        where.append(col(AuditEntry.entity_id) == entity_id)
    total = session.scalar(select(func.count()).select_from(AuditEntry).where(*where)) or 0
    query = select(AuditEntry).where(*where).order_by(col(AuditEntry.id).desc())
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit))
    return Page(tuple(_view(row) for row in rows), total)


def _view(row: AuditEntry) -> AuditView:
    assert row.id is not None
    return AuditView(
        row.id, row.at, row.actor, row.action, row.entity, row.entity_id, dict(row.details)
    )
