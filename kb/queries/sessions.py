"""Sessions: whose is this token, and what is open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import User, UserSession, UserState, utc_now
from kb.domain.session_rules import (
    SessionLimits,
    Standing,
    is_over,
    needs_touch,
    standing,
    token_hash,
)
from kb.queries.paging import Page, Paging
from kb.queries.users import UserView, user_view


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session as its owner sees it."""

    id: str
    user_id: str
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShownToken:
    """What a token stands for: whose session, what it is worth, whether a write is due."""

    session: SessionView
    user: UserView
    standing: Standing
    touch: bool


def find_token(session: Session, token: str, limits: SessionLimits) -> ShownToken | None:
    """The session of a token, new or old; None when there is none. Disabled people have none."""
    shown = token_hash(token)
    query = (
        select(UserSession, User)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(or_(col(UserSession.token_hash) == shown, col(UserSession.old_token_hash) == shown))
    )
    row = session.execute(query).first()
    if row is None:
        return None
    found, user = row
    now = utc_now()
    worth = standing(found, shown, limits, now)
    if user.state != UserState.active:
        worth = Standing.over
    touch = worth == Standing.good and needs_touch(found, limits, now)
    return ShownToken(_view(found), user_view(user), worth, touch)


def list_sessions(session: Session, user_id: str, limits: SessionLimits) -> tuple[SessionView, ...]:
    """A person's open sessions, the last used first."""
    query = (
        select(UserSession)
        .where(col(UserSession.user_id) == user_id, col(UserSession.revoked_at).is_(None))
        .order_by(col(UserSession.seen_at).desc(), col(UserSession.id))
    )
    now = utc_now()
    return tuple(_view(row) for row in session.scalars(query) if not is_over(row, limits, now))


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An open session and whose it is."""

    session: SessionView
    user: UserView


def list_open_sessions(
    session: Session,
    limits: SessionLimits,
    *,
    user_ids: Collection[str] | None = None,
    paging: Paging | None = None,
) -> Page[OpenSession]:
    """Everybody's open sessions, or those of some people, the last used first."""
    paging, now = paging or Paging(), utc_now()
    where = [
        col(UserSession.revoked_at).is_(None),
        col(UserSession.expires_at) > now,
        col(UserSession.seen_at) > now - limits.idle,
        col(User.state) == UserState.active,
    ]
    if user_ids is not None:
        where.append(col(User.id).in_(user_ids))
    whose = col(User.id) == col(UserSession.user_id)
    counted = select(func.count()).select_from(UserSession).join(User, whose).where(*where)
    query = (
        select(UserSession, User)
        .join(User, whose)
        .where(*where)
        .order_by(col(UserSession.seen_at).desc(), col(UserSession.id))
        .offset(paging.offset)
        .limit(paging.limit)
    )
    found = tuple(OpenSession(_view(row), user_view(user)) for row, user in session.execute(query))
    return Page(found, session.scalar(counted) or 0)


def _view(row: UserSession) -> SessionView:
    return SessionView(
        row.id,
        row.user_id,
        row.device,
        row.address,
        row.created_at,
        row.seen_at,
        row.expires_at,
    )
