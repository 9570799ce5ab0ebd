"""Cases: for agents only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import (
    MAX_TEXT,
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
from kb.domain import CaseState, Channel, Facets, Outcome, Role
from kb.queries.cases import CaseView

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


def case_out(view: CaseView) -> CaseOut:
    """A case as the API gives it."""
    return CaseOut.model_validate(view, from_attributes=True)
