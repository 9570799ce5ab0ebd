"""Credentials: sessions, one-time links and API keys. Secrets are kept as hashes only."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class LinkPurpose(StrEnum):
    invitation = "invitation"
    reset = "reset"


class UserSession(SQLModel, table=True):
    """A signed-in browser. The token in its cookie changes now and then; `id` stays.

    `token_hash` and `old_token_hash` are SHA-256 in hexadecimal; the old one is honoured for a
    short while after `rotated_at`, for requests that were under way.
    """

    __tablename__ = "user_session"

    id: str = Field(primary_key=True, max_length=40)
    user_id: str = Field(foreign_key="users.id", index=True)
    token_hash: str = Field(unique=True, max_length=64)
    old_token_hash: str | None = Field(default=None, index=True, max_length=64)
    device: str = Field(default="", max_length=200)  # what the browser says of itself
    address: str = Field(default="", max_length=64)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    rotated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeLink(SQLModel, table=True):
    """An invitation or a way to a new password; works once, until `expires_at`."""

    __tablename__ = "one_time_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="users.id", index=True)
    purpose: LinkPurpose
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key of an integration. `id` is its public half; `secret_hash` SHA-256 of the other."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=200)
    secret_hash: str = Field(max_length=64)
    permissions: list[str] = Field(sa_column=Column(JsonColumn, nullable=False))
    scope: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    created_by: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SpentToken(SQLModel, table=True):
    """A signed token of somebody else that was used; the same one again is a replay.

    `id` is the SHA-256 of its issuer and its own id, in hexadecimal.
    """

    __tablename__ = "spent_token"

    id: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
