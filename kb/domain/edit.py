"""Edit: what somebody is writing and has not saved yet; and changes of many articles at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class Edit(SQLModel, table=True):
    """One per person, article and language; `article_id` may be that of an article to come."""

    __table_args__ = (UniqueConstraint("actor", "article_id", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    actor: str = Field(index=True)
    article_id: str = Field(index=True, max_length=120)
    language: str
    base_revision_id: int | None = None  # what the person began from; None for a new text
    title: str = ""
    summary: str = ""
    keywords: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    body: str = ""
    machine_model: str | None = Field(default=None, max_length=200)  # who proposed it, if no person
    sequence: int = 0  # of the last keystrokes kept
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class BulkChange(SQLModel, table=True):
    """One change of many articles, with what is needed to undo it."""

    __tablename__ = "bulk_change"

    id: str = Field(primary_key=True, max_length=40)
    actor: str = Field(index=True)
    action: str = Field(max_length=40)
    items: list[dict[str, Any]] = Field(sa_column=Column(JsonColumn, nullable=False))
    note: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str | None = None
