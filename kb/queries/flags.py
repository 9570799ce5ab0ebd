"""Flags as editors and those who raised them see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Facets, Flag, FlagKind, FlagState
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging
from kb.queries.sight import within


@dataclass(frozen=True, slots=True)
class FlagView:
    """What is not right with which document, and who says so."""

    id: str
    document: str
    revision_number: int | None
    language: str
    kind: FlagKind
    text: str
    suggestion_id: str | None
    interaction_id: str | None
    actor: str
    actor_name: str
    state: FlagState
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class FlagFilters:
    """None for all. `actor`: only those that this one raised, whatever the scope."""

    state: FlagState | None = None
    kind: FlagKind | None = None
    document: str | None = None
    actor: str | None = None


def list_flags(
    session: Session, filters: FlagFilters, scope: Facets, paging: Paging | None = None
) -> Page[FlagView]:
    """Flags on documents in `scope`, the newest first."""
    paging = paging or Paging()
    where = _conditions(session, filters, scope)
    total = session.scalar(select(func.count()).select_from(Flag).where(*where)) or 0
    query = select(Flag).where(*where).order_by(col(Flag.created_at).desc(), col(Flag.id))
    query = query.offset(paging.offset).limit(paging.limit)
    rows = session.scalars(query, execution_options={"populate_existing": True}).all()
    names = names_of(session, {row.actor for row in rows})
    fields = [name for name in FlagView.__dataclass_fields__ if name != "actor_name"]
    views = (
        FlagView(
            **{name: getattr(row, name) for name in fields},
            actor_name=names.get(row.actor, row.actor),
        )
        for row in rows
    )
    return Page(tuple(views), total)


def _conditions(session: Session, filters: FlagFilters, scope: Facets) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for column, value in (
        (col(Flag.state), filters.state),
        (col(Flag.kind), filters.kind),
        (col(Flag.document), filters.document),
        (col(Flag.actor), filters.actor),
    ):
        if value is not None:
            where.append(column == value)
    if scope and filters.actor is None:
        named = session.scalars(select(col(Flag.document)).where(*where).distinct()).all()
        where.append(col(Flag.document).in_(within(session, named, scope)))
    return where
