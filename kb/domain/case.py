"""Case: one customer's problem with its messages, resolution and outcome."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class CaseState(StrEnum):
    open = "open"
    resolved = "resolved"
    archived = "archived"


CASE_TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.open: frozenset({CaseState.resolved, CaseState.archived}),
    CaseState.resolved: frozenset({CaseState.open, CaseState.archived}),
    CaseState.archived: frozenset({CaseState.open}),
}


def case_may_move(old: CaseState, new: CaseState) -> bool:
    """Whether a case may go from `old` to `new`; staying is always allowed."""
    return old == new or new in CASE_TRANSITIONS[old]


class Channel(StrEnum):
    phone = "phone"
    email = "email"
    chat = "chat"
    social = "social"
    self_service = "self_service"


class Outcome(StrEnum):
    solved = "solved"
    solved_second_contact = "solved_second_contact"
    compensated = "compensated"
    not_solved = "not_solved"


class Role(StrEnum):
    customer = "customer"
    agent = "agent"
    system = "system"


class Case(SQLModel, table=True):
    """A resolved case can be suggested to agents, never to customers."""

    id: str = Field(primary_key=True, max_length=120)
    language: str
    channel: Channel
    state: CaseState = CaseState.open
    subject: str = ""
    facets: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    customer_ref: str | None = Field(default=None, index=True)
    agent_ref: str | None = None
    tried: str = ""
    resolution: str = ""
    outcome: Outcome | None = None
    articles: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    opened_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    content_hash: str = Field(default="", max_length=64)
    version: int = 1
    # The rules its redactions were found with (kb.queries.redactions); None: before there were any.
    redacted_with: str | None = Field(default=None, max_length=64)
    # When its texts were replaced by what may be shown, for good.
    raw_removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseMessage(SQLModel, table=True):
    __tablename__ = "case_message"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(foreign_key="case.id", index=True)
    position: int
    role: Role
    text: str
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseArticle(SQLModel, table=True):
    """An article that a case cites: `Case.articles` so that it can be asked the other way round."""

    __tablename__ = "case_article"

    case_id: str = Field(primary_key=True, foreign_key="case.id", ondelete="CASCADE")
    article_id: str = Field(primary_key=True, index=True)
    position: int  # 0: the one that solved it
