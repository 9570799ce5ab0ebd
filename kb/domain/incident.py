"""Incident: something that touches many customers at once, and what everybody says about it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class IncidentState(StrEnum):
    planned = "planned"
    active = "active"
    over = "over"


class Severity(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"


class Incident(SQLModel, table=True):
    """`texts`: language -> title, statement, what_to_say. `match`: language -> phrases.

    An empty list of countries or products means all of them.
    """

    id: str = Field(primary_key=True, max_length=120)
    state: IncidentState
    severity: Severity
    countries: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    products: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    texts: dict[str, dict[str, str]] = Field(sa_column=Column(JsonColumn, nullable=False))
    match: dict[str, list[str]] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )
    more: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    content_hash: str = Field(default="", max_length=64)
    version: int = 1
