"""Rules of sessions and their tokens: how long they hold, when the token changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kb.domain.credential import UserSession

TOKEN_LENGTH = 43  # characters: 256 bits in base64 without padding


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives unused and at all, and how often its token changes.

    An old token is honoured for `grace` after the change, for requests that were under way.
    """

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=7)
    rotation: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(seconds=60)
    touch: timedelta = timedelta(minutes=1)  # at most one write in this time


class Standing(StrEnum):
    """What a token that was shown is worth."""

    good = "good"
    replaced = "replaced"  # the token changed a moment ago
    reused = "reused"  # an old token: somebody kept a copy
    over = "over"


def new_token() -> str:
    """256 random bits, safe in cookies and addresses."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token: SHA-256 in hexadecimal. 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def next_token(token: str, key: bytes) -> str:
    """The token that follows `token` (HMAC-SHA-256 under a key of the installation).

    It can be given again to a browser that did not get the answer it was in, or that asked twice
    at once; without the key nobody can tell it from the old one.
    """
    digest = hmac.digest(key, token.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def standing(
    session: UserSession, shown_hash: str, limits: SessionLimits, now: datetime
) -> Standing:
    """What a token with this hash, which is this session's new or old one, is worth now."""
    if is_over(session, limits, now):
        return Standing.over
    if session.token_hash == shown_hash:
        return Standing.good
    return Standing.replaced if now - session.rotated_at <= limits.grace else Standing.reused


def is_over(session: UserSession, limits: SessionLimits, now: datetime) -> bool:
    """Whether nobody can use the session any more."""
    ended = session.revoked_at is not None or now >= session.expires_at
    return ended or now - session.seen_at >= limits.idle


def needs_touch(session: UserSession, limits: SessionLimits, now: datetime) -> bool:
    """Whether a request of now is worth a write: most are not."""
    aged = now - session.rotated_at >= limits.rotation
    return aged or now - session.seen_at >= limits.touch
