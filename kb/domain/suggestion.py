"""Suggestion, the feedback that cites it, and the gap it may leave."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class FeedbackKind(StrEnum):
    used = "used"
    edited = "edited"
    dismissed = "dismissed"
    wrong = "wrong"
    solved = "solved"
    fixed = "fixed"  # better words were given
    flagged = "flagged"
    added = "added"  # knowledge that was missing


class GapState(StrEnum):
    open = "open"
    closed = "closed"


class GapKind(StrEnum):
    """Where a question came from: from a conversation, or typed into a search."""

    conversation = "conversation"
    search = "search"


class Suggestion(SQLModel, table=True):
    """One recorded answer of the engine to one state of an interaction."""

    __table_args__ = (Index("ix_suggestion_interaction", "interaction_id", "interaction_version"),)

    id: str = Field(primary_key=True, max_length=40)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    language: str
    channel: str | None = None
    audience: str
    query: str
    request: dict[str, Any] = Field(sa_column=Column(JsonColumn, nullable=False))
    response: dict[str, Any] = Field(sa_column=Column(JsonColumn, nullable=False))
    versions: dict[str, Any] = Field(sa_column=Column(JsonColumn, nullable=False))
    nothing_known: str | None = None  # the reason, when nothing was suggested
    top_document: str | None = None
    confidence: float | None = None
    milliseconds: float = 0.0
    customer_mark: str | None = Field(default=None, index=True, max_length=64)  # keyed hash
    interaction_id: str | None = Field(default=None, max_length=40)
    interaction_version: int | None = None  # of the interaction it answers
    change: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JsonColumn(none_as_null=True), nullable=True)
    )  # why the best answer is another than before


class Feedback(SQLModel, table=True):
    __table_args__ = (Index("ix_feedback_document", "document", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    suggestion_id: str = Field(foreign_key="suggestion.id", index=True)
    kind: FeedbackKind
    document: str | None = None  # "article:<id>" or "case:<id>", the answer meant
    position: int | None = None
    reason: str = ""
    text: str = ""  # the reply as it was sent, when edited
    actor: str = "anonymous"
    idempotency_key: str | None = Field(default=None, unique=True, max_length=80)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Gap(SQLModel, table=True):
    """A question that nothing answered; equal questions are counted, not repeated.

    Of searches, `languages` and `readers` (audiences) say how often each was the reader's, and
    `language` is the most frequent; a conversation has the suggestion that had no answer last.
    """

    id: int | None = Field(default=None, primary_key=True)
    question: str
    question_hash: str = Field(max_length=64, unique=True)
    language: str
    reason: str
    count: int = 1
    state: GapState = GapState.open
    suggestion_id: str | None = Field(default=None, foreign_key="suggestion.id")
    kind: GapKind = GapKind.conversation
    languages: dict[str, int] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )
    readers: dict[str, int] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )
    first_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    last_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
