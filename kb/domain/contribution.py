"""What agents give back while they work: flags, contributions, questions to colleagues."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from kb.domain.types import UtcDateTime, utc_now


class FlagKind(StrEnum):
    wrong = "wrong"
    stale = "stale"
    unclear = "unclear"
    duplicate = "duplicate"
    privacy = "privacy"


class FlagState(StrEnum):
    open = "open"
    closed = "closed"


class Flag(SQLModel, table=True):
    """Something is not right with a document: `article:<id>` or `case:<id>`."""

    id: str = Field(primary_key=True, max_length=40)
    document: str = Field(index=True, max_length=140)
    revision_number: int | None = None
    language: str
    kind: FlagKind
    text: str = ""
    suggestion_id: str | None = Field(default=None, foreign_key="suggestion.id", index=True)
    interaction_id: str | None = Field(default=None, foreign_key="interaction.id", index=True)
    actor: str
    state: FlagState = FlagState.open
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = None
    idempotency_key: str | None = Field(default=None, unique=True, max_length=80)


class ContributionKind(StrEnum):
    fix = "fix"  # better words for a document
    add = "add"  # what was not known


class ContributionState(StrEnum):
    open = "open"
    taken = "taken"
    refused = "refused"


class Contribution(SQLModel, table=True):
    """What an agent knows, for those who write: waits until somebody takes or refuses it."""

    id: str = Field(primary_key=True, max_length=40)
    kind: ContributionKind
    document: str | None = Field(default=None, index=True, max_length=140)
    revision_number: int | None = None
    language: str
    title: str = ""
    text: str
    suggestion_id: str | None = Field(default=None, foreign_key="suggestion.id", index=True)
    interaction_id: str | None = Field(default=None, foreign_key="interaction.id", index=True)
    actor: str
    state: ContributionState = ContributionState.open
    article_id: str | None = Field(default=None, max_length=120)  # what became of it
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str | None = None
    idempotency_key: str | None = Field(default=None, unique=True, max_length=80)


class ColleagueQuestion(SQLModel, table=True):
    """Asked of a colleague who knows, about one interaction; the answer goes back into it."""

    __tablename__ = "colleague_question"

    id: str = Field(primary_key=True, max_length=40)
    interaction_id: str = Field(foreign_key="interaction.id", index=True)
    suggestion_id: str | None = Field(default=None, foreign_key="suggestion.id", index=True)
    language: str
    text: str
    asked_by: str
    asked_of: str = Field(foreign_key="users.id", index=True)
    asked_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    answer: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    idempotency_key: str | None = Field(default=None, unique=True, max_length=80)
