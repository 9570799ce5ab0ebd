"""People and their sessions, for programs; people have pages for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.identify import limits_of
from api.auth.mail import address_of, deliver
from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.common import Name
from api.schemas.session import RevokedOut, SessionsOut, sessions_out
from api.schemas.users import InvitedOut, LinkOut, UserIn, UserOut, UserPatch, UsersOut, user_out
from api.state import Services
from kb.actions.links import IssuedLink
from kb.actions.people import change_person, invite, send_link, sign_out_everywhere
from kb.actions.sessions import revoke_session
from kb.actions.users import NewUser
from kb.domain import Permission, Principal, UserState
from kb.queries.paging import Paging
from kb.queries.sessions import list_sessions
from kb.queries.users import get_user, list_users

router = APIRouter(prefix="/api/v1/users", tags=["users"])
Manager = Annotated[Principal, allow(Permission.manage_users)]
Ender = Annotated[Principal, allow(Permission.manage_sessions)]
UserId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
SessionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


@router.get("", response_model=UsersOut)
def read_users(
    session: ReadSession,
    _manager: Manager,
    q: Annotated[Name | None, Query(description="in name or e-mail")] = None,
    role: Name | None = None,
    state: UserState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> UsersOut:
    """Everybody with an account, by name."""
    page = list_users(session, text=q or "", state=state, role=role, paging=Paging(offset, limit))
    users = [user_out(user) for user in page.items]
    return UsersOut(users=users, total=page.total, offset=offset, limit=limit)


@router.post("", response_model=InvitedOut, status_code=201)
def post_user(app: App, manager: Manager, given: UserIn) -> InvitedOut:
    """Invite somebody. Without a mail server the link is in the answer, this once."""
    person = NewUser(given.email, given.name, given.roles, given.language, dict(given.scope))
    with app.engine.session_factory.begin() as session:
        link = invite(session, person, by=manager)
        made = user_out(get_user(session, link.user_id))
    return InvitedOut(**dict(made), link=_delivered(app, link))


@router.get("/{user_id}", response_model=UserOut)
def read_user(session: ReadSession, _manager: Manager, user_id: UserId) -> UserOut:
    """One account."""
    return user_out(get_user(session, user_id))


@router.patch("/{user_id}", response_model=UserOut)
def patch_user(app: App, manager: Manager, user_id: UserId, given: UserPatch) -> UserOut:
    """Change an account, within what one may do oneself; it holds from the next request on."""
    with app.engine.session_factory.begin() as session:
        change_person(session, user_id, given.to_change(), by=manager)
        return user_out(get_user(session, user_id))


@router.post("/{user_id}/link", response_model=LinkOut, status_code=201)
def post_link(app: App, manager: Manager, user_id: UserId) -> LinkOut:
    """A new invitation, or a link to a new password; those from before are void."""
    with app.engine.session_factory.begin() as session:
        link = send_link(session, user_id, by=manager)
    return _delivered(app, link)


@router.get("/{user_id}/sessions", response_model=SessionsOut)
def read_user_sessions(
    app: App, session: ReadSession, ender: Ender, user_id: UserId
) -> SessionsOut:
    """Where somebody is signed in, the last used first."""
    user = get_user(session, user_id)
    found = list_sessions(session, user.id, limits_of(app.settings))
    return sessions_out(found, ender.credential_id)


@router.delete("/{user_id}/sessions", response_model=RevokedOut)
def delete_user_sessions(app: App, ender: Ender, user_id: UserId) -> RevokedOut:
    """Sign somebody out everywhere."""
    with app.engine.session_factory.begin() as session:
        return RevokedOut(revoked=sign_out_everywhere(session, user_id, by=ender))


@router.delete("/{user_id}/sessions/{session_id}", status_code=204)
def delete_user_session(app: App, ender: Ender, user_id: UserId, session_id: SessionId) -> None:
    """End one session of somebody."""
    with app.engine.session_factory.begin() as session:
        revoke_session(session, session_id, actor=ender.actor, user_id=user_id)


def _delivered(app: Services, link: IssuedLink) -> LinkOut:
    """By mail where that is set up and works, else in the answer."""
    mailed = bool(app.settings.smtp_host) and deliver(app.settings, link)
    return LinkOut(
        purpose=str(link.purpose),
        expires_at=link.expires_at,
        mailed=mailed,
        address=None if mailed else address_of(app.settings, link),
    )
