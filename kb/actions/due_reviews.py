"""Reviews that fall due by age, by use and by what readers say; articles that have expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.tasks import ARTICLE, NewTask, open_task
from kb.domain import (
    Article,
    ArticleState,
    Feedback,
    FeedbackKind,
    Flag,
    FlagState,
    Task,
    TaskKind,
    utc_now,
)

AGE = timedelta(days=365)  # without a date of its own an article is due so long after a change
USES = 100  # each so many uses ask for a look
COMPLAINTS = 3  # each so many flags and answers called wrong, likewise
SYSTEM = "system"

_DOCUMENT = literal(ARTICLE).concat(col(Article.id))
_USED = (FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved)


def raise_due(session: Session, now: datetime | None = None) -> int:
    """Let every task arise whose reason is there by now; gives how many are new.

    Each arises once, however often and wherever this runs, also after a long pause.
    """
    now = now or utc_now()
    found = [*_aged(session, now), *_used(session), *_complained(session), *_expired(session, now)]
    found += _flagged(session)
    keys = {new.key for new in found}
    known = set(session.scalars(select(col(Task.key)).where(col(Task.key).in_(keys))))
    return sum(open_task(session, new, SYSTEM, now) for new in found if new.key not in known)


def _review(article_id: str, owner: str | None, reason: str, round_: str) -> NewTask:
    key = f"{reason}:{article_id}:{round_}"
    return NewTask(TaskKind.review_due, f"{ARTICLE}{article_id}", key, reason, owner)


def _aged(session: Session, now: datetime) -> Iterator[NewTask]:
    rows = session.execute(
        select(
            col(Article.id), col(Article.owner), col(Article.review_by), col(Article.updated_at)
        ).where(
            col(Article.state) == ArticleState.published,
            or_(
                col(Article.review_by) <= now,
                and_(col(Article.review_by).is_(None), col(Article.updated_at) <= now - AGE),
            ),
        )
    )
    for article_id, owner, review_by, updated_at in rows:
        round_ = (review_by or updated_at).isoformat()
        yield _review(article_id, owner, "age", round_)


def _used(session: Session) -> Iterator[NewTask]:
    for article_id, owner, count in _counted(session, _USED, USES):
        yield _review(article_id, owner, "use", str(count // USES))


def _complained(session: Session) -> Iterator[NewTask]:
    wrong = {
        article_id: (owner, count)
        for article_id, owner, count in _counted(session, (FeedbackKind.wrong,), 1)
    }
    rows = session.execute(
        select(col(Article.id), col(Article.owner), func.count())
        .join(Flag, col(Flag.document) == _DOCUMENT)
        .where(col(Article.state) == ArticleState.published)
        .group_by(col(Article.id), col(Article.owner))
    )
    for article_id, owner, count in rows:
        wrong[article_id] = (owner, wrong.get(article_id, (owner, 0))[1] + count)
    for article_id, (owner, count) in wrong.items():
        if count >= COMPLAINTS:
            yield _review(article_id, owner, "flags", str(count // COMPLAINTS))


def _counted(
    session: Session, kinds: tuple[FeedbackKind, ...], least: int
) -> Iterator[tuple[str, str | None, int]]:
    counts = (
        select(col(Feedback.document).label("document"), func.count().label("count"))
        .where(col(Feedback.kind).in_(kinds), col(Feedback.document).startswith(ARTICLE))
        .group_by(col(Feedback.document))
        .having(func.count() >= least)
        .subquery()
    )
    rows = session.execute(
        select(col(Article.id), col(Article.owner), counts.c.count)
        .join(counts, counts.c.document == _DOCUMENT)
        .where(col(Article.state) == ArticleState.published)
    )
    yield from ((article_id, owner, count) for article_id, owner, count in rows)


def _expired(session: Session, now: datetime) -> Iterator[NewTask]:
    """Readers have lost them at that very moment: the gate looks at the time itself."""
    rows = session.execute(
        select(col(Article.id), col(Article.owner), col(Article.valid_until)).where(
            col(Article.state) == ArticleState.published, col(Article.valid_until) <= now
        )
    )
    for article_id, owner, until in rows:
        assert until is not None
        key = f"expired:{article_id}:{until.isoformat()}"
        yield NewTask(TaskKind.expired, f"{ARTICLE}{article_id}", key, "expired", owner)


def _flagged(session: Session) -> Iterator[NewTask]:
    """Open flags that no task follows."""
    rows = session.execute(
        select(Flag, col(Article.owner))
        .outerjoin(Article, col(Flag.document) == _DOCUMENT)
        .outerjoin(Task, col(Task.flag_id) == col(Flag.id))
        .where(col(Flag.state) == FlagState.open, col(Task.id).is_(None))
    )
    for flag, owner in rows:
        key = f"flag:{flag.id}"
        yield NewTask(TaskKind.flag, flag.document, key, flag.kind, owner, flag.language, flag.id)
