"""Published articles that are likely about the same problem; merge one into the other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.desk.page import Asked, Reader, Typed, go, show
from api.routes.redirects import merge_into
from api.schemas.common import KEY
from kb.assist.article_pairs import likely_pairs
from kb.domain import Permission, Principal
from kb.queries.editor_lists import lines_of

router = APIRouter(prefix="/editor/duplicates")
Archivist = Annotated[Principal, allow(Permission.archive_articles)]
FormKey = Annotated[str, Form(pattern=KEY, max_length=120)]


@router.get("")
def duplicates_page(
    request: Request, app: App, session: ReadSession, me: Reader, done: Asked = ""
) -> HTMLResponse:
    """The nearest pairs first."""
    pairs = likely_pairs(session, app.engine.searcher, me.scope)
    keys = sorted({key for pair in pairs for key in (pair.first, pair.second)})
    lines = {line.id: line for line in lines_of(session, keys)}
    values = {"pairs": pairs, "lines": lines, "done": done}
    return show(request, me, "desk_duplicates.html", values)


@router.post("/merge")
def post_merge(
    app: App, me: Archivist, article: FormKey, into: FormKey, note: Typed = ""
) -> Response:
    """One goes into the other, whose text stays; its permalink leads on."""
    merge_into(app, me, article, into, note)
    return go("/editor/duplicates", done=into)
