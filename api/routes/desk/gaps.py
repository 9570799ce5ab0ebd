"""Questions and searches that found nothing: begin a draft, or dismiss them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.auth.rules import allow, require
from api.deps import App, ReadSession
from api.routes.desk.page import (
    SHOWN,
    Asked,
    Back,
    Offset,
    Writer,
    filled,
    go,
    one_of,
    show,
)
from kb.actions.gap_draft import draft_from_gap
from kb.actions.gaps import close_gap, reopen_gap
from kb.domain import GapKind, GapState, Permission, Principal
from kb.queries.gaps import get_gap, list_gaps
from kb.queries.paging import Paging

router = APIRouter(prefix="/editor/gaps")
LIST = "/editor/gaps"
Reader = Annotated[Principal, allow(Permission.read_gaps)]
Closer = Annotated[Principal, allow(Permission.close_gaps)]
GapId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("")
def gaps_page(
    request: Request,
    app: App,
    session: ReadSession,
    me: Reader,
    kind: Asked = "",
    state: Asked = "",
    lang: Asked = "",
    offset: Offset = 0,
    done: Asked = "",
    gap: Asked = "",
) -> HTMLResponse:
    """What is asked or searched for most comes first."""
    wanted, is_closed = one_of(GapKind, kind), state == GapState.closed
    found = list_gaps(
        session,
        state=GapState.closed if is_closed else GapState.open,
        kind=wanted,
        language=lang or None,
        paging=Paging(offset, SHOWN),
    )
    asked = filled({"kind": wanted, "state": GapState.closed if is_closed else "", "lang": lang})
    values = {
        "found": found,
        "asked": asked,
        "back": urlencode(asked | filled({"offset": offset})),
        "languages": app.settings.languages,
        "offset": offset,
        "done": done,
        "dismissed": gap if gap.isascii() and gap.isdecimal() else "",
    }
    return show(request, me, "desk_gaps.html", values)


@router.post("/{gap_id}/draft")
def post_draft(app: App, me: Writer, gap_id: GapId) -> Response:
    """Begin an article with the question as its title, and go there."""
    require(me, Permission.read_gaps)

    def act(session: Session) -> tuple[str, str]:
        language = get_gap(session, gap_id).language
        return draft_from_gap(session, gap_id, me.actor).id, language

    key, language = app.change(act)
    return go(f"/editor/articles/{key}/{language}")


@router.post("/{gap_id}/dismiss")
def post_dismiss(app: App, me: Closer, gap_id: GapId, back: Back = "") -> Response:
    """It needs no answer, or has one; asked again, it is open again."""
    app.change(lambda session: close_gap(session, gap_id, actor=me.actor))
    return go(LIST, back, done="dismissed", gap=gap_id)


@router.post("/{gap_id}/reopen")
def post_reopen(app: App, me: Closer, gap_id: GapId, back: Back = "") -> Response:
    """It was dismissed by mistake: among the unanswered again."""
    app.change(lambda session: reopen_gap(session, gap_id, actor=me.actor))
    return go(LIST, back, done="back")
