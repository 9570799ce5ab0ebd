"""Lists for editors: by state, language, owner, due, flagged, use; and what nobody wrote yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Facets,
    Feedback,
    FeedbackKind,
    Governance,
    Review,
    ReviewDecision,
    Revision,
    Task,
    TaskKind,
    TaskState,
    Translation,
    Trust,
    in_scope,
    utc_now,
)
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging
from kb.text.fold import fold

DOCUMENT = literal("article:").concat(col(Article.id))
USED = (FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved)


class EditorOrder(StrEnum):
    key = "key"
    updated = "updated"  # the newest first
    due = "due"  # the review that is due first first
    most_used = "most_used"


@dataclass(frozen=True, slots=True)
class EditorFilters:
    """Which articles; None and False mean any."""

    states: frozenset[ArticleState] | None = None
    language: str | None = None  # has a text in it
    owner: str | None = None
    unowned: bool = False
    audience: Audience | None = None
    trust: Trust | None = None
    tag: str | None = None
    text: str = ""  # in a title or the key, without case and accents
    flagged: bool = False  # a flag's task is open
    due: bool = False  # a review is due
    unused: bool = False  # published, and never used
    waiting: bool = False  # a review is asked for
    expired: bool = False  # published, but out of the answers by its date
    unpublished: bool = False  # published, with a newer text that readers do not have


@dataclass(frozen=True, slots=True)
class EditorLine:
    """An article in a list."""

    id: str
    title: str
    original_language: str
    languages: tuple[str, ...]
    state: ArticleState
    audience: Audience
    trust: Trust
    governance: Governance
    tags: tuple[str, ...]
    owner: str | None
    owner_name: str | None
    review_by: datetime | None
    valid_until: datetime | None
    updated_at: datetime
    version: int
    uses: int
    flags: int  # open
    is_waiting: bool  # for a review
    is_expired: bool


def list_for_editors(
    session: Session,
    filters: EditorFilters | None = None,
    *,
    order: EditorOrder = EditorOrder.key,
    scope: Facets | None = None,
    paging: Paging | None = None,
    now: datetime | None = None,
) -> Page[EditorLine]:
    """One page of articles, with all that a line shows."""
    filters, paging, now = filters or EditorFilters(), paging or Paging(), now or utc_now()
    if not scope and not filters.text.strip():
        query = _matching(filters, order, now).offset(paging.offset).limit(paging.limit)
        found = [key for key, _ in session.execute(query)]
        return Page(_lines(session, found, now), count_matching(session, filters, now=now))
    keys = matching_keys(session, filters, order=order, scope=scope, now=now)
    page = keys[paging.offset : paging.offset + paging.limit]
    return Page(_lines(session, page, now), len(keys))


def matching_keys(
    session: Session,
    filters: EditorFilters,
    *,
    order: EditorOrder = EditorOrder.key,
    scope: Facets | None = None,
    now: datetime | None = None,
) -> list[str]:
    """All articles that a list finds."""
    named = _named(session, filters.text) if filters.text.strip() else None
    return [
        key
        for key, facets in session.execute(_matching(filters, order, now or utc_now()))
        if in_scope(facets, scope or {}) and (named is None or key in named)
    ]


def count_matching(
    session: Session,
    filters: EditorFilters,
    *,
    scope: Facets | None = None,
    now: datetime | None = None,
) -> int:
    """How many articles a list finds."""
    if scope or filters.text.strip():
        return len(matching_keys(session, filters, scope=scope, now=now))
    query = _matching(filters, EditorOrder.key, now or utc_now()).order_by(None)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _matching(filters: EditorFilters, order: EditorOrder, now: datetime) -> Select[str, Facets]:
    uses = _uses()
    query = select(col(Article.id), col(Article.facets))
    if filters.unused or order == EditorOrder.most_used:  # else counting every use is for nothing
        query = query.outerjoin(uses, uses.c.document == DOCUMENT)
    return query.where(*_conditions(filters, uses, now)).order_by(*_order(order, uses))


def lines_of(
    session: Session, keys: Sequence[str], now: datetime | None = None
) -> tuple[EditorLine, ...]:
    """These articles as a list shows them, in the order given; those not there left out."""
    there = set(session.scalars(select(col(Article.id)).where(col(Article.id).in_(keys))))
    return _lines(session, [key for key in keys if key in there], now or utc_now())


def _uses() -> Subquery:
    return (
        select(col(Feedback.document).label("document"), func.count().label("count"))
        .where(col(Feedback.kind).in_(USED))
        .group_by(col(Feedback.document))
        .subquery()
    )


def _conditions(filters: EditorFilters, uses: Subquery, now: datetime) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.states is not None:
        where.append(col(Article.state).in_(filters.states))
    for name in ("audience", "trust"):
        if getattr(filters, name) is not None:
            where.append(col(getattr(Article, name)) == getattr(filters, name))
    if filters.unowned:
        where.append(or_(col(Article.owner).is_(None), col(Article.owner) == ""))
    elif filters.owner is not None:
        where.append(col(Article.owner) == filters.owner)
    if filters.language is not None:
        where.append(_has_text(col(Translation.language) == filters.language))
    if filters.tag is not None:
        where.append(_tagged(filters.tag))
    shown = col(Article.state) == ArticleState.published
    if filters.flagged:
        where.append(_has_task(col(Task.kind) == TaskKind.flag))
    if filters.due:
        due = and_(shown, col(Article.review_by) <= now)
        where.append(or_(due, _has_task(col(Task.kind) == TaskKind.review_due)))
    if filters.unused:
        where += [shown, uses.c.count.is_(None)]
    if filters.waiting:
        where.append(col(Article.id).in_(_waiting()))
    if filters.expired:
        where += [shown, col(Article.valid_until) <= now]
    if filters.unpublished:
        newer = col(Translation.revision_id).is_distinct_from(
            col(Translation.published_revision_id)
        )
        where += [shown, _has_text(newer)]
    return where


def _has_text(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return col(Article.id).in_(select(col(Translation.article_id)).where(condition))


def _has_task(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    open_ = col(Task.state) == TaskState.open
    return DOCUMENT.in_(select(col(Task.document)).where(open_, condition))


def _tagged(tag: str) -> ColumnElement[bool]:
    return cast(col(Article.tags), String).contains(json.dumps(tag), autoescape=True)


def _waiting() -> Select[str]:
    return select(col(Review.article_id)).where(col(Review.decision) == ReviewDecision.waiting)


def _order(order: EditorOrder, uses: Subquery) -> Sequence[Any]:
    by: dict[EditorOrder, list[Any]] = {
        EditorOrder.key: [],
        EditorOrder.updated: [col(Article.updated_at).desc()],
        EditorOrder.due: [col(Article.review_by).is_(None), col(Article.review_by)],
        EditorOrder.most_used: [func.coalesce(uses.c.count, 0).desc()],
    }
    return [*by[order], col(Article.id)]


def _named(session: Session, text: str) -> set[str]:
    """Articles whose key, or a title of theirs, holds every word."""
    words = fold(text).split()
    rows = session.execute(
        select(col(Translation.article_id), col(Revision.title)).join(
            Revision, col(Revision.id) == col(Translation.revision_id)
        )
    )
    return {key for key, title in rows if _holds(key, words) or _holds(fold(title), words)}


@lru_cache(maxsize=20_000)
def _folded(title: str) -> str:
    """Kept, since every search looks through the same titles."""
    return fold(title)


def _holds(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _lines(session: Session, keys: Sequence[str], now: datetime) -> tuple[EditorLine, ...]:
    uses = _used(session, keys)
    rows = {x.id: x for x in session.scalars(select(Article).where(col(Article.id).in_(keys)))}
    titles: dict[str, dict[str, str]] = {key: {} for key in keys}
    for key, language, title in session.execute(
        select(col(Translation.article_id), col(Translation.language), col(Revision.title))
        .join(Revision, col(Revision.id) == col(Translation.revision_id))
        .where(col(Translation.article_id).in_(keys))
        .order_by(col(Translation.id))
    ):
        titles[key][language] = title
    flags = _flags(session, keys)
    waiting = set(session.scalars(_waiting().where(col(Review.article_id).in_(keys))))
    names = names_of(session, {x.owner for x in rows.values() if x.owner})
    return tuple(
        EditorLine(
            id=key,
            title=titles[key].get(rows[key].original_language, key),
            original_language=rows[key].original_language,
            languages=tuple(titles[key]),
            state=rows[key].state,
            audience=rows[key].audience,
            trust=rows[key].trust,
            governance=rows[key].governance,
            tags=tuple(rows[key].tags),
            owner=rows[key].owner,
            owner_name=names.get(rows[key].owner or "", rows[key].owner),
            review_by=rows[key].review_by,
            valid_until=rows[key].valid_until,
            updated_at=rows[key].updated_at,
            version=rows[key].version,
            uses=uses.get(f"article:{key}", 0),
            flags=flags.get(f"article:{key}", 0),
            is_waiting=key in waiting,
            is_expired=_is_over(rows[key], now),
        )
        for key in keys
    )


def _is_over(row: Article, now: datetime) -> bool:
    shown = row.state == ArticleState.published
    return shown and row.valid_until is not None and row.valid_until <= now


def _used(session: Session, keys: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(col(Feedback.document), func.count())
        .where(
            col(Feedback.document).in_([f"article:{key}" for key in keys]),
            col(Feedback.kind).in_(USED),
        )
        .group_by(col(Feedback.document))
    )
    return {str(document): count for document, count in rows}


def _flags(session: Session, keys: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(col(Task.document), func.count())
        .where(
            col(Task.document).in_([f"article:{key}" for key in keys]),
            col(Task.kind) == TaskKind.flag,
            col(Task.state) == TaskState.open,
        )
        .group_by(col(Task.document))
    )
    return {document: count for document, count in rows}
