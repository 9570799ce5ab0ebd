"""Roles and what they allow."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    EVERYTHING,
    AccessRole,
    Permissions,
    known_permissions,
)


def load_roles(session: Session) -> dict[str, Permissions]:
    """Role -> permissions, as set by an administrator or by default.

    An administrator may always do everything: otherwise nobody could mend the roles.
    """
    rows = session.scalars(select(AccessRole))
    stored = {row.name: known_permissions(row.permissions) for row in rows}
    return {**DEFAULT_ROLES, **stored, ADMINISTRATOR: EVERYTHING}


def permissions_of(roles: dict[str, Permissions], names: Iterable[str]) -> Permissions:
    """All that the named roles allow together, and what everybody may do anyway."""
    allowed = roles[ANONYMOUS]
    for name in names:
        allowed |= roles.get(name, frozenset())
    return allowed
