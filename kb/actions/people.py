"""What one who manages people does to others' accounts. None of these commits.

The same as in `kb.actions.users`, within the reach of whoever does it: an account that may do or
see more than oneself cannot be touched, since whoever holds its link holds the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kb.actions.links import IssuedLink
from kb.actions.sessions import revoke_sessions
from kb.actions.users import (
    NewUser,
    check_reach,
    disable_user,
    enable_user,
    invite_user,
    send_link_again,
    set_roles,
    set_scope,
    update_user,
)
from kb.domain import Facets, Principal, User, UserState
from kb.errors import Conflict, Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class PersonChange:
    """None leaves what is there. `version`: what the change was made from, None for whatever."""

    name: str | None = None
    language: str | None = None
    roles: tuple[str, ...] | None = None
    scope: Facets | None = None
    state: UserState | None = None  # active lets in again, disabled shuts out
    version: int | None = None


def invite(session: Session, person: NewUser, *, by: Principal) -> IssuedLink:
    """Make an account and the link for its owner. Raises as `invite_user`, and Forbidden."""
    check_reach(session, by.permissions, person.roles)
    _check_scope(person.scope, by)
    return invite_user(session, person, actor=by.actor)


def change_person(session: Session, user_id: str, change: PersonChange, *, by: Principal) -> None:
    """Change an account.

    Raises NotFound, InvalidInput, Forbidden beyond one's reach, and Conflict when somebody else
    was faster or no administrator would be left.
    """
    user = _reached(session, user_id, by)
    if change.version is not None and change.version != user.version:
        raise Conflict(
            f"Somebody changed this account meanwhile (version {user.version}, not"
            f" {change.version}): load it again and repeat the change.",
            version=user.version,
        )
    if change.roles is not None:
        check_reach(session, by.permissions, change.roles)
        set_roles(session, user_id, change.roles, actor=by.actor)
    if change.scope is not None:
        _check_scope(change.scope, by)
        set_scope(session, user_id, change.scope, actor=by.actor)
    update_user(session, user_id, actor=by.actor, name=change.name, language=change.language)
    if change.state == UserState.disabled:
        disable_user(session, user_id, actor=by.actor)
    elif change.state == UserState.active:
        enable_user(session, user_id, actor=by.actor)


def send_link(session: Session, user_id: str, *, by: Principal) -> IssuedLink:
    """A new invitation or a way to a new password. Raises as `send_link_again`, and Forbidden."""
    _reached(session, user_id, by)
    return send_link_again(session, user_id, actor=by.actor)


def sign_out_everywhere(session: Session, user_id: str, *, by: Principal) -> int:
    """End all of a person's sessions; gives how many. Raises NotFound and Forbidden."""
    _reached(session, user_id, by)
    return revoke_sessions(session, user_id, actor=by.actor)


def check_account(
    session: Session, user_id: str, roles: Sequence[str], scope: Facets, *, by: Principal
) -> None:
    """Raises Forbidden for an account that may do or see more than one's own."""
    if user_id != by.user_id:
        check_reach(session, by.permissions, roles)
        _check_scope(scope, by)


def _reached(session: Session, user_id: str, by: Principal) -> User:
    """The account, kept as it is until the commit."""
    user = session.get(User, user_id, populate_existing=True, with_for_update=True)
    if user is None:
        raise NotFound("There is no such person: look them up in the list of people.")
    check_account(session, user_id, user.roles, user.scope, by=by)
    return user


def _check_scope(scope: Facets, by: Principal) -> None:
    """Raises Forbidden for a scope that shows more than one sees oneself."""
    for name, values in by.scope.items():
        given = scope.get(name)
        if not given or not set(given) <= set(values):
            raise Forbidden(
                f"You see only some values of {name[:60]!r} yourself, and this account would see"
                " others: name values of your own."
            )
