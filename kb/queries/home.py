"""What awaits a person, and what is said about an article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Article, Comment, Mention, Principal, Review, ReviewDecision, in_scope
from kb.errors import NotFound
from kb.queries.edits import EditLine, list_edits
from kb.queries.life import TaskFilters, TaskView, list_tasks
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging

SHOWN = 20  # of each kind


@dataclass(frozen=True, slots=True)
class CommentView:
    """What somebody said about an article."""

    id: int
    article_id: str
    parent_id: int | None
    language: str | None
    revision_number: int | None
    quote: str
    text: str
    author: str
    author_name: str
    mentions: tuple[str, ...]
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True, slots=True)
class WaitingReview:
    """An article that waits for somebody to look it over."""

    article_id: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    note: str
    is_mine: bool  # asked of this very person


@dataclass(frozen=True, slots=True)
class SentBack:
    """One's own article that came back with changes to make."""

    article_id: str
    note: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Home:
    """The first of each kind, and how many there are."""

    tasks: Page[TaskView]
    reviews: Page[WaitingReview]
    sent_back: Page[SentBack]
    mentions: Page[CommentView]
    edits: Page[EditLine]


def load_home(session: Session, who: Principal) -> Home:
    """Tasks of theirs, reviews asked of them or of anybody, words to them, texts begun."""
    paging = Paging(0, SHOWN)
    return Home(
        tasks=list_tasks(session, TaskFilters(owner=who.actor), scope=who.scope, paging=paging),
        reviews=_reviews(session, who),
        sent_back=_sent_back(session, who),
        mentions=_mentions(session, who),
        edits=list_edits(session, who.actor, paging),
    )


def list_comments(
    session: Session,
    article_id: str,
    *,
    resolved: bool | None = None,
    paging: Paging | None = None,
) -> Page[CommentView]:
    """The oldest first; `resolved=None` for all."""
    paging = paging or Paging()
    where = [col(Comment.article_id) == article_id]
    if resolved is not None:
        where.append(col(Comment.resolved_at).is_not(None) == resolved)
    total = session.scalar(select(func.count()).select_from(Comment).where(*where)) or 0
    query = select(Comment).where(*where).order_by(col(Comment.id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    return Page(_comments(session, list(rows)), total)


def read_comment(session: Session, comment_id: int) -> CommentView:
    """Raises NotFound."""
    row = session.get(Comment, comment_id)
    if row is None:
        raise NotFound(f"There is no comment {comment_id}: look at the article's comments.")
    return _comments(session, [row])[0]


def _reviews(session: Session, who: Principal) -> Page[WaitingReview]:
    rows = session.execute(
        select(Review, col(Article.facets))
        .join(Article, col(Article.id) == col(Review.article_id))
        .where(
            col(Review.decision) == ReviewDecision.waiting,
            col(Review.asked_by) != who.actor,
            (col(Review.asked_of) == who.actor) | col(Review.asked_of).is_(None),
        )
        .order_by(col(Review.asked_of).is_(None), col(Review.asked_at))
    )
    found = [row for row, facets in rows if in_scope(facets, who.scope)]
    names = names_of(session, {row.asked_by for row in found[:SHOWN]})
    return Page(
        tuple(
            WaitingReview(
                row.article_id,
                row.asked_by,
                names.get(row.asked_by, row.asked_by),
                row.asked_at,
                row.note,
                row.asked_of == who.actor,
            )
            for row in found[:SHOWN]
        ),
        len(found),
    )


def _sent_back(session: Session, who: Principal) -> Page[SentBack]:
    """The last word on an article, where it was theirs and is still to be answered."""
    last = select(func.max(col(Review.id)).label("id")).group_by(col(Review.article_id)).subquery()
    rows = session.scalars(
        select(Review)
        .join(last, last.c.id == col(Review.id))
        .where(
            col(Review.decision) == ReviewDecision.changes_asked,
            col(Review.asked_by) == who.actor,
        )
        .order_by(col(Review.decided_at))
    ).all()
    found = tuple(
        SentBack(row.article_id, row.decision_note, row.decided_by, row.decided_at) for row in rows
    )
    return Page(found[:SHOWN], len(found))


def _mentions(session: Session, who: Principal) -> Page[CommentView]:
    rows = session.execute(
        select(Comment, col(Article.facets))
        .join(Mention, col(Mention.comment_id) == col(Comment.id))
        .join(Article, col(Article.id) == col(Comment.article_id))
        .where(col(Mention.user_id) == (who.user_id or ""), col(Mention.seen_at).is_(None))
        .order_by(col(Comment.id).desc())
    )
    found = [row for row, facets in rows if in_scope(facets, who.scope)]
    return Page(_comments(session, found[:SHOWN]), len(found))


def _comments(session: Session, rows: list[Comment]) -> tuple[CommentView, ...]:
    named: dict[int | None, list[str]] = {}
    for comment_id, user_id in session.execute(
        select(col(Mention.comment_id), col(Mention.user_id))
        .where(col(Mention.comment_id).in_([row.id for row in rows]))
        .order_by(col(Mention.id))
    ):
        named.setdefault(comment_id, []).append(user_id)
    names = names_of(session, {row.author for row in rows})
    return tuple(
        CommentView(
            id=row.id or 0,
            article_id=row.article_id,
            parent_id=row.parent_id,
            language=row.language,
            revision_number=row.revision_number,
            quote=row.quote,
            text=row.text,
            author=row.author,
            author_name=names.get(row.author, row.author),
            mentions=tuple(named.get(row.id, ())),
            created_at=row.created_at,
            resolved_at=row.resolved_at,
            resolved_by=row.resolved_by,
        )
        for row in rows
    )
