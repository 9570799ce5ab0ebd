"""Sessions for programs and tests; people have pages for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.auth import cookies
from api.auth.csrf import session_token
from api.auth.identify import limits_of
from api.auth.rules import Everyone, SignedIn
from api.auth.sign_in import sign_in, sign_out
from api.deps import App, ReadSession
from api.schemas.session import (
    RevokedOut,
    SessionsOut,
    SignInIn,
    WhoOut,
    sessions_out,
    sorted_names,
)
from api.state import Services
from kb.actions.sessions import revoke_session, revoke_sessions
from kb.domain import Principal, PrincipalKind
from kb.queries.roles import load_roles, permissions_of
from kb.queries.sessions import list_sessions

router = APIRouter(prefix="/api/v1", tags=["session"])
SessionId = Annotated[str, Path(pattern=r"^ses_[0-9a-f]{16}$")]


@router.post("/session", response_model=WhoOut, status_code=201)
def post_session(request: Request, app: App, visitor: Everyone, given: SignInIn) -> WhoOut:
    """Sign in: sets the session's cookie and gives the token that writes must carry.

    Programs that are not browsers are better served by an API key.
    """
    user, session_id = sign_in(request, visitor, given.email, given.password)
    with app.readers() as session:
        permissions = permissions_of(load_roles(session), user.roles)
    return WhoOut(
        kind=PrincipalKind.session,
        user_id=user.id,
        name=user.name,
        language=user.language,
        roles=list(user.roles),
        permissions=sorted_names(permissions),
        scope=user.scope,
        csrf=session_token(app, session_id),
    )


@router.get("/session", response_model=WhoOut)
def read_session(app: App, visitor: Everyone) -> WhoOut:
    """Who the request came from, and what they may do; nobody known is told so too."""
    return WhoOut(
        kind=visitor.kind,
        user_id=visitor.user_id,
        name=visitor.name,
        language=visitor.language,
        roles=list(visitor.roles),
        permissions=sorted_names(visitor.permissions),
        scope=visitor.scope,
        csrf=_csrf(app, visitor),
    )


@router.delete("/session", status_code=204)
def delete_session(request: Request, visitor: Everyone) -> Response:
    """Sign out."""
    sign_out(request, visitor)
    return Response(status_code=204)


@router.get("/sessions", response_model=SessionsOut)
def read_sessions(app: App, session: ReadSession, me: SignedIn) -> SessionsOut:
    """Where one is signed in, the last used first."""
    assert me.user_id is not None
    found = list_sessions(session, me.user_id, limits_of(app.settings))
    return sessions_out(found, me.credential_id)


@router.delete("/sessions", response_model=RevokedOut)
def delete_sessions(request: Request, app: App, me: SignedIn) -> RevokedOut:
    """Sign out everywhere, here too."""
    assert me.user_id is not None
    with app.engine.session_factory.begin() as session:
        count = revoke_sessions(session, me.user_id, actor=me.actor)
    cookies.clear_cookie(request, cookies.SESSION)
    return RevokedOut(revoked=count)


@router.delete("/sessions/{session_id}", status_code=204)
def delete_one_session(app: App, me: SignedIn, session_id: SessionId) -> Response:
    """Sign out of one session of one's own."""
    with app.engine.session_factory.begin() as session:
        revoke_session(session, session_id, actor=me.actor, user_id=me.user_id)
    return Response(status_code=204)


def _csrf(app: Services, visitor: Principal) -> str | None:
    if visitor.kind != PrincipalKind.session or visitor.credential_id is None:
        return None
    return session_token(app, visitor.credential_id)
