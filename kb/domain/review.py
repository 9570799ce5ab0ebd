"""Review of an article before it is published, and the history of why it changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class ReviewDecision(StrEnum):
    waiting = "waiting"
    approved = "approved"
    changes_asked = "changes_asked"
    withdrawn = "withdrawn"  # taken back by whoever asked, or overtaken


class Review(SQLModel, table=True):
    """One request to look an article over. At most one of an article waits at a time."""

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(foreign_key="article.id", index=True, max_length=120)
    asked_by: str
    asked_of: str | None = Field(default=None, index=True)  # somebody in particular, or anybody
    asked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    note: str = ""
    revisions: dict[str, int] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )  # language -> revision id that was looked over, as of the last word in this review
    decision: ReviewDecision = Field(default=ReviewDecision.waiting, index=True)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_note: str = ""


class ArticleChange(SQLModel, table=True):
    """Who changed an article and why: the words that the audit does not hold."""

    __tablename__ = "article_change"

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(index=True, max_length=120)
    action: str = Field(max_length=40)
    actor: str
    note: str = ""
    version: int
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
