"""People: look up, invite, change, shut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.auth.identify import limits_of
from api.auth.mail import address_of, deliver
from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.people.page import (
    SHOWN,
    Asked,
    Offset,
    Ticked,
    Typed,
    UserId,
    go,
    read_scope,
    show,
    write_scope,
)
from api.state import Services
from api.ui import i18n
from kb.actions.links import IssuedLink
from kb.actions.people import (
    PersonChange,
    change_person,
    check_account,
    invite,
    send_link,
    sign_out_everywhere,
)
from kb.actions.users import NewUser
from kb.domain import ANONYMOUS, Permission, Principal, UserState
from kb.errors import Conflict, Forbidden, InvalidInput, KbError
from kb.queries.paging import Paging
from kb.queries.roles import list_roles, load_roles, permissions_of
from kb.queries.sessions import list_sessions
from kb.queries.users import UserView, get_user, list_users

router = APIRouter(prefix="/people")
Manager = Annotated[Principal, allow(Permission.manage_users)]
Ender = Annotated[Principal, allow(Permission.manage_sessions)]
_REFUSED = (InvalidInput, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class TypedPerson:
    """What is in the form, as it was typed."""

    name: str = ""
    language: str = ""
    roles: tuple[str, ...] = ()
    scope: str = ""
    email: str = ""


@router.get("")
def people_page(
    request: Request,
    session: ReadSession,
    me: Manager,
    q: Asked = "",
    role: Asked = "",
    state: Asked = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """Everybody with an account, by name."""
    wanted = UserState(state) if state in set(UserState) else None
    paging = Paging(offset, SHOWN)
    values = {
        "section": "people",
        "found": list_users(session, text=q, role=role or None, state=wanted, paging=paging),
        "offset": offset,
        "roles": [one.name for one in list_roles(session) if one.name != ANONYMOUS],
        "states": [str(one) for one in UserState],
        "asked": {"q": q, "role": role, "state": str(wanted or "")},
    }
    return show(request, me, "people.html", values)


@router.get("/new")
def new_person_page(request: Request, app: App, session: ReadSession, me: Manager) -> HTMLResponse:
    """The form for an invitation."""
    typed = TypedPerson(
        language=app.settings.default_language,
        roles=("agent",),
        scope=write_scope(me.scope),
    )
    return _new(request, session, me, typed)


@router.post("/new")
def post_person(
    request: Request,
    app: App,
    me: Manager,
    email: Typed = "",
    name: Typed = "",
    language: Typed = "",
    scope: Typed = "",
    roles: Ticked = [],  # noqa: B006  # the framework reads it, nobody changes it
) -> Response:
    """Invite somebody; the link is mailed, or shown this once."""
    typed = TypedPerson(name, language, tuple(roles), scope, email)
    try:
        chosen = i18n.choose(language)
        person = NewUser(email, name, roles, chosen, read_scope(scope))
        with app.engine.session_factory.begin() as session:
            link = invite(session, person, by=me)
    except _REFUSED as error:
        with app.readers() as session:
            return _new(request, session, me, typed, error)
    return _delivered(request, app, me, link)


@router.get("/users/{user_id}")
def person_page(
    request: Request, app: App, session: ReadSession, me: Manager, user_id: UserId, done: str = ""
) -> HTMLResponse:
    """One person: what they may do, whether they may come in."""
    return _person(request, app, session, me, get_user(session, user_id), {"done": done})


@router.post("/users/{user_id}")
def post_change(
    request: Request,
    app: App,
    me: Manager,
    user_id: UserId,
    name: Typed = "",
    language: Typed = "",
    scope: Typed = "",
    version: Typed = "",
    roles: Ticked = [],  # noqa: B006
) -> Response:
    """Change name, language, roles and scope."""
    typed = TypedPerson(name, language, tuple(roles), scope)
    try:
        change = PersonChange(
            name=name,
            language=i18n.choose(language),
            roles=tuple(roles),
            scope=read_scope(scope),
            version=int(version) if version.isdecimal() and len(version) < 10 else None,
        )
        with app.engine.session_factory.begin() as session:
            change_person(session, user_id, change, by=me)
    except _REFUSED as error:
        return _refused(request, app, me, user_id, error, typed)
    return go(f"/people/users/{user_id}?done=saved")


@router.post("/users/{user_id}/disable")
def post_disable(request: Request, app: App, me: Manager, user_id: UserId) -> Response:
    """Shut somebody out at once."""
    return _moved(request, app, me, user_id, UserState.disabled)


@router.post("/users/{user_id}/enable")
def post_enable(request: Request, app: App, me: Manager, user_id: UserId) -> Response:
    """Let somebody in again."""
    return _moved(request, app, me, user_id, UserState.active)


@router.post("/users/{user_id}/link")
def post_link(request: Request, app: App, me: Manager, user_id: UserId) -> Response:
    """Send a new invitation, or a link to a new password."""
    try:
        with app.engine.session_factory.begin() as session:
            link = send_link(session, user_id, by=me)
    except _REFUSED as error:
        return _refused(request, app, me, user_id, error)
    return _delivered(request, app, me, link)


@router.post("/users/{user_id}/sign-out")
def post_sign_out(request: Request, app: App, me: Ender, user_id: UserId) -> Response:
    """End all sessions of a person."""
    with app.engine.session_factory.begin() as session:
        sign_out_everywhere(session, user_id, by=me)
    if not me.may(Permission.manage_users):
        return go("/people/sessions?done=ended")
    return go(f"/people/users/{user_id}?done=ended")


def _moved(
    request: Request, app: Services, me: Principal, user_id: str, state: UserState
) -> Response:
    try:
        with app.engine.session_factory.begin() as session:
            change_person(session, user_id, PersonChange(state=state), by=me)
    except _REFUSED as error:
        return _refused(request, app, me, user_id, error)
    return go(f"/people/users/{user_id}?done={state}")


def _new(
    request: Request,
    session: Session,
    me: Principal,
    typed: TypedPerson,
    error: KbError | None = None,
) -> HTMLResponse:
    values = {"section": "people", "typed": typed, "error": error}
    values |= _choices(session, me)
    return show(request, me, "people_new.html", values, 200 if error is None else error.status)


def _person(
    request: Request,
    app: Services,
    session: Session,
    me: Principal,
    user: UserView,
    values: dict[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """The page of a person; what was typed comes back with what is wrong with it."""
    known = {
        "section": "people",
        "path": f"/people/users/{user.id}",  # where the links to other languages lead
        "user": user,
        "typed": TypedPerson(user.name, user.language, user.roles, write_scope(user.scope)),
        "is_within": _is_within(session, user, me),
        "sessions": len(list_sessions(session, user.id, limits_of(app.settings))),
    }
    known |= _choices(session, me)
    return show(request, me, "people_person.html", known | values, status)


def _refused(
    request: Request,
    app: Services,
    me: Principal,
    user_id: str,
    error: KbError,
    typed: TypedPerson | None = None,
) -> HTMLResponse:
    with app.readers() as session:
        user = get_user(session, user_id)
        values: dict[str, Any] = {"error": error} | ({"typed": typed} if typed else {})
        return _person(request, app, session, me, user, values, error.status)


def _choices(session: Session, me: Principal) -> dict[str, Any]:
    """The roles there are, and those one may give."""
    roles = load_roles(session)
    names = [role.name for role in list_roles(session) if role.name != ANONYMOUS]
    mine = {name for name in names if permissions_of(roles, [name]) <= me.permissions}
    return {"roles": names, "mine": mine}


def _is_within(session: Session, user: UserView, me: Principal) -> bool:
    try:
        check_account(session, user.id, user.roles, user.scope, by=me)
    except Forbidden:
        return False
    return True


def _delivered(request: Request, app: Services, me: Principal, link: IssuedLink) -> Response:
    """Mail the link; where nothing mails it, show it to whoever made it, this once."""
    if app.settings.smtp_host and deliver(app.settings, link):
        return go(f"/people/users/{link.user_id}?done=sent")
    values = {
        "section": "people",
        "path": f"/people/users/{link.user_id}",  # this page is not there a second time
        "link": link,
        "address": address_of(app.settings, link),
        "mail_failed": bool(app.settings.smtp_host),
    }
    return show(request, me, "people_link.html", values)
