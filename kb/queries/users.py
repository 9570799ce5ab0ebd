"""Users: who they are, what they may do, whose a one-time link is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    ADMINISTRATOR,
    Facets,
    LinkPurpose,
    OneTimeLink,
    User,
    UserState,
    utc_now,
)
from kb.domain.session_rules import token_hash
from kb.errors import NotFound
from kb.queries.paging import Page, Paging
from kb.text.fold import fold


@dataclass(frozen=True, slots=True)
class UserView:
    """A person as administrators see them; the password's hash is not part of it."""

    id: str
    email: str
    name: str
    language: str
    state: UserState
    roles: tuple[str, ...]
    scope: Facets
    has_password: bool
    has_provider: bool  # signs in through an identity provider
    created_at: datetime
    signed_in_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """What checking a password needs. Never leaves the server."""

    user: UserView
    password_hash: str | None


def get_user(session: Session, user_id: str) -> UserView:
    """A person by id. Raises NotFound."""
    row = session.get(User, user_id)
    if row is None:
        raise NotFound("There is no such person: look them up in the list of people.")
    return user_view(row)


def find_user(session: Session, email: str) -> UserView | None:
    """A person by e-mail, in whatever case it is written."""
    found = find_credentials(session, email)
    return found.user if found else None


def find_credentials(session: Session, email: str) -> Credentials | None:
    """A person by e-mail, with the hash of their password."""
    row = user_row(session, email)
    return Credentials(user_view(row), row.password_hash) if row else None


def user_row(session: Session, email: str) -> User | None:
    """The row of an e-mail, whatever was typed."""
    wanted = email.strip().lower()
    if not wanted.isprintable():  # PostgreSQL cannot even be asked for some of these
        return None
    return session.scalar(select(User).where(col(User.email) == wanted))


def get_credentials(session: Session, user_id: str) -> Credentials:
    """A person by id, with the hash of their password. Raises NotFound."""
    user = get_user(session, user_id)
    return Credentials(user, _hash_of(session, user_id))


def list_users(
    session: Session,
    *,
    text: str = "",
    state: UserState | None = None,
    role: str | None = None,
    paging: Paging | None = None,
) -> Page[UserView]:
    """People by name; `text` is looked for in name and e-mail, with or without diacritics."""
    paging = paging or Paging()
    wanted = fold(text.strip()[:200])
    query = select(col(User.id), col(User.name), col(User.email), col(User.roles))
    if state is not None:
        query = query.where(col(User.state) == state)
    # Folded here, since databases disagree on capitals and diacritics: "lukasz" finds "Łukasz".
    found = sorted(
        (fold(name), user_id)
        for user_id, name, email, roles in session.execute(query)
        if (wanted in fold(name) or wanted in email) and (role is None or role in roles)
    )
    shown = [user_id for _, user_id in found[paging.offset : paging.offset + paging.limit]]
    rows = {row.id: row for row in session.scalars(select(User).where(col(User.id).in_(shown)))}
    return Page(tuple(user_view(rows[user_id]) for user_id in shown), len(found))


def administrators(session: Session) -> tuple[str, ...]:
    """Ids of the administrators who can sign in."""
    rows = session.scalars(select(User).where(col(User.state) == UserState.active))
    return tuple(row.id for row in rows if ADMINISTRATOR in row.roles)


def link_owner(session: Session, token: str, purpose: LinkPurpose) -> UserView | None:
    """Whose one-time link this is; None when it was used, replaced or is too old."""
    query = (
        select(User)
        .join(OneTimeLink, col(OneTimeLink.user_id) == col(User.id))
        .where(
            col(OneTimeLink.token_hash) == token_hash(token),
            col(OneTimeLink.purpose) == purpose,
            col(OneTimeLink.used_at).is_(None),
            col(OneTimeLink.expires_at) > utc_now(),
            col(User.state) != UserState.disabled,
        )
    )
    row = session.scalar(query)
    return user_view(row) if row else None


def user_view(row: User) -> UserView:
    """The row as others see it."""
    return UserView(
        id=row.id,
        email=row.email,
        name=row.name,
        language=row.language,
        state=row.state,
        roles=tuple(row.roles),
        scope=dict(row.scope),
        has_password=row.password_hash is not None,
        has_provider=row.subject is not None,
        created_at=row.created_at,
        signed_in_at=row.signed_in_at,
        version=row.version,
    )


def _hash_of(session: Session, user_id: str) -> str | None:
    return session.scalar(select(col(User.password_hash)).where(col(User.id) == user_id))
