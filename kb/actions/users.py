"""People: invite, let in, change, shut out. None of these commits.

Passwords come checked and hashed (`kb.passwords.new_password`), since hashing takes long and no
session is held meanwhile. Audit entries name people by their id alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_language, check_text
from kb.actions.links import IssuedLink, drop_links, issue_link, spend_link
from kb.actions.sessions import renew_tokens, revoke_sessions
from kb.db import advisory_lock
from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    Facets,
    LinkPurpose,
    Permissions,
    User,
    UserState,
    utc_now,
)
from kb.errors import Conflict, Forbidden, InvalidInput, LinkRefused, NotFound
from kb.passwords import NewPassword
from kb.queries.roles import load_roles, permissions_of
from kb.queries.users import administrators, user_row

_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,190}")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to come. `scope` narrows what they see; empty for everything their roles may."""

    email: str
    name: str
    roles: Sequence[str]
    language: str = "en"
    scope: Facets = field(default_factory=dict)


def invite_user(session: Session, person: NewUser, *, actor: str) -> IssuedLink:
    """Make an account without a password, and the link that lets its owner set one.

    Raises InvalidInput, and Conflict when the e-mail has an account already.
    """
    user = _add(session, person, actor, "invite")
    return issue_link(session, user, LinkPurpose.invitation)


def add_user(session: Session, person: NewUser, password: NewPassword, *, actor: str) -> str:
    """Make an account that can sign in at once; gives its id. Raises as `invite_user`."""
    user = _add(session, person, actor, "create")
    user.state, user.password_hash = UserState.active, password.hash
    session.flush()
    return user.id


def send_link_again(session: Session, user_id: str, *, actor: str) -> IssuedLink:
    """A new link: an invitation for who never came, else one to a new password.

    Raises NotFound, and Conflict for a disabled account.
    """
    user = _user(session, user_id)
    if user.state == UserState.disabled:
        raise Conflict("The account is disabled: enable it first.")
    invited = user.state == UserState.invited
    purpose = LinkPurpose.invitation if invited else LinkPurpose.reset
    audit.record(session, actor, f"send_{purpose}", "user", user.id)
    return issue_link(session, user, purpose)


def request_reset(session: Session, email: str) -> IssuedLink | None:
    """A link to a new password for who forgot theirs.

    None when the account is not there, is disabled, or never had a password (those who were
    invited need a new invitation, those of an identity provider ask there).
    """
    user = user_row(session, email)
    if user is None or user.state != UserState.active or user.password_hash is None:
        return None
    audit.record(session, user.id, "request_reset", "user", user.id)
    return issue_link(session, user, LinkPurpose.reset)


def accept_invitation(session: Session, token: str, password: NewPassword) -> str:
    """Spend an invitation: the account is active and has a password. Gives the person's id.

    Raises LinkRefused when the link was used, replaced or is too old.
    """
    user = _spender(session, token, LinkPurpose.invitation)
    return _enter(session, user, password, "accept_invitation")


def reset_password(session: Session, token: str, password: NewPassword) -> str:
    """Spend a link to a new password; every session of the person ends. Gives their id.

    Raises LinkRefused when the link was used, replaced or is too old.
    """
    user = _spender(session, token, LinkPurpose.reset)
    return _enter(session, user, password, "reset_password")


def change_password(
    session: Session,
    user_id: str,
    password: NewPassword,
    *,
    old_hash: str | None,
    keep: str | None = None,
) -> None:
    """A person's own change: all their sessions end but the one they sit in (`keep`).

    `old_hash` is what the old password was checked against. Raises Conflict when it is not the
    one in force any more, NotFound when the person is not there.
    """
    user = _user(session, user_id)
    if user.password_hash != old_hash:
        raise Conflict("The password has been changed meanwhile: use the new one.")
    user.password_hash = password.hash
    _changed(session, user, user_id, "change_password")
    revoke_sessions(session, user_id, actor=user_id, keep=keep)
    renew_tokens(session, user_id)
    drop_links(session, user_id)


def set_password(session: Session, user_id: str, password: NewPassword, *, actor: str) -> None:
    """Set a password from the console; every session of the person ends. Raises NotFound."""
    user = _user(session, user_id)
    user.password_hash = password.hash
    if user.state == UserState.invited:
        user.state = UserState.active
    _changed(session, user, actor, "set_password")
    revoke_sessions(session, user_id, actor=actor)
    drop_links(session, user_id)


def keep_rehashed(
    session: Session, user_id: str, old_hash: str | None, password: NewPassword
) -> None:
    """Keep the same password with newer parameters, unless it was changed meanwhile."""
    session.execute(
        update(User)
        .where(col(User.id) == user_id, col(User.password_hash) == old_hash)
        .values(password_hash=password.hash)
        .execution_options(synchronize_session="fetch")
    )


def check_reach(session: Session, own: Permissions, roles: Sequence[str]) -> None:
    """Raises Forbidden when people with these roles may do something one may not do oneself.

    For the edge, before it gives roles or touches an account: who manages people must not make
    themselves, or take over, an administrator.
    """
    beyond = permissions_of(load_roles(session), roles) - own
    if beyond:
        raise Forbidden(
            f"These roles may do more than you ({min(beyond)}): ask an administrator to do this."
        )


def set_roles(session: Session, user_id: str, roles: Sequence[str], *, actor: str) -> None:
    """What a person may do, from their next request on.

    Raises NotFound, InvalidInput for a role that is not there, and Conflict when no administrator
    would be left.
    """
    user = _user(session, user_id)
    wanted = _checked_roles(session, roles)
    if wanted == user.roles:
        return
    if ADMINISTRATOR not in wanted:
        _keep_an_administrator(session, user)
    before, user.roles = list(user.roles), wanted
    _changed(session, user, actor, "set_roles", old=before, new=wanted)
    renew_tokens(session, user_id)


def set_scope(session: Session, user_id: str, scope: Facets, *, actor: str) -> None:
    """What part of the knowledge a person sees, from their next request on.

    Raises NotFound and InvalidInput.
    """
    user = _user(session, user_id)
    wanted = _checked_scope(scope)
    if wanted == user.scope:
        return
    user.scope = wanted
    _changed(session, user, actor, "set_scope", facets=sorted(wanted))
    renew_tokens(session, user_id)


def update_user(
    session: Session,
    user_id: str,
    *,
    actor: str,
    name: str | None = None,
    language: str | None = None,
) -> None:
    """Change name or language; None leaves it. Raises NotFound and InvalidInput."""
    user = _user(session, user_id)
    given = {
        "name": None if name is None else _checked_name(name),
        "language": None if language is None else _checked_language(language),
    }
    changed = [key for key, value in given.items() if value not in (None, getattr(user, key))]
    for key in changed:
        setattr(user, key, given[key])
    if changed:
        _changed(session, user, actor, "update", fields=changed)


def disable_user(session: Session, user_id: str, *, actor: str) -> None:
    """Shut a person out at once: sessions end, links are void.

    Raises NotFound, and Conflict when no administrator would be left.
    """
    user = _user(session, user_id)
    if user.state == UserState.disabled:
        return
    _keep_an_administrator(session, user)
    user.state = UserState.disabled
    _changed(session, user, actor, "disable")
    revoke_sessions(session, user_id, actor=actor)
    drop_links(session, user_id)


def enable_user(session: Session, user_id: str, *, actor: str) -> None:
    """Let a person in again; who never had a password needs an invitation. Raises NotFound."""
    user = _user(session, user_id)
    if user.state != UserState.disabled:
        return
    can_sign_in = user.password_hash is not None or user.subject is not None
    user.state = UserState.active if can_sign_in else UserState.invited
    _changed(session, user, actor, "enable")


def _add(session: Session, person: NewUser, actor: str, action: str) -> User:
    email = _checked_email(person.email)
    advisory_lock(session, f"user:{email}")
    if session.scalar(select(col(User.id)).where(col(User.email) == email)) is not None:
        raise Conflict(
            "There is an account with this e-mail already: look it up in the list.", field="email"
        )
    user = User(
        id=f"usr_{secrets.token_hex(8)}",
        email=email,
        name=_checked_name(person.name),
        language=_checked_language(person.language),
        roles=_checked_roles(session, person.roles),
        scope=_checked_scope(person.scope),
    )
    session.add(user)
    facets = sorted(user.scope)
    audit.record(session, actor, action, "user", user.id, roles=user.roles, facets=facets)
    session.flush()
    return user


def _user(session: Session, user_id: str) -> User:
    user = session.get(User, user_id, populate_existing=True, with_for_update=True)
    if user is None:
        raise NotFound("There is no such person: look them up in the list of people.")
    return user


def _changed(session: Session, user: User, actor: str, action: str, **details: object) -> None:
    user.version += 1
    user.updated_at = utc_now()
    audit.record(session, actor, action, "user", user.id, version=user.version, **details)
    session.flush()


def _spender(session: Session, token: str, purpose: LinkPurpose) -> User:
    user = _user(session, spend_link(session, token, purpose))
    if user.state == UserState.disabled:
        raise LinkRefused
    return user


def _enter(session: Session, user: User, password: NewPassword, action: str) -> str:
    user.state, user.password_hash = UserState.active, password.hash
    _changed(session, user, user.id, action)
    revoke_sessions(session, user.id, actor=user.id)
    drop_links(session, user.id)
    return user.id


def _keep_an_administrator(session: Session, user: User) -> None:
    """Raises Conflict when this one is the last who can sign in and mend things."""
    advisory_lock(session, "administrators")
    if administrators(session) == (user.id,):
        raise Conflict(
            "This is the only administrator: give another person that role first, or nobody could"
            " manage people any more."
        )


def _checked_email(email: str) -> str:
    found = email.strip().lower()
    if not _EMAIL.fullmatch(found) or len(found) > 254 or not found.isprintable():
        raise InvalidInput(
            "This is not an e-mail address: write it as name@company.example.", field="email"
        )
    check_text(found, "email")
    return found


def _checked_name(name: str) -> str:
    found = " ".join(name.split())
    check_text(found, "name", needed=True)
    if len(found) > 200 or not found.isprintable():
        raise InvalidInput("Write a name of at most 200 characters.", field="name")
    return found


def _checked_language(language: str) -> str:
    check_language(language)
    if len(language) > 35:
        raise InvalidInput("Write a language as a short tag such as en or pl.", field="language")
    return language


def _checked_roles(session: Session, roles: Sequence[str]) -> list[str]:
    advisory_lock(session, "roles")  # none of them may be deleted meanwhile
    known = load_roles(session)
    for role in roles:
        if role not in known or role == ANONYMOUS:
            there = ", ".join(sorted(known.keys() - {ANONYMOUS}))
            raise InvalidInput(
                f"There is no role {role[:60]!r}: choose from {there}.", field="roles"
            )
    if not roles:
        raise InvalidInput("Give at least one role, or disable the account.", field="roles")
    return sorted(set(roles))


def _checked_scope(scope: Facets) -> Facets:
    if len(scope) > 20 or any(len(values) > 50 for values in scope.values()):
        raise InvalidInput("A scope has at most 20 facets of 50 values.", field="scope")
    for text in (*scope, *(value for values in scope.values() for value in values)):
        check_text(text, "scope", needed=True)
        if len(text) > 120:
            raise InvalidInput("A scope's names have at most 120 characters.", field="scope")
    return {name: sorted(set(values)) for name, values in sorted(scope.items()) if values}
