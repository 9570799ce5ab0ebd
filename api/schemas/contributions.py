"""Contributions: better words for a document, or what was not known."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_TEXT, Input, Key, Language, Line, Output, Text
from api.schemas.flags import Document, Position, RevisionNumber, SuggestionRef
from kb.domain import ContributionKind, ContributionState


class ContributionIn(Input):
    """What one knows. A fix names its document; what is added may stand alone."""

    kind: ContributionKind
    text: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    title: Line = ""
    document: Document | None = Field(None, examples=["article:locker-pin-missing"])
    revision: RevisionNumber | None = None
    language: Language | None = Field(None, description="of the text; left out: found out")
    suggestion_id: SuggestionRef | None = None
    position: Position | None = Field(None, description="of the answer, from 0")


class SettleIn(Input):
    """Taken, and what became of it; or refused."""

    state: Literal["taken", "refused"]
    article_id: Key | None = None


class ContributionOut(Output):
    id: str
    kind: ContributionKind
    document: str | None
    revision_number: int | None
    language: str
    title: str
    text: str
    suggestion_id: str | None
    interaction_id: str | None
    actor: str
    actor_name: str
    state: ContributionState
    article_id: str | None
    created_at: datetime
    settled_at: datetime | None
    settled_by: str | None


class ContributionsOut(Output):
    """Contributions, the newest first."""

    contributions: list[ContributionOut]
    total: int
    offset: int
    limit: int
