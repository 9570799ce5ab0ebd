"""API keys: make, show once, revoke."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.people.page import (
    SHOWN,
    Offset,
    Ticked,
    Typed,
    go,
    read_scope,
    show,
    write_scope,
)
from api.ui.sections import grouped
from kb.actions.keys import MAX_NAME, KeyInput, choose_permissions, create_key, revoke_key
from kb.domain import Permission, Principal, utc_now
from kb.errors import Forbidden, InvalidInput
from kb.queries.keys import list_keys
from kb.queries.names import names_of
from kb.queries.paging import Paging

router = APIRouter(prefix="/people/keys")
Owner = Annotated[Principal, allow(Permission.manage_keys)]
KeyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
USUAL = timedelta(days=365)


@router.get("")
def keys_page(
    request: Request, session: ReadSession, me: Owner, offset: Offset = 0, done: str = ""
) -> HTMLResponse:
    """Every key, and the form for a new one."""
    return _page(request, session, me, {"offset": offset, "done": done})


@router.post("")
def post_key(
    request: Request,
    app: App,
    me: Owner,
    name: Typed = "",
    until: Typed = "",
    scope: Typed = "",
    permissions: Ticked = [],  # noqa: B006  # the framework reads it, nobody changes it
) -> Response:
    """Make a key and show it, this once."""
    try:
        expires_at = _end_of(until)
        with app.engine.session_factory.begin() as session:
            chosen = choose_permissions(session, permissions, None)
            wanted = KeyInput(name, chosen, read_scope(scope), expires_at)
            made = create_key(session, wanted, me)
    except (InvalidInput, Forbidden) as error:
        typed = {"name": name[:300], "until": until[:20], "scope": scope, "ticked": permissions}
        with app.readers() as session:
            return _page(request, session, me, {"error": error, "typed": typed}, error.status)
    public = app.settings.resolved_public_url.rstrip("/")
    with app.readers() as session:
        values = {"made": made, "public_url": public}
        return _page(request, session, me, values, 201)


@router.post("/{key_id}/revoke")
def post_revoke(app: App, me: Owner, key_id: KeyId) -> Response:
    """Nobody gets in with the key from now on."""
    with app.engine.session_factory.begin() as session:
        revoke_key(session, key_id, actor=me.actor)
    return go("/people/keys?done=revoked")


def _page(
    request: Request, session: Session, me: Principal, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    offset = values.get("offset", 0)
    found, now = list_keys(session, paging=Paging(offset, SHOWN)), utc_now()
    usual = {
        "name": "",
        "until": (now + USUAL).date().isoformat(),
        "scope": write_scope(me.scope),
        "ticked": [],
    }
    known = {
        "section": "keys",
        "offset": 0,
        "found": found,
        "states": {key.id: str(key.state_at(now)) for key in found.items},
        "names": names_of(session, [key.created_by for key in found.items]),
        "groups": grouped(me.permissions),
        "most": MAX_NAME,
        "moment": timedelta(seconds=1),  # before it expires: the last day that it is good
        "made": None,
        "typed": usual,
    }
    return show(request, me, "people_keys.html", known | values, status)


def _end_of(day: str) -> datetime | None:
    """The first moment after a day, UTC; None for an empty text. Raises InvalidInput."""
    if not day.strip():
        return None
    try:
        found = date.fromisoformat(day.strip()) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidInput("Write the day as 2027-01-31.", field="until") from None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)
