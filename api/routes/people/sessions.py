"""Open sessions of everybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from api.auth.identify import limits_of
from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.people.page import SHOWN, Asked, Offset, go, show
from kb.actions.sessions import revoke_session
from kb.domain import Permission, Principal
from kb.queries.paging import MAX_LIMIT, Paging
from kb.queries.sessions import list_open_sessions
from kb.queries.users import list_users

router = APIRouter(prefix="/people/sessions")
Ender = Annotated[Principal, allow(Permission.manage_sessions)]
SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


@router.get("")
def sessions_page(
    request: Request,
    app: App,
    session: ReadSession,
    me: Ender,
    q: Asked = "",
    offset: Offset = 0,
    done: str = "",
) -> HTMLResponse:
    """Who is signed in where, the last used first."""
    whose = None
    if q.strip():
        people = list_users(session, text=q, paging=Paging(limit=MAX_LIMIT))
        whose = [person.id for person in people.items]
    limits, paging = limits_of(app.settings), Paging(offset, SHOWN)
    values = {
        "section": "sessions",
        "found": list_open_sessions(session, limits, user_ids=whose, paging=paging),
        "offset": offset,
        "asked": {"q": q},
        "done": done,
    }
    return show(request, me, "people_sessions.html", values)


@router.post("/{session_id}/revoke")
def post_revoke(app: App, me: Ender, session_id: SessionId) -> Response:
    """End one session at once."""
    with app.engine.session_factory.begin() as session:
        revoke_session(session, session_id, actor=me.actor)
    return go("/people/sessions?done=ended")
