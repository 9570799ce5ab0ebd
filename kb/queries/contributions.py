"""Contributions as those who write and those who gave them see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Contribution, ContributionKind, ContributionState, Facets
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging
from kb.queries.sight import interactions_within, within


@dataclass(frozen=True, slots=True)
class ContributionView:
    """What somebody knows better or beside; `article_id` is what became of it."""

    id: str
    kind: ContributionKind
    document: str | None
    revision_number: int | None
    language: str
    title: str
    text: str
    suggestion_id: str | None
    interaction_id: str | None
    actor: str
    actor_name: str
    state: ContributionState
    article_id: str | None
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None


@dataclass(frozen=True, slots=True)
class ContributionFilters:
    """None for all. `actor`: only those that this one gave, whatever the scope."""

    state: ContributionState | None = None
    kind: ContributionKind | None = None
    document: str | None = None
    actor: str | None = None


def list_contributions(
    session: Session, filters: ContributionFilters, scope: Facets, paging: Paging | None = None
) -> Page[ContributionView]:
    """Contributions in `scope`, the newest first.

    By the document they are for; what stands alone by the interaction it was given in.
    """
    paging = paging or Paging()
    where = _conditions(session, filters, scope)
    total = session.scalar(select(func.count()).select_from(Contribution).where(*where)) or 0
    order = (col(Contribution.created_at).desc(), col(Contribution.id))
    query = select(Contribution).where(*where).order_by(*order)
    query = query.offset(paging.offset).limit(paging.limit)
    rows = session.scalars(query, execution_options={"populate_existing": True}).all()
    names = names_of(session, {row.actor for row in rows})
    fields = [name for name in ContributionView.__dataclass_fields__ if name != "actor_name"]
    views = (
        ContributionView(
            **{name: getattr(row, name) for name in fields},
            actor_name=names.get(row.actor, row.actor),
        )
        for row in rows
    )
    return Page(tuple(views), total)


def _conditions(
    session: Session, filters: ContributionFilters, scope: Facets
) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    document = col(Contribution.document)
    for column, value in (
        (col(Contribution.state), filters.state),
        (col(Contribution.kind), filters.kind),
        (document, filters.document),
        (col(Contribution.actor), filters.actor),
    ):
        if value is not None:
            where.append(column == value)
    if scope and filters.actor is None:
        interaction = col(Contribution.interaction_id)
        named = session.scalars(select(document).where(*where).distinct())
        seen = within(session, [name for name in named if name is not None], scope)
        given_in = session.scalars(select(interaction).where(*where, document.is_(None)).distinct())
        heard = interactions_within(session, [key for key in given_in if key is not None], scope)
        alone = and_(document.is_(None), interaction.in_(heard))
        where.append(or_(document.in_(seen), alone))
    return where
