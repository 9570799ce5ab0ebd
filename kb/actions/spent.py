"""Signed tokens of others that may be used once. None of these commits."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import SpentToken, utc_now
from kb.errors import TokenSpent


def spend_token(session: Session, issuer: str, token_id: str, expires_at: datetime) -> None:
    """Note that a token was used; it need not be remembered after `expires_at`.

    Raises TokenSpent when it was used before, also by another process at this moment.
    """
    session.execute(delete(SpentToken).where(col(SpentToken.expires_at) < utc_now()))
    digest = hashlib.sha256(f"{issuer}\n{token_id}".encode()).hexdigest()
    try:
        session.execute(insert(SpentToken).values(id=digest, expires_at=expires_at))
    except IntegrityError as error:
        raise TokenSpent("This signed request was used before: open the sidebar anew.") from error
