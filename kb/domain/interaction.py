"""Interaction: a live conversation on one channel, its messages, and what happened in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.domain.case import Channel, Outcome, Role
from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class InteractionState(StrEnum):
    open = "open"
    handed_over = "handed_over"
    resolved = "resolved"


INTERACTION_TRANSITIONS: dict[InteractionState, frozenset[InteractionState]] = {
    InteractionState.open: frozenset({InteractionState.handed_over, InteractionState.resolved}),
    InteractionState.handed_over: frozenset({InteractionState.open, InteractionState.resolved}),
    InteractionState.resolved: frozenset({InteractionState.open}),
}


def interaction_may_move(old: InteractionState, new: InteractionState) -> bool:
    """Whether an interaction may go from `old` to `new`; staying is always allowed."""
    return old == new or new in INTERACTION_TRANSITIONS[old]


class Reuse(StrEnum):
    """What an agent did for the next one when a case was closed."""

    used = "used"
    fixed = "fixed"
    flagged = "flagged"
    added = "added"
    nothing_reusable = "nothing_reusable"


class Interaction(SQLModel, table=True):
    """`source` and `external_id` are what the system it comes from calls it.

    `version` rises with what is said and what is known about the conversation; a suggestion
    answers one version. `sequence` rises with everything a viewer sees, suggestions included.
    """

    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: str = Field(primary_key=True, max_length=40)
    source: str = Field(default="api", max_length=60)
    external_id: str | None = Field(default=None, max_length=200)
    case_id: str | None = Field(default=None, foreign_key="case.id", index=True)
    customer_ref: str | None = Field(default=None, index=True)
    customer_name: str | None = None
    agent_ref: str | None = None
    channel: Channel
    language: str | None = None  # None: detected
    subject: str = ""
    facets: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    state: InteractionState = InteractionState.open
    outcome: Outcome | None = None
    resolution: str = ""
    reuse: Reuse | None = None
    handed_to: str | None = None
    handover_note: str = ""
    opened_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
    sequence: int = 1


class InteractionMessage(SQLModel, table=True):
    """One turn. `key` tells it from the others: the host's id, or one made from what it says.

    The newest edit is kept. `text_hashes` are of all texts it ever had, so that an old one
    that comes again is told from a new edit.
    """

    __tablename__ = "interaction_message"
    __table_args__ = (UniqueConstraint("interaction_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: str = Field(foreign_key="interaction.id", index=True)
    key: str = Field(max_length=200)
    position: int | None = None  # the host's order among messages of one moment
    role: Role
    text: str
    at: datetime = Field(sa_type=UtcDateTime)
    edited_at: datetime = Field(sa_type=UtcDateTime)
    dated: bool = False  # the moment of the edit is the host's own
    deleted: bool = False
    text_hashes: list[str] = Field(
        default_factory=list, sa_column=Column(JsonColumn, nullable=False)
    )
    received_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class InteractionEventKind(StrEnum):
    opened = "opened"
    message = "message"
    suggested = "suggested"
    shown = "shown"  # painted on an agent's screen
    feedback = "feedback"
    flagged = "flagged"
    contributed = "contributed"
    asked_colleague = "asked_colleague"
    colleague_answered = "colleague_answered"
    handed_over = "handed_over"
    resolved = "resolved"
    reopened = "reopened"


class InteractionEvent(SQLModel, table=True):
    """What happened, for figures and for those who are told of it. Holds no texts."""

    __tablename__ = "interaction_event"
    __table_args__ = (Index("ix_interaction_event_kind_at", "kind", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    interaction_id: str = Field(foreign_key="interaction.id", index=True)
    kind: InteractionEventKind
    actor: str
    suggestion_id: str | None = Field(default=None, max_length=40)
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
