"""Tasks: mine, everybody's, nobody's; done, given to somebody, put off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.auth.rules import require
from api.deps import App, ReadSession
from api.routes.desk.articles import MINE, NOBODY, people_for
from api.routes.desk.page import (
    SHOWN,
    Asked,
    Back,
    Offset,
    Reader,
    Typed,
    Writer,
    filled,
    go,
    one_of,
    show,
)
from api.ui import render
from kb.actions.tasks import change_task, close_task, mark_reviewed
from kb.domain import Permission, TaskKind, TaskState, utc_now
from kb.errors import Conflict
from kb.queries.editor_counts import load_choices
from kb.queries.life import TaskFilters, list_tasks, read_task
from kb.queries.paging import Paging
from kb.queries.titles import document_titles

router = APIRouter(prefix="/editor/tasks")
LIST = "/editor/tasks"
ARTICLE = "article:"
DUE = {"late": timedelta(0), "week": timedelta(days=7), "month": timedelta(days=30)}
TaskId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Days = Annotated[int, Form(ge=0, le=366)]


@router.get("")
def tasks_page(
    request: Request,
    session: ReadSession,
    me: Reader,
    owner: Asked = MINE,
    kind: Asked = "",
    due: Asked = "",
    state: Asked = "",
    offset: Offset = 0,
    done: Asked = "",
) -> HTMLResponse:
    """What is due first comes first."""
    now = utc_now()
    wanted = TaskFilters(
        state=one_of(TaskState, state) or TaskState.open,
        owner=me.actor if owner == MINE else None,
        unowned=owner == NOBODY,
        kind=one_of(TaskKind, kind),
        due_before=now + DUE[due] if due in DUE else None,
    )
    found = list_tasks(session, wanted, scope=me.scope, paging=Paging(offset, SHOWN))
    documents = {task.document for task in found.items}
    asked = filled({"owner": owner, "kind": wanted.kind, "due": due, "state": state})
    values = {
        "found": found,
        "titles": document_titles(session, documents, render.ui_language(request)),
        "asked": asked,
        "back": urlencode(asked | filled({"offset": offset})),
        "offset": offset,
        "now": now,
        "kinds": list(TaskKind),
        "done": done,
    }
    return show(request, me, "desk_tasks.html", values)


@router.get("/{task_id}")
def task_page(
    request: Request, session: ReadSession, me: Reader, task_id: TaskId, back: Asked = ""
) -> HTMLResponse:
    """One task, with all that can be done about it."""
    task = read_task(session, task_id, me.scope)
    people = people_for(session, me, load_choices(session, me.scope))
    titles = document_titles(session, [task.document], render.ui_language(request))
    values = {"task": task, "titles": titles, "people": people, "now": utc_now(), "back": back}
    return show(request, me, "desk_task.html", values)


@router.post("/{task_id}/close")
def post_close(
    app: App, me: Writer, task_id: TaskId, note: Typed = "", back: Back = ""
) -> Response:
    """It is done; with it the flag that it came from."""

    def act(session: Session) -> None:
        read_task(session, task_id, me.scope)
        close_task(session, task_id, me.actor, note=note)

    app.change(act)
    return go(LIST, back, done="closed")


@router.post("/{task_id}/stands")
def post_stands(
    app: App, me: Writer, task_id: TaskId, note: Typed = "", back: Back = ""
) -> Response:
    """The article was looked over and stands: its reviews that are due are done."""
    require(me, Permission.review_articles)

    def act(session: Session) -> None:
        task = read_task(session, task_id, me.scope)
        if task.document.startswith(ARTICLE) and task.state == TaskState.open:
            mark_reviewed(session, task.document.removeprefix(ARTICLE), me.actor, note=note)

    app.change(act)
    return go(LIST, back, done="stands")


@router.post("/{task_id}/change")
def post_change(
    app: App,
    me: Writer,
    task_id: TaskId,
    owner: Annotated[str | None, Form(max_length=120)] = None,
    due: Annotated[str, Form(max_length=10)] = "",
    days: Days = 0,
    back: Back = "",
) -> Response:
    """Give it to somebody, or put it off: to a day, or by so many days from now."""

    def act(session: Session) -> None:
        task = read_task(session, task_id, me.scope)
        if task.state != TaskState.open:
            raise Conflict("This task is done already: load the list again.")
        until = max(task.due_at, utc_now()) + timedelta(days=days) if days else task.due_at
        named = {MINE: me.actor, NOBODY: None}
        whose = task.owner if owner is None else named.get(owner, owner)
        change_task(session, task_id, me.actor, owner=whose, due_at=_end_of(due) or until)

    app.change(act)
    return go(LIST, back, done="changed")


def _end_of(day: str) -> datetime | None:
    """The end of a day such as 2026-01-31 (UTC); None for anything else."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time(23, 59), UTC)
    except ValueError:
        return None
