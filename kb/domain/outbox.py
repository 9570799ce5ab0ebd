"""Outbox: index work that commits together with the change that caused it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from kb.domain.passage import Pool
from kb.domain.types import UtcDateTime, utc_now


class OutboxEvent(SQLModel, table=True):
    """Bring the passages of this document up to date; done when `done_at` is set."""

    __tablename__ = "outbox"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    pool: Pool
    document_id: str = Field(max_length=120)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    attempts: int = 0
    error: str = ""
