"""Retention of what authors leave behind: texts begun, comments, tasks, searches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.domain import Comment, Edit, Gap, GapKind, GapState, Mention, Task, TaskState

BATCH = 500
_PLAIN = {"synchronize_session": False}


def forget_searches(session: Session, before: datetime) -> int:
    """Delete open searches that nobody repeated since; gives how many."""
    is_open = and_(col(Gap.kind) == GapKind.search, col(Gap.state) == GapState.open)
    old = and_(is_open, col(Gap.last_at) < before)
    count = session.scalar(select(func.count()).select_from(Gap).where(old)) or 0
    session.execute(delete(Gap).where(old), execution_options=_PLAIN)
    return count


def forget_edits(session: Session, before: datetime) -> int:
    """Delete texts that were begun and not touched since; gives how many."""
    old = col(Edit.updated_at) < before
    count = session.scalar(select(func.count()).select_from(Edit).where(old)) or 0
    session.execute(delete(Edit).where(old), execution_options=_PLAIN)
    return count


def forget_tasks(session: Session, before: datetime) -> int:
    """Empty the words of tasks done before, and who had and did them; gives how many.

    The tasks stay: their keys are what keeps the same one from arising again.
    """
    says = or_(col(Task.note) != "", col(Task.owner).is_not(None), col(Task.closed_by).is_not(None))
    old = and_(col(Task.state) == TaskState.done, col(Task.closed_at) < before, says)
    count = session.scalar(select(func.count()).select_from(Task).where(old)) or 0
    values = {"note": "", "owner": None, "closed_by": None}
    session.execute(update(Task).where(old).values(**values), execution_options=_PLAIN)
    return count


def forget_comments(session: Session, before: datetime) -> int:
    """Delete comments resolved before, with all answers, unless one came since; gives how many."""
    resolved = select(col(Comment.id)).where(col(Comment.resolved_at) < before)
    threads: list[Sequence[int]] = []
    for comment_id in session.scalars(resolved.order_by(col(Comment.id))):
        levels = list(_levels(session, comment_id))
        newest = select(func.max(col(Comment.created_at))).where(
            col(Comment.id).in_([key for level in levels for key in level])
        )
        last = session.scalar(newest)
        if last is not None and last < before:
            threads += levels[::-1]
    gone = list(dict.fromkeys(key for level in threads for key in level))
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        _delete(session, Mention, col(Mention.comment_id).in_(batch))
    for level in threads:  # answers before what they answer
        _delete(session, Comment, col(Comment.id).in_(level))
    return len(gone)


def _levels(session: Session, comment_id: int | None) -> Iterator[Sequence[int]]:
    """The comment, its answers, theirs, and so on."""
    level: Collection[int | None] = [comment_id]
    while level:
        yield [key for key in level if key is not None]
        query = select(col(Comment.id)).where(col(Comment.parent_id).in_(level))
        level = session.scalars(query.order_by(col(Comment.id))).all()


def _delete(session: Session, table: type[SQLModel], where: object) -> None:
    session.execute(delete(table).where(where), execution_options=_PLAIN)  # type: ignore[arg-type]
