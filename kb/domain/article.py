"""Article, its translations and their immutable revisions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class ArticleState(StrEnum):
    draft = "draft"
    in_review = "in_review"
    published = "published"
    archived = "archived"


class Trust(StrEnum):
    not_validated = "not_validated"
    validated = "validated"


class Audience(StrEnum):
    """Who may read, from narrow to wide."""

    internal = "internal"
    customer = "customer"
    public = "public"


class Governance(StrEnum):
    experience = "experience"
    compliance = "compliance"


READABLE_BY: dict[Audience, frozenset[Audience]] = {
    Audience.internal: frozenset(Audience),
    Audience.customer: frozenset({Audience.customer, Audience.public}),
    Audience.public: frozenset({Audience.public}),
}
"""Reader -> the audiences of the articles that reader may see."""

TRANSITIONS: dict[ArticleState, frozenset[ArticleState]] = {
    ArticleState.draft: frozenset(
        {ArticleState.in_review, ArticleState.published, ArticleState.archived}
    ),
    ArticleState.in_review: frozenset(
        {ArticleState.draft, ArticleState.published, ArticleState.archived}
    ),
    ArticleState.published: frozenset({ArticleState.draft, ArticleState.archived}),
    ArticleState.archived: frozenset({ArticleState.draft}),
}


def may_move(old: ArticleState, new: ArticleState) -> bool:
    """Whether an article may go from `old` to `new`; staying is always allowed."""
    return old == new or new in TRANSITIONS[old]


class Article(SQLModel, table=True):
    """A language-independent knowledge item. `id` is its key, for ever."""

    id: str = Field(primary_key=True, max_length=120)
    original_language: str
    state: ArticleState = ArticleState.draft
    audience: Audience = Audience.internal
    trust: Trust = Trust.not_validated
    governance: Governance = Governance.experience
    tags: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    facets: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    owner: str | None = None
    valid_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    review_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    version: int = 1


class Translation(SQLModel, table=True):
    """One language of an article. Readers see `published_revision_id`, editors `revision_id`."""

    __table_args__ = (UniqueConstraint("article_id", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(foreign_key="article.id", index=True)
    language: str
    revision_id: int | None = Field(default=None)
    published_revision_id: int | None = Field(default=None)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Revision(SQLModel, table=True):
    """An immutable text of a translation."""

    __table_args__ = (UniqueConstraint("translation_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    translation_id: int = Field(foreign_key="translation.id", index=True)
    number: int
    title: str
    summary: str = ""
    keywords: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    body: str
    source_revision_id: int | None = None  # the original's revision this was translated from
    content_hash: str = Field(max_length=64)
    author: str = "system"
    note: str = ""
    machine_model: str | None = Field(default=None, max_length=200)  # proposed it; None: a person
    checked_by: str | None = None  # who read what the machine proposed
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
