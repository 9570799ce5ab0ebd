"""Where permalinks lead. Nobody learns of an article here that they may not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    READABLE_BY,
    Article,
    Audience,
    Facets,
    Redirect,
    RedirectKind,
    Translation,
    in_scope,
    utc_now,
)
from kb.queries.articles import visible_articles
from kb.queries.paging import Page, Paging


@dataclass(frozen=True, slots=True)
class RedirectView:
    """A key that leads to an article."""

    old_id: str
    article_id: str
    kind: RedirectKind
    actor: str
    note: str
    created_at: datetime


def moved_to(
    session: Session,
    old_id: str,
    reader: Audience,
    *,
    scope: Facets | None = None,
    now: datetime | None = None,
) -> str | None:
    """The article that a reader is led to; None also when the reader may not see that one."""
    found = session.execute(
        select(col(Article.id), col(Article.facets))
        .join(Redirect, col(Redirect.article_id) == col(Article.id))
        .where(
            col(Redirect.old_id) == old_id,
            visible_articles(READABLE_BY[reader], now or utc_now()),
            select(col(Translation.id))
            .where(
                col(Translation.article_id) == col(Article.id),
                col(Translation.published_revision_id).is_not(None),
            )
            .exists(),
        )
    ).first()
    if found is None or not in_scope(found[1], scope or {}):
        return None
    return str(found[0])


def moved_to_any(session: Session, old_id: str, scope: Facets | None = None) -> str | None:
    """The article that an editor is led to, in whatever state; None out of scope."""
    found = session.execute(
        select(col(Article.id), col(Article.facets))
        .join(Redirect, col(Redirect.article_id) == col(Article.id))
        .where(col(Redirect.old_id) == old_id)
    ).first()
    return str(found[0]) if found is not None and in_scope(found[1], scope or {}) else None


def list_redirects(
    session: Session,
    *,
    article_id: str | None = None,
    scope: Facets | None = None,
    paging: Paging | None = None,
) -> Page[RedirectView]:
    """Redirects by old key, for editors; of one article or of all."""
    paging = paging or Paging()
    where = [] if article_id is None else [col(Redirect.article_id) == article_id]
    if scope:
        return _scoped(session, where, scope, paging)
    total = session.scalar(select(func.count()).select_from(Redirect).where(*where)) or 0
    query = select(Redirect).where(*where).order_by(col(Redirect.old_id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    return Page(tuple(_view(row) for row in rows), total)


def _scoped(
    session: Session, where: Sequence[ColumnElement[bool]], scope: Facets, paging: Paging
) -> Page[RedirectView]:
    rows = session.execute(
        select(Redirect, col(Article.facets))
        .join(Article, col(Article.id) == col(Redirect.article_id))
        .where(*where)
        .order_by(col(Redirect.old_id))
    )
    seen = [_view(row) for row, facets in rows if in_scope(facets, scope)]
    return Page(tuple(seen[paging.offset : paging.offset + paging.limit]), len(seen))


def _view(row: Redirect) -> RedirectView:
    return RedirectView(row.old_id, row.article_id, row.kind, row.actor, row.note, row.created_at)
