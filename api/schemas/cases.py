"""Cases: for agents only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import (
    MAX_TEXT,
    Count,
    FacetsIn,
    Input,
    Key,
    Language,
    Line,
    Moment,
    Name,
    Output,
    Text,
)
from api.schemas.suggest import MAX_MESSAGES, MessageIn
from kb.actions.cases import CaseInput, MessageInput
from kb.actions.redactions import RedactionInput
from kb.domain import (
    CaseState,
    Channel,
    Facets,
    Outcome,
    RedactionSource,
    RedactionState,
    Role,
)
from kb.queries.cases import CaseRedactions, CaseView
from kb.queries.redactions import personal_kind
from kb.text.redact import PersonalKind

Note = Annotated[Text, StringConstraints(max_length=MAX_TEXT)]


class CaseIn(Input):
    """A whole case; saving replaces what was there."""

    language: Language
    channel: Channel
    messages: Annotated[list[MessageIn], Field(max_length=MAX_MESSAGES)]
    subject: Line = ""
    state: CaseState | None = Field(None, description="left out: stays; a new case is open")
    facets: FacetsIn = Field(default_factory=dict)
    customer_ref: Name | None = None
    agent_ref: Name | None = None
    tried: Note = ""
    resolution: Note = Field("", description="needed when resolved")
    outcome: Outcome | None = None
    articles: Annotated[list[Key], Field(max_length=50)] = Field(default_factory=list)
    opened_at: Moment | None = None
    resolved_at: Moment | None = None

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "language": "pl",
                    "channel": "chat",
                    "subject": "PIN nie przyszedł",
                    "messages": [{"role": "customer", "text": "gdzie moj pin??"}],
                }
            ]
        },
    )

    def to_input(self, case_id: str) -> CaseInput:
        """What the action takes."""
        messages = tuple(MessageInput(m.role, m.text, m.at) for m in self.messages)
        values = {name: value for name, value in self if name != "messages"}
        return CaseInput(id=case_id, messages=messages, **values)


class ResolveIn(Input):
    """What solved the case, so that colleagues can find it."""

    resolution: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    outcome: Outcome = Outcome.solved
    tried: Note = ""


class CaseMessageOut(Output):
    role: Role
    text: str
    at: datetime | None


class CaseOut(Output):
    id: str
    language: str
    channel: Channel
    state: CaseState
    subject: str
    facets: Facets
    customer_ref: str | None
    agent_ref: str | None
    tried: str
    resolution: str
    outcome: Outcome | None
    articles: list[str]
    opened_at: datetime
    resolved_at: datetime | None
    updated_at: datetime
    version: int
    messages: list[CaseMessageOut]
    raw: bool = Field(description="false: what is personal is masked, as in [name]")


class RedactionOut(Output):
    """Characters [start, end) of a part of the raw case."""

    part: str = Field(examples=["message:0"], description="subject, tried, resolution, message:N")
    start: int
    end: int
    kind: PersonalKind
    source: RedactionSource
    state: RedactionState
    by: str | None = Field(description="who corrected it last")
    at: datetime
    text: str | None = Field(description="what is hidden; for those who may read raw cases")


class PieceOut(Output):
    """A piece of a part: text that is shown, or a mask in place of `start` to `end`."""

    start: int
    end: int
    text: str
    hidden: bool


class RedactionsOut(Output):
    """What is hidden and what was lifted, and the parts in pieces to choose more from."""

    version: int = Field(description="send it back with a correction")
    redactions: list[RedactionOut]
    parts: dict[str, list[PieceOut]]


class RedactionIn(Input):
    """Characters [start, end) of a part of the raw case, hidden or shown."""

    part: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}(:[0-9]{1,4})?$")]
    start: Count
    end: Count
    kind: PersonalKind = PersonalKind.name
    state: RedactionState = RedactionState.hidden


class RedactionsIn(Input):
    """All redactions of a case; what the rules found and is left out here is shown."""

    version: Count = Field(description="of the case, as the redactions were loaded with")
    redactions: Annotated[list[RedactionIn], Field(max_length=2000)]

    def to_inputs(self) -> list[RedactionInput]:
        """What the action takes."""
        return [RedactionInput(**dict(given)) for given in self.redactions]


def case_out(view: CaseView) -> CaseOut:
    """A case as the API gives it."""
    return CaseOut.model_validate(view, from_attributes=True)


def redactions_out(found: CaseRedactions, *, raw: bool) -> RedactionsOut:
    """The redactions of a case; with what they hide when `raw`."""
    redactions = [
        RedactionOut(
            part=row.part,
            start=row.start,
            end=row.end,
            kind=personal_kind(row.kind),
            source=row.source,
            state=row.state,
            by=row.by,
            at=row.at,
            text=found.parts[row.part][row.start : row.end]
            if raw or row.state == RedactionState.shown
            else None,
        )
        for row in found.redactions
    ]
    parts = {
        part: [PieceOut.model_validate(piece, from_attributes=True) for piece in pieces]
        for part, pieces in found.pieces().items()
    }
    return RedactionsOut(version=found.version, redactions=redactions, parts=parts)
