"""One-time links: invitations and ways to a new password. None of these commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import LinkPurpose, OneTimeLink, User, utc_now
from kb.domain.session_rules import new_token, token_hash
from kb.errors import LinkRefused

LIFETIMES = {
    LinkPurpose.invitation: timedelta(days=7),
    LinkPurpose.reset: timedelta(minutes=30),
}


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A one-time link on its way to a person; `token` is stored nowhere."""

    token: str
    purpose: LinkPurpose
    user_id: str
    email: str
    name: str
    language: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """Where it leads on this server."""
        return f"/{self.purpose}/{self.token}"


def issue_link(session: Session, user: User, purpose: LinkPurpose) -> IssuedLink:
    """A new link for a person; those from before are void."""
    drop_links(session, user.id)
    token, now = new_token(), utc_now()
    expires_at = now + LIFETIMES[purpose]
    session.add(
        OneTimeLink(
            token_hash=token_hash(token),
            user_id=user.id,
            purpose=purpose,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return IssuedLink(token, purpose, user.id, user.email, user.name, user.language, expires_at)


def spend_link(session: Session, token: str, purpose: LinkPurpose) -> str:
    """Use a link up; gives whose it was. Raises LinkRefused.

    In one statement: of two that come at once, one finds it.
    """
    now, wanted = utc_now(), token_hash(token)
    spent = cast(
        "CursorResult[tuple[()]]",
        session.execute(
            update(OneTimeLink)
            .where(
                col(OneTimeLink.token_hash) == wanted,
                col(OneTimeLink.purpose) == purpose,
                col(OneTimeLink.used_at).is_(None),
                col(OneTimeLink.expires_at) > now,
            )
            .values(used_at=now)
            .execution_options(synchronize_session="fetch")
        ),
    )
    if spent.rowcount != 1:
        raise LinkRefused
    query = select(col(OneTimeLink.user_id)).where(col(OneTimeLink.token_hash) == wanted)
    return session.scalars(query).one()


def drop_links(session: Session, user_id: str) -> None:
    """Make a person's unused links void."""
    session.execute(
        delete(OneTimeLink).where(
            col(OneTimeLink.user_id) == user_id, col(OneTimeLink.used_at).is_(None)
        )
    )
