"""Roles and what they allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    EVERYTHING,
    AccessRole,
    Permissions,
    User,
    known_permissions,
)
from kb.errors import NotFound


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role and how many people have it. `is_changed`: it allows other things than at first."""

    name: str
    permissions: Permissions
    is_default: bool  # one that Potica comes with
    is_changed: bool
    people: int


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


def list_roles(session: Session) -> tuple[RoleView, ...]:
    """Every role: those Potica comes with, the narrowest first, then one's own by name."""
    roles, having = load_roles(session), holders(session)
    own = sorted(roles.keys() - DEFAULT_ROLES.keys())
    return tuple(
        RoleView(
            name,
            roles[name],
            is_default=name in DEFAULT_ROLES,
            is_changed=name in DEFAULT_ROLES and roles[name] != DEFAULT_ROLES[name],
            people=having.get(name, 0),
        )
        for name in (*DEFAULT_ROLES, *own)
    )


def get_role(session: Session, name: str) -> RoleView:
    """A role by name. Raises NotFound."""
    found = next((role for role in list_roles(session) if role.name == name), None)
    if found is None:
        raise NotFound("There is no such role: look it up in the list of roles.")
    return found


def holders(session: Session) -> dict[str, int]:
    """Role -> how many people have it, invited and disabled ones too."""
    lists = session.scalars(select(col(User.roles)))
    return dict(Counter(role for roles in lists for role in set(roles)))
