"""Roles: what each allows, as an administrator sets it. None of these commits.

Nobody gives or takes a permission they do not have themselves: otherwise whoever manages roles
could give themselves everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy.orm import Session

from kb.actions import audit
from kb.actions.saved import SaveStatus
from kb.db import advisory_lock
from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    AccessRole,
    Permission,
    Permissions,
    Principal,
    known_permissions,
    utc_now,
)
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb.queries.roles import holders, load_roles

LOCK = "roles"
MAX_ROLES = 100
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

NOT_FOR_STRANGERS: Permissions = frozenset(
    {
        Permission.read_raw_cases,
        Permission.read_interactions,
        Permission.write_interactions,
        Permission.manage_users,
        Permission.manage_roles,
        Permission.manage_keys,
        Permission.manage_webhooks,
        Permission.manage_sessions,
        Permission.read_audit,
        Permission.export_privacy,
        Permission.erase_privacy,
    }
)
"""What nobody may do without signing in, whatever else strangers are allowed."""


def set_role(
    session: Session, name: str, permissions: Iterable[str], *, by: Principal
) -> SaveStatus:
    """Make a role, or say anew what one allows; holds from its people's next request on.

    Raises InvalidInput for a name that cannot be one and for a permission that is not there,
    Conflict for the administrator's (always everything), Forbidden for a permission given or taken
    that `by` lacks.
    """
    if name == ADMINISTRATOR:
        raise Conflict(
            "Administrators may always do everything: give people another role to let them do less."
        )
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "Name a role with 1 to 40 small letters, digits and underscores, a letter first.",
            field="name",
        )
    wanted = _checked(permissions, name)
    advisory_lock(session, LOCK)
    row = session.get(AccessRole, name, populate_existing=True)
    before = _permissions(name, row)
    if before == wanted:
        return SaveStatus.unchanged
    _check_own(wanted ^ (before or frozenset()), by)
    if row is None:
        row = AccessRole(name=name, permissions=[])
        session.add(row)
    row.permissions = _sorted(wanted)
    row.updated_at = utc_now()
    _note(session, by, "create" if before is None else "set_permissions", name, before, wanted)
    return SaveStatus.created if before is None else SaveStatus.changed


def add_role(session: Session, name: str, permissions: Iterable[str], *, by: Principal) -> None:
    """Make a role of one's own. Raises as `set_role`, and Conflict when the name is taken."""
    advisory_lock(session, LOCK)
    if name in load_roles(session):
        raise Conflict("There is a role of that name already: choose another.", field="name")
    set_role(session, name, permissions, by=by)


def reset_role(session: Session, name: str, *, by: Principal) -> SaveStatus:
    """Let one of the roles that Potica comes with allow what it did at first.

    Raises NotFound for any other role, Forbidden for a permission given or taken that `by` lacks.
    """
    if name not in DEFAULT_ROLES:
        raise NotFound("Potica comes with no role of that name: delete the role instead.")
    advisory_lock(session, LOCK)
    row = session.get(AccessRole, name, populate_existing=True)
    if row is None:
        return SaveStatus.unchanged
    before, default = known_permissions(row.permissions), DEFAULT_ROLES[name]
    _check_own(before ^ default, by)
    session.delete(row)
    _note(session, by, "reset", name, before, default)
    return SaveStatus.changed


def delete_role(session: Session, name: str, *, by: Principal) -> None:
    """Delete a role of one's own making, which nobody has any more.

    Raises Conflict for a role that Potica comes with and for one that somebody has, NotFound.
    """
    if name in DEFAULT_ROLES:
        raise Conflict("This role comes with Potica: take permissions from it, or reset it.")
    advisory_lock(session, LOCK)
    row = session.get(AccessRole, name, populate_existing=True)
    if row is None:
        raise NotFound("There is no such role: look it up in the list of roles.")
    having = holders(session).get(name, 0)
    if having:
        raise Conflict(f"{having} people have this role: give them another one first.")
    before = known_permissions(row.permissions)
    session.delete(row)
    _note(session, by, "delete", name, before, frozenset())


def _checked(names: Iterable[str], role: str) -> Permissions:
    names = set(names)
    known = known_permissions(names)
    unknown = sorted(names - {str(permission) for permission in known})
    if unknown:
        raise InvalidInput(
            f"There is no permission {unknown[0][:60]!r}: choose from {', '.join(Permission)}.",
            field="permissions",
        )
    if role == ANONYMOUS and known & NOT_FOR_STRANGERS:
        raise InvalidInput(
            f"Nobody may have {min(known & NOT_FOR_STRANGERS)} without signing in: leave it out.",
            field="permissions",
        )
    return known


def _permissions(name: str, row: AccessRole | None) -> Permissions | None:
    """What the role allows now; None when it is not there."""
    return DEFAULT_ROLES.get(name) if row is None else known_permissions(row.permissions)


def _check_own(changed: Permissions, by: Principal) -> None:
    beyond = changed - by.permissions
    if beyond:
        raise Forbidden(
            f"You lack {min(beyond)} yourself, so you cannot give or take it: ask somebody who"
            " has it."
        )


def _note(
    session: Session,
    by: Principal,
    action: str,
    name: str,
    before: Permissions | None,
    after: Permissions,
) -> None:
    old = before or frozenset()
    added, removed = _sorted(after - old), _sorted(old - after)
    audit.record(session, by.actor, action, "role", name, added=added, removed=removed)
    session.flush()


def _sorted(permissions: Permissions) -> list[str]:
    return sorted(str(permission) for permission in permissions)
