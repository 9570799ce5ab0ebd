"""Messages of inbound webhooks: conversations of any system, told as they go on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.schemas.common import FacetsIn, Input, Key, Language, Line, Name, Output
from api.schemas.interactions import (
    MAX_BATCH,
    External,
    InteractionChange,
    InteractionMessageIn,
)
from kb.actions.inbound import Conversation
from kb.actions.interactions import InteractionInput, InteractionPatch
from kb.domain import Channel


class HookConversation(Input):
    """A conversation as its system knows it."""

    external_id: External = Field(description="what that system calls it")
    channel: Channel
    customer_ref: Name | None = Field(
        None, description="the same for one customer on every channel"
    )
    customer_name: Name | None = None
    agent_ref: Name | None = None
    case_id: Key | None = None
    language: Language | None = Field(None, description="left out: detected")
    subject: Line = ""
    facets: FacetsIn = Field({})


class HookRecipient(HookConversation):
    """The conversation that was written in; with a `channel` it is opened when it is not there."""

    channel: Channel | None = None  # type: ignore[assignment]


class HookChange(InteractionChange):
    """The conversation that changed, and what changed of it."""

    external_id: External

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"version", "external_id"}:
            raise ValueError("name at least one field to change")
        return self

    def to_patch(self) -> InteractionPatch:
        """What the action takes."""
        values = dict(self)
        del values["external_id"]
        return InteractionPatch(**values)


class ConversationOpened(Input):
    """A conversation began."""

    type: Literal["conversation.opened"]
    interaction: HookConversation
    messages: Annotated[list[InteractionMessageIn], Field(max_length=MAX_BATCH)] = Field([])

    def told(self) -> Conversation:
        """What the action takes."""
        turns = [message.to_turn() for message in self.messages]
        given = InteractionInput(**dict(self.interaction))
        return Conversation(self.interaction.external_id, opens=given, turns=turns)


class MessagesAdded(Input):
    """Something was said, edited or deleted."""

    type: Literal["messages.added"]
    interaction: HookRecipient
    messages: Annotated[list[InteractionMessageIn], Field(min_length=1, max_length=MAX_BATCH)]

    def told(self) -> Conversation:
        """What the action takes."""
        turns = [message.to_turn() for message in self.messages]
        of = self.interaction
        given = None if of.channel is None else InteractionInput(**dict(of))
        return Conversation(of.external_id, opens=given, turns=turns)


class ConversationChanged(Input):
    """It was handed over, solved, opened again; or more is known of it."""

    type: Literal["conversation.changed"]
    interaction: HookChange
    messages: Annotated[list[InteractionMessageIn], Field(max_length=MAX_BATCH)] = Field([])

    def told(self) -> Conversation:
        """What the action takes."""
        turns = [message.to_turn() for message in self.messages]
        return Conversation(
            self.interaction.external_id, turns=turns, patch=self.interaction.to_patch()
        )


HookIn = Annotated[
    ConversationOpened | MessagesAdded | ConversationChanged, Field(discriminator="type")
]


class HookOut(Output):
    """What became of a message."""

    status: Literal["taken", "taken_before"]
    interaction_id: str | None
    added: int = Field(0, description="messages that were new")
    changed: int = 0
    unchanged: int = 0
