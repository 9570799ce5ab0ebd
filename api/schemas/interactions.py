"""Interactions: live conversations, their messages, and what the sidebar shows of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StrictInt, StringConstraints, model_validator

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
from api.schemas.suggest import SuggestOut
from kb.actions.interactions import InteractionInput, InteractionPatch
from kb.actions.turns import TurnInput
from kb.domain import Channel, Facets, InteractionState, Outcome, Reuse, Role
from kb.queries.interactions import InteractionRow

SOURCE = r"^[a-z0-9][a-z0-9_-]{0,59}$"
MAX_BATCH = 1000
External = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Message = Annotated[Text, StringConstraints(max_length=MAX_TEXT)]
Source = Annotated[str, StringConstraints(pattern=SOURCE)]


class InteractionMessageIn(Input):
    """One turn. The same again changes nothing; the same id with other words is an edit."""

    id: External | None = Field(
        None, description="the host's; left out: made of role, moment and text"
    )
    role: Role
    text: Message = ""
    at: Moment | None = Field(None, description="when it was said; left out: now")
    edited_at: Moment | None = Field(
        None, description="of an edit, so that an older one that comes late changes nothing"
    )
    position: Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] | None = Field(
        None, description="the host's order among messages of the same moment"
    )
    deleted: bool = False

    def to_turn(self) -> TurnInput:
        """What the action takes."""
        values = dict(self)
        return TurnInput(key=values.pop("id"), **values)


class InteractionIn(Input):
    """A conversation that begins. The same source and external id again: the one there is."""

    channel: Channel
    source: Source = Field("api", description="the system it comes from", examples=["chatwoot"])
    external_id: External | None = Field(None, description="what that system calls it")
    customer_ref: Name | None = Field(
        None, description="the same for one customer on every channel"
    )
    customer_name: Name | None = None
    agent_ref: Name | None = None
    case_id: Key | None = Field(None, description="of a case that is there already")
    language: Language | None = Field(None, description="left out: detected")
    subject: Line = ""
    facets: FacetsIn = Field({})
    messages: Annotated[list[InteractionMessageIn], Field(max_length=MAX_BATCH)] = Field([])

    def to_input(self) -> InteractionInput:
        """What the action takes."""
        values = dict(self)
        turns = tuple(message.to_turn() for message in values.pop("messages"))
        return InteractionInput(turns=turns, **values)


class MessagesIn(Input):
    """Turns as they come: one, some, or the whole conversation again."""

    messages: Annotated[list[InteractionMessageIn], Field(min_length=1, max_length=MAX_BATCH)]


class InteractionChange(Input):
    """What changes; what is left out stays. `version` refuses a change of what has moved on."""

    state: InteractionState | None = None
    outcome: Outcome | None = None
    resolution: Message | None = Field(
        None, description="what solved it; left out: the agent's last message"
    )
    reuse: Reuse | None = Field(None, description="asked for when a conversation is resolved")
    handed_to: Name | None = None
    handover_note: Message | None = None
    channel: Channel | None = None
    customer_ref: Name | None = None
    customer_name: Name | None = None
    agent_ref: Name | None = None
    language: Language | None = None
    subject: Line | None = None
    facets: FacetsIn | None = None
    version: Annotated[StrictInt, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"version"}:
            raise ValueError("name at least one field to change")
        return self

    def to_patch(self) -> InteractionPatch:
        """What the action takes."""
        return InteractionPatch(**dict(self))


class ChangeOut(Output):
    """Why the best answer is another than before."""

    reason: str = Field(
        description="first_answer, new_question, more_detail, message_edited, facts_changed,"
        " language_changed, knowledge_changed or nothing_known"
    )
    message: str | None = Field(None, description="the id of the message that made the difference")
    words: list[str] = Field([], description="what in it did, as the customer wrote it")
    before: str | None = Field(None, description="the best answer before, as article:<id>")
    after: str | None = None


class IncidentOut(Output):
    """An incident that touches the conversation, in the reader's language where there is one."""

    id: str
    severity: str
    language: str
    title: str
    statement: str
    what_to_say: str
    what_to_say_language: str = Field(description="the customer's, where there is such a text")
    starts_at: datetime
    ends_at: datetime | None
    because: str = Field(description="words: the conversation speaks of it; place: it is nearby")


class ColleagueAnswerOut(Output):
    """A question that was put to a colleague about this conversation."""

    id: str
    text: str
    asked_of: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


class ContactOut(Output):
    """One earlier contact of the same customer, on whatever channel; nothing personal in it."""

    kind: str = Field(description="interaction or case")
    id: str
    permalink: str | None
    channel: str
    state: str
    language: str | None
    at: datetime
    question: str = Field(description="what was asked, in the customer's words")
    tried: str = Field(description="what was said or tried")
    resolution: str
    outcome: str | None
    documents: list[str] = Field(description="answers that were used, as article:<id>")
    message_count: int


class InteractionOut(Output):
    """The conversation itself, without its texts."""

    id: str
    source: str
    external_id: str | None
    case_id: str | None
    customer_ref: str | None
    channel: str
    language: str | None
    subject: str
    facets: Facets
    state: str
    outcome: str | None
    reuse: str | None
    handed_to: str | None
    handover_note: str
    message_count: int
    version: int = Field(description="rises with what is said and known")
    sequence: int = Field(description="rises with everything a viewer sees")
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None


def interaction_out(row: InteractionRow) -> InteractionOut:
    """An interaction as the API gives it."""
    return InteractionOut.model_validate(row, from_attributes=True)


class InteractionView(Output):
    """All that a viewer sees; every push is one of these, newest wins by `interaction.sequence`."""

    interaction: InteractionOut
    suggestion: SuggestOut | None
    suggestion_version: int | None = Field(
        description="of the conversation that the suggestion answers"
    )
    change: ChangeOut | None
    pending: bool = Field(description="a newer suggestion is on its way")
    solved_before: dict[str, int] = Field(
        {}, description="document -> how often colleagues solved such a case with it"
    )
    incidents: list[IncidentOut] = Field([])
    questions: list[ColleagueAnswerOut] = Field([])
    history: list[ContactOut] | None = Field(None, description="in the first answer only")


class MessagesOut(Output):
    """What became of the messages that were sent."""

    added: int
    changed: int
    unchanged: int
    view: InteractionView
