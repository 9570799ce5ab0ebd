"""Cases with the same problem that no article answers: what is worth writing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.desk.page import show
from kb.actions.drafts import MOST_CASES
from kb.assist.engine import Engine
from kb.assist.groups import CaseGroup, GroupQuery, propose_groups
from kb.domain import Permission, Principal
from kb.queries.unlinked import links_state

router = APIRouter(prefix="/editor")
GROUPS = 20  # on the page
KEPT = 16  # answers held in memory
Reader = Annotated[Principal, allow(Permission.read_cases)]


Found = tuple[list[CaseGroup], int]


class KeptGroups:
    """Groups as they were found last, for as long as nothing they are made of has changed.

    Comparing ten thousand cases takes seconds, and lists are looked at again and again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Found] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Session, engine: Engine, wanted: GroupQuery) -> Found:
        """From memory, or found anew. Raises DatabaseError."""
        state = engine.searcher.index.seen_by(session).state
        asked = (tuple((k, tuple(v)) for k, v in wanted.scope.items()), wanted.reader)
        key = (state, links_state(session), asked, wanted.fewest, wanted.limit, wanted.answered)
        found = self._kept.get(key)
        if found is None:
            found = propose_groups(session, engine.searcher, engine.encoder.model_id, wanted)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


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
    groups, unlinked = _kept(request).get(session, app.engine, wanted)
    values = {
        "groups": groups,
        "unlinked": unlinked,
        "fewest": fewest,
        "answered": answered,
        "most": MOST_CASES,
    }
    return show(request, me, "desk_groups.html", values)


def _kept(request: Request) -> KeptGroups:
    """Those of this application."""
    found: KeptGroups | None = getattr(request.app.state, "case_groups", None)
    if found is None:
        found = request.app.state.case_groups = KeptGroups()
    return found
