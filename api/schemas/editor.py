"""Lists for editors, bulk changes, comments, and what awaits a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.articles import NoteIn
from api.schemas.common import Count, Input, Key, Language, Name, Output, Text
from api.schemas.life import NeededWords, TaskOut
from api.schemas.revisions import EditLineOut
from kb.actions.bulk import BulkAction, BulkInput
from kb.actions.comments import CommentInput
from kb.domain import ArticleState, Audience, Governance, Trust


class EditorLineOut(Output):
    id: str
    title: str
    original_language: str
    languages: list[str]
    state: ArticleState
    audience: Audience
    trust: Trust
    governance: Governance
    tags: list[str]
    owner: str | None
    owner_name: str | None
    review_by: datetime | None
    valid_until: datetime | None
    updated_at: datetime
    version: int
    uses: int
    flags: int
    is_waiting: bool
    is_expired: bool


class EditorListOut(Output):
    """One page of articles."""

    articles: list[EditorLineOut]
    total: int
    offset: int
    limit: int


class BulkIn(NoteIn):
    """`value`: the owner (empty: nobody), the tag or the audience."""

    action: BulkAction
    articles: Annotated[list[Key], Field(min_length=1, max_length=500)]
    value: Annotated[Text, StringConstraints(max_length=120)] = ""

    def to_input(self) -> BulkInput:
        """What the action takes."""
        return BulkInput(self.action, self.articles, self.value, self.note)


class BulkItemOut(Output):
    id: str
    before: str
    after: str
    problem: str | None = Field(description="why it is not changed")
    changes: bool


class BulkOut(Output):
    """`id` undoes it; null when nothing was or would be changed."""

    id: str | None
    items: list[BulkItemOut]


class CommentIn(Input):
    """`quote`: the words it is about; `mentions`: ids of people, who are told."""

    text: NeededWords
    language: Language | None = None
    revision_number: Count | None = None
    quote: Annotated[Text, StringConstraints(max_length=1000)] = ""
    parent_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    mentions: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)

    def to_input(self) -> CommentInput:
        """What the action takes."""
        return CommentInput(**dict(self))


class CommentOut(Output):
    id: int
    article_id: str
    parent_id: int | None
    language: str | None
    revision_number: int | None
    quote: str
    text: str
    author: str
    author_name: str
    mentions: list[str]
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


class CommentsOut(Output):
    """The oldest first."""

    comments: list[CommentOut]
    total: int
    offset: int
    limit: int


class SeenIn(Input):
    """Comments that were read."""

    comments: Annotated[
        list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=200)
    ]


class WaitingOut(Output):
    article_id: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    note: str
    is_mine: bool


class SentBackOut(Output):
    article_id: str
    note: str
    decided_by: str | None
    decided_at: datetime | None


class HomeOut(Output):
    """What awaits you: the first 20 of each kind, and how many there are."""

    tasks: list[TaskOut]
    reviews: list[WaitingOut] = Field(description="waiting for you or for anybody who may")
    sent_back: list[SentBackOut] = Field(description="yours, with changes asked for")
    mentions: list[CommentOut]
    edits: list[EditLineOut]
    counts: dict[str, int]


class ColleagueOut(Output):
    id: str
    name: str


class ColleaguesOut(Output):
    """Active people, by name."""

    colleagues: list[ColleagueOut]
    total: int
    offset: int
    limit: int
