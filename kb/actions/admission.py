"""Who comes through an identity provider: finds, links or makes the account. Commits nothing.

What the provider says of roles is the truth for accounts that it vouches for: it is taken over
at every sign-in, also where it takes something away.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.links import drop_links
from kb.actions.sessions import renew_tokens, revoke_sessions
from kb.db import advisory_lock
from kb.domain import User, UserState, utc_now
from kb.domain.provider import Admission, ProvidedIdentity, Refusal

MAX_EMAIL, MAX_NAME, MAX_SUBJECT = 254, 200, 500


def admit(session: Session, who: ProvidedIdentity, *, allow_new: bool) -> Admission:
    """The account to sign in to, with its roles and name brought up to date.

    Commit also after a refusal: it may have taken roles away and ended sessions.
    """
    email = _plain_email(who.email)
    if not who.subject.isprintable() or len(who.subject) > MAX_SUBJECT:
        return Admission(refusal=Refusal.failed)
    advisory_lock(session, f"subject:{who.subject}")
    if email is not None:
        advisory_lock(session, f"user:{email}")
    user = _account(session, who, email, allow_new)
    if isinstance(user, Refusal):
        return Admission(refusal=user)
    if user.state == UserState.disabled:
        return Admission(refusal=Refusal.disabled)
    _update(session, user, who, email)
    if who.roles is not None and not who.roles:
        revoke_sessions(session, user.id, actor=user.id)
        return Admission(refusal=Refusal.no_role)
    return Admission(user.id)


def _account(
    session: Session, who: ProvidedIdentity, email: str | None, allow_new: bool
) -> User | Refusal:
    """Theirs already, linked just now, or new."""
    known = session.scalar(select(User).where(col(User.subject) == who.subject))
    if known is not None:
        return known
    if email is None:
        return Refusal.no_email
    local = session.scalar(select(User).where(col(User.email) == email))
    if local is not None:
        return _link(session, local, who)
    return _new(session, who, email, allow_new)


def _link(session: Session, user: User, who: ProvidedIdentity) -> User | Refusal:
    """The local account with this e-mail, linked from now on."""
    if user.subject is not None:
        return Refusal.taken
    if who.is_verified is not True:
        return Refusal.unverified
    if user.state == UserState.disabled:
        return Refusal.disabled
    if who.roles is not None and not who.roles:
        return Refusal.no_role  # do not take a local account's roles away and leave it useless
    user.subject = who.subject
    if user.state == UserState.invited:
        user.state = UserState.active
        drop_links(session, user.id)
    _changed(session, user, "link_provider")
    return user


def _new(session: Session, who: ProvidedIdentity, email: str, allow_new: bool) -> User | Refusal:
    if not allow_new:
        return Refusal.no_account
    if who.is_verified is False:
        return Refusal.unverified
    if who.roles is not None and not who.roles:
        return Refusal.no_role
    user = User(
        id=f"usr_{secrets.token_hex(8)}",
        email=email,
        name=_plain_name(who.name) or email,
        language=who.language,
        state=UserState.active,
        subject=who.subject,
        roles=sorted(who.roles or ()),
    )
    session.add(user)
    audit.record(session, user.id, "create", "user", user.id, roles=user.roles, provider=True)
    session.flush()
    return user


def _update(session: Session, user: User, who: ProvidedIdentity, email: str | None) -> None:
    """Roles, name and e-mail as the provider says now."""
    if who.roles is not None and sorted(who.roles) != user.roles:
        before, user.roles = list(user.roles), sorted(who.roles)
        _changed(session, user, "set_roles", old=before, new=user.roles, provider=True)
        renew_tokens(session, user.id)
    fields = []
    name = _plain_name(who.name)
    if name and name != user.name:
        user.name = name
        fields.append("name")
    if email is not None and who.is_verified and _is_free(session, email):
        user.email = email
        fields.append("email")
    if fields:
        _changed(session, user, "update", fields=fields, provider=True)


def _is_free(session: Session, email: str) -> bool:
    return session.scalar(select(col(User.id)).where(col(User.email) == email)) is None


def _changed(session: Session, user: User, action: str, **details: object) -> None:
    user.version += 1
    user.updated_at = utc_now()
    audit.record(session, user.id, action, "user", user.id, version=user.version, **details)
    session.flush()


def _plain_email(text: str | None) -> str | None:
    """In lower case; None for what can be no address."""
    found = (text or "").strip().lower()
    is_one = "@" in found[1:-1] and found.isprintable() and not set(' <>"') & set(found)
    return found if is_one and len(found) <= MAX_EMAIL else None


def _plain_name(text: str) -> str:
    """On one line, without characters that cannot be shown."""
    return " ".join("".join(c for c in text if c.isprintable()).split())[:MAX_NAME].strip()
