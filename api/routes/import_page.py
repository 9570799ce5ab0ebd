"""Import articles from a file: look at what would happen, then take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.auth.rules import allow
from api.auth.upload import read_upload
from api.deps import App, ReadSession
from api.errors import wants_page
from api.routes.desk.page import show
from api.routes.imports import check_may_import, sent_by
from api.state import Services
from api.ui import render
from indexer.load import ImportOptions, ImportReport
from kb.domain import ArticleState, Audience, Permission, Principal
from kb.errors import InvalidInput, KbError
from kb.queries.titles import article_titles

router = APIRouter(prefix="/editor/import", include_in_schema=False)
PAGE = "/editor/import"
Publisher = Annotated[Principal, allow(Permission.publish_articles)]
FileId = Annotated[str, Path(pattern=r"^imp_[a-z0-9]{1,40}$", max_length=60)]
COLUMNS = ("title", "body", "id", "language", "tags", "keywords", "redirects")
SOON = 2.0  # seconds in which most files are read: no progress is shown for those
SHOWN = 100  # lines of a list
MOST_COLUMN = 200  # characters of a column's name


@router.get("")
def import_page(request: Request, app: App, me: Publisher) -> HTMLResponse:
    """Choose a file."""
    check_may_import(me)
    return _form(request, app, me)


@router.post("")
async def post_file(request: Request, app: App, me: Publisher) -> Response:
    """Try the file, and show what would happen."""
    check_may_import(me)
    form: Mapping[str, Any] = {}
    try:
        form = await read_upload(request)
        name, file = _file_of(form)
        options = sent_by(me, app, _options(form, app.settings.languages))
        begun = await run_in_threadpool(app.imports.begin, file, name, me.actor, options)
        await run_in_threadpool(app.imports.wait, begun, me.actor, SOON)
    except KbError as error:
        if not wants_page(request.scope, request.headers.get("accept", "")):
            raise
        return await run_in_threadpool(_form, request, app, me, form, error)
    return RedirectResponse(f"{PAGE}/{begun}", 303)


@router.get("/{file_id}")
def file_page(
    request: Request, app: App, session: ReadSession, me: Publisher, file_id: FileId
) -> HTMLResponse:
    """What would happen, how far it is, or what happened."""
    check_may_import(me)
    file = app.imports.get(file_id, me.actor)
    told = None if file.report is None or file.is_moving else file.report
    values: dict[str, object] = {"file": file, "told": told, "shown": SHOWN}
    if told is not None:
        values["groups"] = _grouped(told)
        values["titles"] = _titles(session, told, render.ui_language(request))
    return show(request, me, "desk_import_file.html", values)


@router.get("/{file_id}/progress")
def progress(request: Request, app: App, me: Publisher, file_id: FileId) -> JSONResponse:
    """How far it is, for the page's script."""
    check_may_import(me)
    file = app.imports.get(file_id, me.actor)
    words = render.environment(render.ui_language(request)).get_template("desk_import_words.html")
    told = words.module.progress(file).strip()  # type: ignore[attr-defined]
    return JSONResponse({"state": file.state, "done": file.done, "all": file.all_, "told": told})


@router.post("/{file_id}/run")
def post_run(app: App, me: Publisher, file_id: FileId) -> Response:
    """Take what was tried."""
    check_may_import(me)
    app.imports.go_on(file_id, me.actor)
    app.imports.wait(file_id, me.actor, SOON)
    return RedirectResponse(f"{PAGE}/{file_id}", 303)


@router.post("/{file_id}/drop")
def post_drop(app: App, me: Publisher, file_id: FileId) -> Response:
    """Not this one."""
    check_may_import(me)
    app.imports.drop(file_id, me.actor)
    return RedirectResponse(PAGE, 303)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was told of records: where first, and how often."""

    message: str
    file: str
    line: int
    times: int


def _form(
    request: Request,
    app: Services,
    me: Principal,
    form: Mapping[str, Any] | None = None,
    error: KbError | None = None,
) -> HTMLResponse:
    given = {name: value for name, value in (form or {}).items() if isinstance(value, str)}
    values = {
        "given": given,
        "columns": COLUMNS,
        "languages": app.settings.languages,
        "most": app.settings.import_megabytes,
        "waiting": app.imports.latest(me.actor),
        "error": error,
    }
    return show(request, me, "desk_import.html", values, error.status if error else 200)


def _file_of(form: Mapping[str, Any]) -> tuple[str, BinaryIO]:
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InvalidInput("No file came: choose one.")
    return sent.filename.replace("\\", "/").rpartition("/")[2], sent.file


def _options(form: FormData | Mapping[str, Any], languages: tuple[str, ...]) -> ImportOptions:
    """As they were chosen; what the form does not offer counts as not chosen."""
    said = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    columns = {name: said.get(f"column_{name}", "")[:MOST_COLUMN] for name in COLUMNS}
    language, audience, state = (said.get(name, "") for name in ("language", "audience", "state"))
    return ImportOptions(
        mapping={name: column for name, column in columns.items() if column},
        body_html="body_html" in said,
        language=language if language in languages else None,
        audience=Audience(audience) if audience in {*Audience} else None,
        state=ArticleState(state) if state in {*ArticleState} else None,
    )


def _grouped(report: ImportReport) -> list[Told]:
    """Each thing that was not carried over once, the most frequent first."""
    times = Counter(notice.message for notice in report.notices)
    first = {notice.message: notice for notice in reversed(report.notices)}
    return [
        Told(message, first[message].file, first[message].line, count)
        for message, count in times.most_common()
    ]


def _titles(session: Session, report: ImportReport, language: str) -> Mapping[str, object]:
    shown = [*report.created[:SHOWN], *report.changed[:SHOWN]]
    return article_titles(session, shown, language)
