"""The table of contents: what a reader can read in a language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    READABLE_BY,
    Article,
    Audience,
    Facets,
    Revision,
    Translation,
    in_scope,
    utc_now,
)
from kb.queries.articles import visible_articles


@dataclass(frozen=True, slots=True)
class ContentsEntry:
    """One readable article in one language."""

    id: str
    title: str
    summary: str
    tags: tuple[str, ...]
    facets: Facets
    audience: Audience


def list_contents(
    session: Session,
    reader: Audience,
    language: str,
    *,
    scope: Facets | None = None,
    now: datetime | None = None,
) -> tuple[ContentsEntry, ...]:
    """Every article this reader may read that has a published text in `language`, by key.

    Out of `scope` is as good as not there.
    """
    rows = session.execute(
        select(
            col(Article.id),
            col(Revision.title),
            col(Revision.summary),
            col(Article.tags),
            col(Article.facets),
            col(Article.audience),
        )
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.id) == col(Translation.published_revision_id))
        .where(
            visible_articles(READABLE_BY[reader], now or utc_now()),
            col(Translation.language) == language,
        )
        .order_by(col(Article.id))
    )
    return tuple(
        ContentsEntry(key, title, summary, tuple(tags), dict(facets), audience)
        for key, title, summary, tags, facets, audience in rows
        if in_scope(facets, scope or {})
    )
