"""`POST /api/v1/suggest` and the feedback that cites what it gave."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StrictInt, StringConstraints

from api.schemas.common import (
    MAX_TEXT,
    FacetsIn,
    Input,
    Language,
    Moment,
    Name,
    Output,
    Text,
)
from api.schemas.hits import AnswerOut, answer_out
from kb.assist.types import Message, SuggestionResult, SuggestRequest
from kb.domain import Audience, Channel, Facets, FeedbackKind, Role

DOCUMENT = r"^(article|case):[a-z0-9][a-z0-9._-]{0,119}$"
MAX_MESSAGES = 1000


class MessageIn(Input):
    """One turn of the conversation."""

    role: Role
    text: Annotated[Text, StringConstraints(max_length=MAX_TEXT)]
    at: Moment | None = None


class SuggestIn(Input):
    """A piece of a live conversation, oldest message first."""

    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=MAX_MESSAGES)]
    language: Language | None = Field(None, description="the customer's; left out: detected")
    channel: Channel | None = None
    facets: FacetsIn = Field({}, description="what the CRM knows, as {product: [locker]}")
    audience: Audience | None = Field(
        None, description="who reads the answers; left out: the most you may see"
    )
    limit: Annotated[StrictInt, Field(ge=1, le=20)] = 5
    customer_ref: Name | None = Field(
        None, description="whose conversation it is: kept as a keyed hash, so that it can be erased"
    )

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "messages": [
                        {"role": "customer", "text": "Dober dan, paket čaka v paketniku."},
                        {"role": "agent", "text": "Dober dan, kako lahko pomagam?"},
                        {"role": "customer", "text": "PIN-a nisem dobil, kaj naj naredim?"},
                    ],
                    "channel": "chat",
                    "facets": {"country": ["SI"]},
                }
            ]
        },
    )

    def to_request(self, reader: Audience) -> SuggestRequest:
        """What the engine takes."""
        messages = tuple(Message(str(m.role), m.text, m.at) for m in self.messages)
        return SuggestRequest(
            messages=messages,
            language=self.language,
            channel=None if self.channel is None else str(self.channel),
            reader=reader,
            facets=dict(self.facets),
            limit=self.limit,
            customer_ref=self.customer_ref,
        )


class QueryOut(Output):
    """What the engine read out of the conversation."""

    text: str
    focus: str
    asks: float = Field(description="probability that something is asked at all, 0 to 1")
    known: Facets


class SentenceOut(Output):
    """A sentence of the reply. Greeting, closing and notices have no citation."""

    text: str
    citation: int | None = None
    document: str | None = None
    passage_id: int | None = None
    start: int | None = None
    end: int | None = None


class ReplyOut(Output):
    """A reply in the customer's language; `sources` are numbered from 1 in citations."""

    language: str
    source_language: str
    text: str
    sentences: list[SentenceOut]
    sources: list[str]
    generated: bool = Field(description="true when a language model worded it")


class NothingKnownOut(Output):
    code: str = Field(description="empty, asks_nothing, nothing_found or not_sure")
    message: str


class SuggestOut(Output):
    """Ranked answers from both pools, a reply to send, or that nothing is known."""

    id: str = Field(description="cite it in feedback", examples=["sug_5f1c0a9be2d34c7788aa0142"])
    language: str
    language_confidence: float
    query: QueryOut
    articles: list[AnswerOut]
    cases: list[AnswerOut]
    reply: ReplyOut | None
    nothing_known: NothingKnownOut | None
    versions: dict[str, str]
    milliseconds: dict[str, float]


def suggest_out(result: SuggestionResult, public_url: str) -> SuggestOut:
    """A suggestion as the API gives it."""
    query, reply, nothing = result.query, result.reply, result.nothing_known
    return SuggestOut(
        id=result.id,
        language=result.language,
        language_confidence=round(result.language_confidence, 4),
        query=QueryOut(
            text=query.text, focus=query.focus, asks=round(query.asks, 4), known=dict(query.known)
        ),
        articles=[answer_out(hit, public_url) for hit in result.articles],
        cases=[answer_out(hit, public_url) for hit in result.cases],
        reply=None if reply is None else ReplyOut.model_validate(reply, from_attributes=True),
        nothing_known=None
        if nothing is None
        else NothingKnownOut(code=nothing.code, message=nothing.message),
        versions=dict(result.versions),
        milliseconds={name: round(value, 2) for name, value in result.milliseconds.items()},
    )


class SuggestionOut(Output):
    """A suggestion as it was recorded."""

    id: str
    created_at: datetime
    language: str
    channel: str | None
    audience: str
    query: str
    request: dict[str, Any]
    response: dict[str, Any]
    versions: dict[str, Any]
    nothing_known: str | None
    top_document: str | None
    confidence: float | None
    milliseconds: float
    interaction_id: str | None = Field(None, description="of a live conversation")
    interaction_version: int | None = Field(None, description="of the conversation it answers")
    change: dict[str, Any] | None = Field(
        None, description="why the best answer is another than before"
    )


class FeedbackIn(Input):
    """What was done with a suggestion."""

    kind: FeedbackKind
    document: Annotated[str, StringConstraints(pattern=DOCUMENT)] | None = Field(
        None, description="the answer meant", examples=["article:locker-pin-missing"]
    )
    position: Annotated[StrictInt, Field(ge=0, le=999)] | None = None
    reason: Annotated[Text, StringConstraints(max_length=2000)] = Field(
        "", description="needed when dismissed"
    )
    text: Annotated[Text, StringConstraints(max_length=MAX_TEXT)] = Field(
        "", description="the reply as it was sent, when edited"
    )


class FeedbackOut(Output):
    id: int
    suggestion_id: str
