"""API keys of integrations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.keys import KeyIn, KeysOut, NewKeyOut, key_out
from kb.actions.keys import KeyInput, choose_permissions, create_key, revoke_key
from kb.domain import Permission, Principal, utc_now
from kb.queries.keys import list_keys
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])
Owner = Annotated[Principal, allow(Permission.manage_keys)]
KeyId = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", max_length=40)]


@router.get("", response_model=KeysOut)
def read_keys(
    session: ReadSession,
    _owner: Owner,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> KeysOut:
    """Every key, the newest first, with what it may do; never its secret."""
    page = list_keys(session, paging=Paging(offset, limit))
    now = utc_now()
    keys = [key_out(key, now) for key in page.items]
    return KeysOut(keys=keys, total=page.total, offset=offset, limit=limit)


@router.post("", response_model=NewKeyOut, status_code=201)
def post_key(app: App, owner: Owner, given: KeyIn) -> NewKeyOut:
    """Make a key. Keep its `token` now: it is shown this once."""
    with app.engine.session_factory.begin() as session:
        permissions = choose_permissions(session, given.permissions, given.like)
        wanted = KeyInput(given.name, permissions, dict(given.scope), given.expires_at)
        made = create_key(session, wanted, owner)
    return NewKeyOut(**dict(key_out(made.key, utc_now())), token=made.token)


@router.delete("/{key_id}", status_code=204)
def delete_key(app: App, owner: Owner, key_id: KeyId) -> None:
    """Revoke a key, and the keys that were made with it: nobody gets in from now on."""
    with app.engine.session_factory.begin() as session:
        revoke_key(session, key_id, actor=owner.actor)
