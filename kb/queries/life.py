"""The life of an article as editors see it: who and why, reviews, plans, tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    ArticleChange,
    Facets,
    Flag,
    Review,
    ReviewDecision,
    Schedule,
    ScheduledAction,
    ScheduleState,
    Task,
    TaskKind,
    TaskState,
)
from kb.errors import NotFound
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging
from kb.queries.sight import within


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of an article: who and why."""

    action: str
    actor: str
    actor_name: str
    note: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One request for a review and what came of it."""

    id: int
    asked_by: str
    asked_by_name: str
    asked_of: str | None
    asked_at: datetime
    note: str
    revisions: dict[str, int]
    decision: ReviewDecision
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """What is or was planned for an article."""

    id: int
    article_id: str
    action: ScheduledAction
    at: datetime
    languages: tuple[str, ...]
    actor: str
    note: str
    state: ScheduleState
    error: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something to be done about a document, and for a flag what was said."""

    id: int
    kind: TaskKind
    document: str
    reason: str
    language: str | None
    owner: str | None
    owner_name: str | None
    due_at: datetime
    state: TaskState
    note: str
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    flag_id: str | None
    flag_text: str | None


@dataclass(frozen=True, slots=True)
class TaskFilters:
    """Which tasks; None means any."""

    state: TaskState | None = TaskState.open
    owner: str | None = None
    unowned: bool = False
    kind: TaskKind | None = None
    document: str | None = None
    due_before: datetime | None = None


def list_changes(
    session: Session, article_id: str, paging: Paging | None = None
) -> Page[ChangeLine]:
    """The newest first."""
    paging = paging or Paging()
    of_it = col(ArticleChange.article_id) == article_id
    total = session.scalar(select(func.count()).select_from(ArticleChange).where(of_it)) or 0
    query = select(ArticleChange).where(of_it).order_by(col(ArticleChange.id).desc())
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    names = names_of(session, {row.actor for row in rows})
    lines = tuple(
        ChangeLine(
            row.action, row.actor, names.get(row.actor, row.actor), row.note, row.version, row.at
        )
        for row in rows
    )
    return Page(lines, total)


def list_reviews(session: Session, article_id: str) -> tuple[ReviewView, ...]:
    """The newest first, at most 100."""
    query = select(Review).where(col(Review.article_id) == article_id)
    rows = session.scalars(query.order_by(col(Review.id).desc()).limit(100)).all()
    names = names_of(session, {row.asked_by for row in rows})
    return tuple(
        ReviewView(
            id=row.id or 0,
            asked_by=row.asked_by,
            asked_by_name=names.get(row.asked_by, row.asked_by),
            asked_of=row.asked_of,
            asked_at=row.asked_at,
            note=row.note,
            revisions=dict(row.revisions),
            decision=row.decision,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision_note=row.decision_note,
        )
        for row in rows
    )


def list_schedules(session: Session, article_id: str) -> tuple[ScheduleView, ...]:
    """The newest first, at most 100."""
    query = select(Schedule).where(col(Schedule.article_id) == article_id)
    rows = session.scalars(query.order_by(col(Schedule.id).desc()).limit(100)).all()
    return tuple(
        ScheduleView(
            id=row.id or 0,
            article_id=row.article_id,
            action=row.action,
            at=row.at,
            languages=tuple(sorted(row.revisions)),
            actor=row.actor,
            note=row.note,
            state=row.state,
            error=row.error,
        )
        for row in rows
    )


def article_of_schedule(session: Session, schedule_id: int) -> str:
    """Raises NotFound."""
    found = session.get(Schedule, schedule_id)
    if found is None:
        raise NotFound(f"There is no plan {schedule_id}: look up the article's plans.")
    return found.article_id


def list_tasks(
    session: Session,
    filters: TaskFilters | None = None,
    *,
    scope: Facets | None = None,
    paging: Paging | None = None,
) -> Page[TaskView]:
    """Tasks, what is due first first."""
    filters, paging = filters or TaskFilters(), paging or Paging()
    where = _conditions(filters)
    if scope:
        documents = set(session.scalars(select(col(Task.document)).where(*where).distinct()))
        where.append(col(Task.document).in_(within(session, documents, scope)))
    total = session.scalar(select(func.count()).select_from(Task).where(*where)) or 0
    rows = session.execute(
        select(Task, col(Flag.text))
        .outerjoin(Flag, col(Flag.id) == col(Task.flag_id))
        .where(*where)
        .order_by(col(Task.due_at), col(Task.id))
        .offset(paging.offset)
        .limit(paging.limit)
    ).all()
    return Page(_tasks(session, [(row[0], row[1]) for row in rows]), total)


def read_task(session: Session, task_id: int, scope: Facets | None = None) -> TaskView:
    """Raises NotFound, also for what is out of scope."""
    row = session.execute(
        select(Task, col(Flag.text))
        .outerjoin(Flag, col(Flag.id) == col(Task.flag_id))
        .where(col(Task.id) == task_id)
    ).first()
    if row is None or not within(session, [row[0].document], scope or {}):
        raise NotFound(f"There is no task {task_id}: look up the list of tasks.")
    return _tasks(session, [(row[0], row[1])])[0]


def _conditions(filters: TaskFilters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.state is not None:
        where.append(col(Task.state) == filters.state)
    if filters.unowned:
        where.append(col(Task.owner).is_(None))
    elif filters.owner is not None:
        where.append(col(Task.owner) == filters.owner)
    if filters.kind is not None:
        where.append(col(Task.kind) == filters.kind)
    if filters.document is not None:
        where.append(col(Task.document) == filters.document)
    if filters.due_before is not None:
        where.append(col(Task.due_at) < filters.due_before)
    return where


def _tasks(session: Session, rows: Sequence[tuple[Task, str | None]]) -> tuple[TaskView, ...]:
    names = names_of(session, {row.owner for row, _ in rows if row.owner})
    return tuple(
        TaskView(
            id=row.id or 0,
            kind=row.kind,
            document=row.document,
            reason=row.reason,
            language=row.language,
            owner=row.owner,
            owner_name=names.get(row.owner or "", row.owner),
            due_at=row.due_at,
            state=row.state,
            note=row.note,
            created_at=row.created_at,
            closed_at=row.closed_at,
            closed_by=row.closed_by,
            flag_id=row.flag_id,
            flag_text=said,
        )
        for row, said in rows
    )
