"""API keys: what they may do, and whether one is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import ApiKey, Facets, Permissions, known_permissions, utc_now
from kb.domain.key_token import KeyToken
from kb.queries.paging import Page, Paging

_NO_SECRET = "0" * 64  # compared with when there is no such key: both take the same time


class KeyState(StrEnum):
    active = "active"
    expired = "expired"
    revoked = "revoked"


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret."""

    id: str
    name: str
    permissions: Permissions
    scope: Facets
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def state_at(self, now: datetime) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.revoked
        if self.expires_at is not None and self.expires_at <= now:
            return KeyState.expired
        return KeyState.active


def list_keys(session: Session, *, paging: Paging | None = None) -> Page[KeyView]:
    """Every key, the newest first, revoked and expired ones too."""
    paging = paging or Paging()
    total = session.scalar(select(func.count()).select_from(ApiKey)) or 0
    query = select(ApiKey).order_by(col(ApiKey.created_at).desc(), col(ApiKey.id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit))
    return Page(tuple(key_view(row) for row in rows), total)


def check_key(session: Session, token: KeyToken, now: datetime | None = None) -> KeyView | None:
    """The active key whose secret this is; None when it is unknown, wrong, revoked or expired."""
    row = session.get(ApiKey, token.key_id, populate_existing=True)
    right = token.matches(_NO_SECRET if row is None else row.secret_hash)
    return _active(row, now) if right else None


def active_key(session: Session, key_id: str, now: datetime | None = None) -> KeyView | None:
    """The key of this id, if it is neither revoked nor expired."""
    return _active(session.get(ApiKey, key_id, populate_existing=True), now)


def key_view(row: ApiKey) -> KeyView:
    """A row without its secret."""
    return KeyView(
        id=row.id,
        name=row.name,
        permissions=known_permissions(row.permissions),
        scope={name: list(values) for name, values in row.scope.items()},
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )


def _active(row: ApiKey | None, now: datetime | None) -> KeyView | None:
    if row is None:
        return None
    view = key_view(row)
    return view if view.state_at(now or utc_now()) == KeyState.active else None
