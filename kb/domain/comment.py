"""Comments on an article in the making, and the people named in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.domain.types import UtcDateTime, utc_now


class Comment(SQLModel, table=True):
    """Said about an article, or about the words quoted; an answer names its `parent_id`."""

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(foreign_key="article.id", index=True, max_length=120)
    parent_id: int | None = Field(default=None, foreign_key="comment.id")
    language: str | None = None
    revision_number: int | None = None
    quote: str = ""
    text: str
    author: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_by: str | None = None


class Mention(SQLModel, table=True):
    """A person named in a comment, until they have seen it."""

    __table_args__ = (UniqueConstraint("comment_id", "user_id"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: int = Field(foreign_key="comment.id", index=True)
    user_id: str = Field(foreign_key="users.id", index=True, max_length=40)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
