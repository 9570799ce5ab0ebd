"""Redirect: where the article went that a permalink used to show."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from kb.domain.types import UtcDateTime, utc_now


class RedirectKind(StrEnum):
    merged = "merged"
    split_up = "split_up"
    renamed = "renamed"
    redirected = "redirected"


class Redirect(SQLModel, table=True):
    """From an old key to the article it went into; never to another redirect."""

    old_id: str = Field(primary_key=True, max_length=120)
    article_id: str = Field(foreign_key="article.id", index=True, max_length=120)
    kind: RedirectKind
    actor: str
    note: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
