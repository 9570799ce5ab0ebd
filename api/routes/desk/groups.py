"""Cases with the same problem that no article answers: what is worth writing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.desk.page import show
from kb.actions.drafts import MOST_CASES
from kb.assist.groups import GroupQuery, propose_groups
from kb.domain import Permission, Principal

router = APIRouter(prefix="/editor")
GROUPS = 20  # on the page
Reader = Annotated[Principal, allow(Permission.read_cases)]


@router.get("/groups")
def groups_page(
    request: Request,
    app: App,
    session: ReadSession,
    me: Reader,
    fewest: Annotated[int, Query(ge=2, le=100)] = 2,
    answered: bool = False,
) -> HTMLResponse:
    """The largest groups first."""
    wanted = GroupQuery(me.scope, me.widest, fewest, GROUPS, answered)
    engine = app.engine
    groups, unlinked = propose_groups(session, engine.searcher, engine.encoder.model_id, wanted)
    values = {
        "groups": groups,
        "unlinked": unlinked,
        "fewest": fewest,
        "answered": answered,
        "most": MOST_CASES,
    }
    return show(request, me, "desk_groups.html", values)
