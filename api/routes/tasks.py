"""Tasks: flags, reviews that are due and what went wrong, with owner and due date."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.articles import NoteIn
from api.schemas.common import Moment, Name
from api.schemas.life import TaskIn, TaskOut, TasksOut
from kb.actions.tasks import change_task, close_task
from kb.domain import Permission, Principal, TaskKind, TaskState
from kb.queries.life import TaskFilters, list_tasks, read_task
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
TaskId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", response_model=TasksOut)
def get_tasks(
    session: ReadSession,
    reader: Reader,
    state: TaskState | None = TaskState.open,
    owner: Annotated[Name | None, Query(description="`me` for one's own")] = None,
    unowned: bool = False,
    kind: TaskKind | None = None,
    document: Name | None = None,
    due_before: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> TasksOut:
    """Tasks, what is due first first: an owner's list with `owner=me`."""
    whose = reader.actor if owner == "me" else owner
    filters = TaskFilters(state, whose, unowned, kind, document, due_before)
    page = list_tasks(session, filters, scope=reader.scope, paging=Paging(offset, limit))
    tasks = [TaskOut.model_validate(task, from_attributes=True) for task in page.items]
    return TasksOut(tasks=tasks, total=page.total, offset=offset, limit=limit)


@router.get("/{task_id}", response_model=TaskOut)
def get_task(session: ReadSession, reader: Reader, task_id: TaskId) -> TaskOut:
    """One task."""
    return _out(session, task_id, reader)


@router.patch("/{task_id}", response_model=TaskOut)
def patch_task(app: App, writer: Writer, task_id: TaskId, given: TaskIn) -> TaskOut:
    """Give a task to somebody else, or another due date."""

    def act(session: Session) -> TaskOut:
        read_task(session, task_id, writer.scope)
        due = given.due_at
        change_task(session, task_id, writer.actor, owner=given.owner, due_at=due)
        return _out(session, task_id, writer)

    return app.change(act)


@router.post("/{task_id}/close", response_model=TaskOut)
def post_close(app: App, writer: Writer, task_id: TaskId, why: NoteIn | None = None) -> TaskOut:
    """It is done; with it the flag that it came from."""

    def act(session: Session) -> TaskOut:
        read_task(session, task_id, writer.scope)
        close_task(session, task_id, writer.actor, note=why.note if why else "")
        return _out(session, task_id, writer)

    return app.change(act)


def _out(session: Session, task_id: int, principal: Principal) -> TaskOut:
    found = read_task(session, task_id, principal.scope)
    return TaskOut.model_validate(found, from_attributes=True)
