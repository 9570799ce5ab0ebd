"""Roles: what each allows, in words."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.people.page import RoleName, Ticked, Typed, go, show
from api.state import Services
from api.ui.sections import grouped
from kb.actions.roles import NOT_FOR_STRANGERS, add_role, delete_role, reset_role, set_role
from kb.domain import ADMINISTRATOR, ANONYMOUS, EVERYTHING, Permission, Permissions, Principal
from kb.errors import Conflict, Forbidden, InvalidInput, KbError
from kb.queries.roles import RoleView, get_role, list_roles, load_roles

router = APIRouter(prefix="/people/roles")
Keeper = Annotated[Principal, allow(Permission.manage_roles)]
_REFUSED = (InvalidInput, Conflict, Forbidden)


@router.get("")
def roles_page(request: Request, session: ReadSession, me: Keeper, done: str = "") -> HTMLResponse:
    """Every role beside every permission."""
    return _roles(request, session, me, {"done": done})


@router.post("")
def post_role(
    request: Request, app: App, me: Keeper, name: Typed = "", like: Typed = ""
) -> Response:
    """Add a role that allows what another does, as far as one may do it oneself."""
    name = name.strip()
    try:
        with app.engine.session_factory.begin() as session:
            permissions = load_roles(session).get(like, frozenset()) & me.permissions
            add_role(session, name, permissions, by=me)
    except _REFUSED as error:
        with app.readers() as session:
            values = {"error": error, "typed_name": name[:100], "like": like}
            return _roles(request, session, me, values, error.status)
    return go(f"/people/roles/{name}?done=created")


@router.get("/{name}")
def role_page(
    request: Request, session: ReadSession, me: Keeper, name: RoleName, done: str = ""
) -> HTMLResponse:
    """One role and what it allows."""
    return _role(request, me, get_role(session, name), {"done": done})


@router.post("/{name}")
def post_permissions(
    request: Request,
    app: App,
    me: Keeper,
    name: RoleName,
    permissions: Ticked = [],  # noqa: B006  # the framework reads it, nobody changes it
) -> Response:
    """Say anew what a role allows; what one lacks oneself stays as it is."""
    try:
        with app.engine.session_factory.begin() as session:
            before = get_role(session, name).permissions
            open_to_me = {str(permission) for permission in _open(name, me)}
            kept = {str(permission) for permission in before} - open_to_me
            set_role(session, name, set(permissions) | kept, by=me)
    except _REFUSED as error:
        return _refused(request, app, me, name, error)
    return go(f"/people/roles/{name}?done=saved")


@router.post("/{name}/reset")
def post_reset(request: Request, app: App, me: Keeper, name: RoleName) -> Response:
    """Let a role allow what it did at first."""
    try:
        with app.engine.session_factory.begin() as session:
            reset_role(session, name, by=me)
    except _REFUSED as error:
        return _refused(request, app, me, name, error)
    return go(f"/people/roles/{name}?done=reset")


@router.post("/{name}/delete")
def post_delete(request: Request, app: App, me: Keeper, name: RoleName) -> Response:
    """Delete a role that nobody has."""
    try:
        with app.engine.session_factory.begin() as session:
            delete_role(session, name, by=me)
    except _REFUSED as error:
        return _refused(request, app, me, name, error)
    return go("/people/roles?done=deleted")


def _roles(
    request: Request, session: Session, me: Principal, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    known = {
        "section": "roles",
        "roles": list_roles(session),
        "groups": grouped(EVERYTHING),
        "typed_name": "",
        "like": "agent",
    }
    return show(request, me, "people_roles.html", known | values, status)


def _role(
    request: Request, me: Principal, role: RoleView, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    known = {
        "section": "roles",
        "path": f"/people/roles/{role.name}",
        "role": role,
        "groups": grouped(EVERYTHING),
        "open_to_me": _open(role.name, me),
        "is_fixed": role.name == ADMINISTRATOR,
    }
    return show(request, me, "people_role.html", known | values, status)


def _refused(
    request: Request, app: Services, me: Principal, name: str, error: KbError
) -> HTMLResponse:
    with app.readers() as session:
        return _role(request, me, get_role(session, name), {"error": error}, error.status)


def _open(name: str, me: Principal) -> Permissions:
    """The permissions that one may give to, or take from, this role."""
    return me.permissions - NOT_FOR_STRANGERS if name == ANONYMOUS else me.permissions
