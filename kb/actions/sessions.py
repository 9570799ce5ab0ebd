"""Sessions: start, keep going, end. None of these commits."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import CursorResult, delete, or_, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.domain import OneTimeLink, User, UserSession, UserState, utc_now
from kb.domain.session_rules import SessionLimits, new_token, next_token, token_hash
from kb.errors import NotFound, SignInFailed

KEPT = timedelta(days=1)
"""How long an ended session is kept, so that it can be told what became of it."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody sits: the browser's kind and the network address."""

    label: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session; `token` is for the browser alone and stored nowhere."""

    id: str
    token: str
    seconds: int  # it lives at most


def start_session(
    session: Session, user_id: str, device: Device, limits: SessionLimits
) -> StartedSession:
    """Sign a person in. Raises SignInFailed when the account is not an active one (any more)."""
    user = session.get(User, user_id, populate_existing=True)
    if user is None or user.state != UserState.active:
        raise SignInFailed
    now, token = utc_now(), new_token()
    row = UserSession(
        id=f"ses_{secrets.token_hex(8)}",
        user_id=user_id,
        token_hash=token_hash(token),
        device=device.label[:200],
        address=device.address[:64],
        created_at=now,
        rotated_at=now,
        seen_at=now,
        expires_at=now + limits.absolute,
    )
    session.add(row)
    user.signed_in_at = now
    audit.record(session, user_id, "sign_in", "session", row.id)
    session.flush()
    sweep_sessions(session, limits)
    return StartedSession(row.id, token, int(limits.absolute.total_seconds()))


def touch_session(
    session: Session, session_id: str, token: str, limits: SessionLimits, key: bytes
) -> str | None:
    """Note that a session is in use; when its token is due, the new one.

    None when the token stays, or another request has changed it at the same time.
    """
    row = session.get(UserSession, session_id, populate_existing=True, with_for_update=True)
    if row is None or row.revoked_at is not None or row.token_hash != token_hash(token):
        return None
    row.seen_at = now = utc_now()
    if now - row.rotated_at < limits.rotation:
        session.flush()
        return None
    new = next_token(token, key)
    row.old_token_hash, row.token_hash, row.rotated_at = row.token_hash, token_hash(new), now
    session.flush()
    return new


def revoke_session(
    session: Session, session_id: str, *, actor: str, user_id: str | None = None
) -> None:
    """End a session at once. Raises NotFound, also when it is not one of `user_id`'s (if given)."""
    row = session.get(UserSession, session_id, populate_existing=True)
    if row is None or (user_id is not None and row.user_id != user_id):
        raise NotFound("There is no such session: it may have ended already.")
    _end(session, row, actor, "revoke")


def end_session(session: Session, session_id: str) -> None:
    """Sign out. A session that has ended already stays ended."""
    row = session.get(UserSession, session_id, populate_existing=True)
    if row is not None:
        _end(session, row, row.user_id, "sign_out")


def end_reused(session: Session, session_id: str) -> None:
    """End a session whose old token came again: somebody may have stolen it."""
    row = session.get(UserSession, session_id, populate_existing=True)
    if row is not None:
        _end(session, row, "system", "token_reused")


def revoke_sessions(session: Session, user_id: str, *, actor: str, keep: str | None = None) -> int:
    """End all of a person's sessions, or all but `keep`; gives how many."""
    statement = (
        update(UserSession)
        .where(col(UserSession.user_id) == user_id, col(UserSession.revoked_at).is_(None))
        .values(revoked_at=utc_now())
        .execution_options(synchronize_session="fetch")
    )
    if keep is not None:
        statement = statement.where(col(UserSession.id) != keep)
    ended = _count(session.execute(statement))
    if ended:
        audit.record(session, actor, "revoke_sessions", "user", user_id, count=ended)
        session.flush()
    return ended


def renew_tokens(session: Session, user_id: str) -> None:
    """Let the tokens of a person's sessions change with the next request, the old ones end now.

    For when what the person may do has changed.
    """
    overdue = utc_now() - timedelta(days=365)
    session.execute(
        update(UserSession)
        .where(col(UserSession.user_id) == user_id, col(UserSession.revoked_at).is_(None))
        .values(rotated_at=overdue, old_token_hash=None)
        .execution_options(synchronize_session="fetch")
    )


def sweep_sessions(session: Session, limits: SessionLimits) -> int:
    """Delete sessions and one-time links that ended or ran out a day ago; gives how many."""
    past = utc_now() - KEPT
    over = or_(
        col(UserSession.expires_at) < past,
        col(UserSession.seen_at) < past - limits.idle,
        col(UserSession.revoked_at) < past,
    )
    found = _count(session.execute(delete(UserSession).where(over)))
    spent = or_(col(OneTimeLink.expires_at) < past, col(OneTimeLink.used_at) < past)
    return found + _count(session.execute(delete(OneTimeLink).where(spent)))


def _end(session: Session, row: UserSession, actor: str, action: str) -> None:
    if row.revoked_at is not None:
        return
    row.revoked_at = utc_now()
    audit.record(session, actor, action, "session", row.id, user_id=row.user_id)
    session.flush()


def _count(result: object) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount
