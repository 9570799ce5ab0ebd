"""Gaps: what is asked and not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Gap, GapState
from kb.queries.paging import Page, Paging


@dataclass(frozen=True, slots=True)
class GapView:
    """A question, how often it was asked, and the suggestion that had no answer last."""

    id: int
    question: str
    language: str
    reason: str
    count: int
    state: GapState
    suggestion_id: str
    first_at: datetime
    last_at: datetime


def list_gaps(
    session: Session,
    *,
    state: GapState | None = GapState.open,
    language: str | None = None,
    paging: Paging | None = None,
) -> Page[GapView]:
    """Gaps, most asked first; `state=None` or `language=None` for all."""
    paging = paging or Paging()
    where = []
    if state is not None:
        where.append(col(Gap.state) == state)
    if language is not None:
        where.append(col(Gap.language) == language)
    total = session.scalar(select(func.count()).select_from(Gap).where(*where)) or 0
    order = (col(Gap.count).desc(), col(Gap.last_at).desc(), col(Gap.id))
    query = select(Gap).where(*where).order_by(*order)
    rows = session.scalars(
        query.offset(paging.offset).limit(paging.limit),
        execution_options={"populate_existing": True},  # gaps are counted behind the session's back
    )
    return Page(tuple(_view(row) for row in rows), total)


def _view(row: Gap) -> GapView:
    assert row.id is not None
    return GapView(
        id=row.id,
        question=row.question,
        language=row.language,
        reason=row.reason,
        count=row.count,
        state=row.state,
        suggestion_id=row.suggestion_id,
        first_at=row.first_at,
        last_at=row.last_at,
    )
