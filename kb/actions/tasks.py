"""Tasks: flags, reviews that are due and things gone wrong, each with an owner and a due date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_rows import finish, locked_article, unchanged
from kb.actions.articles import set_trust
from kb.actions.checks import check_text, to_utc
from kb.actions.saved import SaveResult
from kb.db import advisory_lock, insert_into
from kb.domain import (
    Article,
    Flag,
    FlagKind,
    FlagState,
    Task,
    TaskKind,
    TaskState,
    Trust,
    utc_now,
)
from kb.errors import Conflict, NotFound

DAYS: dict[str, int] = {
    FlagKind.privacy: 1,
    FlagKind.wrong: 2,
    FlagKind.stale: 14,
    FlagKind.unclear: 14,
    FlagKind.duplicate: 30,
    TaskKind.review_due: 30,
    TaskKind.expired: 14,
    TaskKind.schedule_failed: 1,
}
"""Days until a task is due, by the flag's kind or the task's."""

SERIOUS = frozenset({FlagKind.wrong, FlagKind.privacy})
"""Flags that take validation away at once."""

ARTICLE = "article:"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to arise; `key` makes it arise once, whoever finds the reason first."""

    kind: TaskKind
    document: str
    key: str
    reason: str = ""
    owner: str | None = None
    language: str | None = None
    flag_id: str | None = None


def open_task(session: Session, new: NewTask, actor: str, now: datetime | None = None) -> bool:
    """Let the task arise; gives whether it is new."""
    now = now or utc_now()
    days = DAYS.get(new.reason, DAYS.get(new.kind, 14))
    values = {
        "kind": new.kind,
        "document": new.document,
        "key": new.key,
        "reason": new.reason,
        "flag_id": new.flag_id,
        "language": new.language,
        "owner": new.owner,
        "due_at": now + timedelta(days=days),
        "state": TaskState.open,
        "note": "",
        "created_at": now,
    }
    statement = insert_into(session, Task).values(values)
    made = session.execute(
        statement.on_conflict_do_nothing(index_elements=["key"]).returning(col(Task.id))
    ).scalar()
    if made is None:
        return False
    details = {"kind": new.kind, "reason": new.reason, "owner": new.owner}
    audit.record(session, actor, "open", "task", str(made), document=new.document, **details)
    return True


def follow_flag(session: Session, flag: Flag, actor: str) -> bool:
    """What a flag sets off: a task for the owner and, when it is serious, no more trust.

    Gives whether that is new. Call it in the transaction that raises the flag.
    """
    article = None
    if flag.document.startswith(ARTICLE):
        article = session.get(Article, flag.document.removeprefix(ARTICLE))
    if article is not None and flag.kind in SERIOUS and flag.state == FlagState.open:
        set_trust(session, article.id, Trust.not_validated, actor, note=f"flag: {flag.kind}")
    owner = None if article is None else article.owner
    key = f"flag:{flag.id}"
    new = NewTask(TaskKind.flag, flag.document, key, flag.kind, owner, flag.language, flag.id)
    return open_task(session, new, actor)


def change_task(
    session: Session,
    task_id: int,
    actor: str,
    *,
    owner: str | None,
    due_at: datetime,
) -> None:
    """Give it to somebody else or another due date. Raises NotFound, Conflict, InvalidInput."""
    check_text(owner or "", "owner")
    task = _open(session, task_id)
    due = to_utc(due_at, "due_at")
    assert due is not None
    if (task.owner, task.due_at) == (owner, due):
        return
    task.owner, task.due_at = owner, due
    audit.record(session, actor, "change", "task", str(task_id), owner=owner, due=due.isoformat())
    session.flush()


def close_task(session: Session, task_id: int, actor: str, *, note: str = "") -> None:
    """It is done; with it the flag that it came from. Closing it again changes nothing."""
    check_text(note, "note")
    task = _get(session, task_id)
    if task.state == TaskState.open:
        _close(session, task, actor, note)


def close_flag_tasks(session: Session, flag_id: str, actor: str, *, note: str = "") -> None:
    """The flag was closed: its task is done."""
    query = select(Task).where(col(Task.flag_id) == flag_id, col(Task.state) == TaskState.open)
    for task in session.scalars(query):
        _close(session, task, actor, note)


def mark_reviewed(
    session: Session,
    article_id: str,
    actor: str,
    *,
    note: str = "",
    review_by: datetime | None = None,
) -> SaveResult:
    """The article was looked over and stands; the reviews that were due are done.

    `review_by`: when it is due again; with None by age, use and flags. Raises NotFound.
    """
    check_text(note, "note")
    row = locked_article(session, article_id)
    due = to_utc(review_by, "review_by")
    tasks = session.scalars(
        select(Task).where(
            col(Task.document) == f"{ARTICLE}{row.id}",
            col(Task.kind) == TaskKind.review_due,
            col(Task.state) == TaskState.open,
        )
    ).all()
    if not tasks and row.review_by == due and due is not None:
        return unchanged(row)
    for task in tasks:
        _close(session, task, actor, note)
    row.review_by = due
    count = len(tasks)
    return finish(session, row, actor, "mark_reviewed", index=False, note=note, tasks=count)


def _close(session: Session, task: Task, actor: str, note: str) -> None:
    task.state, task.note = TaskState.done, note
    task.closed_by, task.closed_at = actor, utc_now()
    flag = None if task.flag_id is None else session.get(Flag, task.flag_id)
    if flag is not None and flag.state == FlagState.open:
        flag.state, flag.closed_by, flag.closed_at = FlagState.closed, actor, task.closed_at
        audit.record(session, actor, "close", "flag", flag.id, document=flag.document)
    audit.record(session, actor, "close", "task", str(task.id), document=task.document)
    session.flush()


def _get(session: Session, task_id: int) -> Task:
    advisory_lock(session, f"task:{task_id}")
    task = session.get(Task, task_id, populate_existing=True)
    if task is None:
        raise NotFound(f"There is no task {task_id}: look up the list of tasks.")
    return task


def _open(session: Session, task_id: int) -> Task:
    task = _get(session, task_id)
    if task.state != TaskState.open:
        raise Conflict(f"The task {task_id} is done: it cannot be changed.", state=task.state)
    return task
