"""User: a person with a local account or one from an identity provider, and their roles."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class UserState(StrEnum):
    invited = "invited"  # no password yet
    active = "active"
    disabled = "disabled"


class User(SQLModel, table=True):
    """`email` is kept in lower case. `subject` is `<issuer>|<sub>` of an identity provider."""

    __tablename__ = "users"

    id: str = Field(primary_key=True, max_length=40)
    email: str = Field(unique=True, max_length=254)
    name: str = Field(max_length=200)
    language: str = "en"
    state: UserState = UserState.invited
    password_hash: str | None = None
    subject: str | None = Field(default=None, unique=True, max_length=500)
    roles: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    scope: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class AccessRole(SQLModel, table=True):
    """A role as an administrator set it; without a row the default permissions hold."""

    __tablename__ = "access_role"

    name: str = Field(primary_key=True, max_length=60)
    permissions: list[str] = Field(sa_column=Column(JsonColumn, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
