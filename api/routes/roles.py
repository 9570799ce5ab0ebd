"""Roles and what they allow, for programs; people have pages for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.users import PermissionsIn, RoleOut, RolesOut, role_out
from kb.actions.roles import delete_role, reset_role, set_role
from kb.actions.saved import SaveStatus
from kb.domain import DEFAULT_ROLES, Permission, Principal
from kb.queries.roles import get_role, list_roles

router = APIRouter(prefix="/api/v1/roles", tags=["roles"])
Keeper = Annotated[Principal, allow(Permission.manage_roles)]
RoleName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,60}$", description="as in night_shift")]


@router.get("", response_model=RolesOut)
def read_roles(session: ReadSession, _keeper: Keeper) -> RolesOut:
    """Every role: those Potica comes with, then one's own."""
    return RolesOut(roles=[role_out(role) for role in list_roles(session)])


@router.put("/{name}", response_model=RoleOut, responses={201: {"model": RoleOut}})
def put_role(
    app: App, keeper: Keeper, name: RoleName, given: PermissionsIn, response: Response
) -> RoleOut:
    """Make a role, or say anew what one allows; it holds from its people's next request on."""
    with app.engine.session_factory.begin() as session:
        status = set_role(session, name, given.permissions, by=keeper)
        found = role_out(get_role(session, name))
    response.status_code = 201 if status == SaveStatus.created else 200
    return found


@router.delete("/{name}", status_code=204)
def delete_one_role(app: App, keeper: Keeper, name: RoleName) -> None:
    """Delete a role of one's own that nobody has; one that Potica comes with is reset instead."""
    with app.engine.session_factory.begin() as session:
        if name in DEFAULT_ROLES:
            reset_role(session, name, by=keeper)
        else:
            delete_role(session, name, by=keeper)
