"""Whether what stands behind a token is still good: a session, a person."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.domain import User, UserSession, UserState, utc_now
from kb.domain.session_rules import SessionLimits, is_over
from kb.queries.users import UserView, user_view


def session_owner(session: Session, session_id: str, limits: SessionLimits) -> UserView | None:
    """Whose session this is; None when it is over or its owner is not an active person."""
    row = session.get(UserSession, session_id, populate_existing=True)
    if row is None or is_over(row, limits, utc_now()):
        return None
    return active_user(session, row.user_id)


def active_user(session: Session, user_id: str) -> UserView | None:
    """A person who may sign in; None for one who is invited, disabled or not there."""
    row = session.get(User, user_id, populate_existing=True)
    return user_view(row) if row is not None and row.state == UserState.active else None
