"""Gaps: what is asked and not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Gap, GapKind, GapState
from kb.errors import NotFound
from kb.queries.paging import Page, Paging


@dataclass(frozen=True, slots=True)
class GapView:
    """A question, how often it was asked, and the suggestion that had no answer last.

    `languages`: how often in each, the most frequent first; `readers`: of searches, how often by
    readers of each audience.
    """

    id: int
    kind: GapKind
    question: str
    language: str
    languages: dict[str, int]
    readers: dict[str, int]
    reason: str
    count: int
    state: GapState
    suggestion_id: str | None
    first_at: datetime
    last_at: datetime


def list_gaps(
    session: Session,
    *,
    state: GapState | None = GapState.open,
    kind: GapKind | None = None,
    language: str | None = None,
    paging: Paging | None = None,
) -> Page[GapView]:
    """Gaps, most asked first; None is for all. A search counts for its main language."""
    paging = paging or Paging()
    where = []
    if state is not None:
        where.append(col(Gap.state) == state)
    if kind is not None:
        where.append(col(Gap.kind) == kind)
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


def get_gap(session: Session, gap_id: int) -> GapView:
    """One of them, closed ones too. Raises NotFound."""
    row = session.get(Gap, gap_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no gap {gap_id}: look up the list of gaps.")
    return _view(row)


def _view(row: Gap) -> GapView:
    assert row.id is not None
    languages = row.languages or {row.language: row.count}
    return GapView(
        id=row.id,
        kind=row.kind,
        question=row.question,
        language=row.language,
        languages=dict(sorted(languages.items(), key=lambda found: (-found[1], found[0]))),
        readers=dict(sorted(row.readers.items())),
        reason=row.reason,
        count=row.count,
        state=row.state,
        suggestion_id=row.suggestion_id,
        first_at=row.first_at,
        last_at=row.last_at,
    )
