"""What the suggestion engine takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kb.domain import Audience, Facets
from kb.search.types import Hit


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # customer | agent | system
    text: str
    at: datetime | None = None
    key: str | None = None  # of a turn of an interaction


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """The conversation so far, oldest message first, and what is known around it."""

    messages: tuple[Message, ...]
    language: str | None = None  # None: detected from what the customer wrote
    channel: str | None = None
    reader: Audience = Audience.internal
    facets: Facets = field(default_factory=dict)
    limit: int = 5
    scope: Facets = field(default_factory=dict)  # what the reader may see of each facet
    with_cases: bool = True  # for internal readers who may read cases
    customer_ref: str | None = None  # only a keyed hash of it is kept, for erasure
    is_typed: bool = False  # into a box for questions: "locker PIN" asks there, a greeting does not


@dataclass(frozen=True, slots=True)
class DialogQuery:
    """What a dialog asks: the query text, its focus, and how surely it asks anything.

    `asks` is a calibrated probability in [0, 1] that the customer states a problem, a request
    or a question that a knowledge base could answer. `pieces` are those of a letter that is
    longer than `text`.
    """

    text: str
    focus: str
    language: str
    language_confidence: float
    asks: float
    known: Facets
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplySentence:
    """One sentence of a reply with the passage it is taken from.

    `citation` numbers the sources from 1; None only for greeting, closing and the notice which
    language the source is in. `start`, `end` are characters in the revision's body.
    """

    text: str
    citation: int | None
    document: str | None = None  # "article:<id>" or "case:<id>"
    passage_id: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    language: str
    source_language: str
    text: str
    sentences: tuple[ReplySentence, ...]
    sources: tuple[str, ...]  # documents in citation order
    generated: bool = False  # True when a language model worded it


@dataclass(frozen=True, slots=True)
class NothingKnown:
    """Why there is no answer: `code` is stable, `message` is for the reader."""

    code: str  # empty | asks_nothing | nothing_found | not_sure
    message: str


@dataclass(frozen=True, slots=True)
class SuggestionResult:
    id: str
    language: str
    language_confidence: float
    query: DialogQuery
    articles: tuple[Hit, ...]
    cases: tuple[Hit, ...]
    reply: Reply | None
    nothing_known: NothingKnown | None
    versions: Mapping[str, str]
    milliseconds: Mapping[str, float]  # encode, search, compose, total
