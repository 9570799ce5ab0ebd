"""Flags: what is not right with a document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from api.schemas.common import MAX_TEXT, Input, Language, Output, Text
from api.schemas.suggest import DOCUMENT
from kb.domain import FlagKind, FlagState

Document = Annotated[str, StringConstraints(pattern=DOCUMENT, max_length=140)]
SuggestionRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$", max_length=40)]
RevisionNumber = Annotated[StrictInt, Field(ge=1, le=999_999_999)]
Position = Annotated[StrictInt, Field(ge=0, le=999)]
Words = Annotated[Text, StringConstraints(max_length=MAX_TEXT)]


class FlagIn(Input):
    """What is wrong with which document."""

    document: Document = Field(examples=["article:locker-pin-missing"])
    kind: FlagKind
    text: Words = Field("", description="what is wrong, in one's own words")
    revision: RevisionNumber | None = Field(
        None, description="the number of the revision that was read; left out: the one shown now"
    )
    language: Language | None = Field(None, description="it was read in")
    suggestion_id: SuggestionRef | None = None
    position: Position | None = Field(None, description="of the answer, from 0")


class GivenOut(Output):
    """The id of what is kept now."""

    id: str


class FlagOut(Output):
    id: str
    document: str
    revision_number: int | None
    language: str
    kind: FlagKind
    text: str
    suggestion_id: str | None
    interaction_id: str | None
    actor: str
    actor_name: str
    state: FlagState
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class FlagsOut(Output):
    """Flags, the newest first."""

    flags: list[FlagOut]
    total: int
    offset: int
    limit: int


class SettledOut(Output):
    """`changed` is false when it was so before."""

    id: str
    changed: bool
