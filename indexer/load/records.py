"""Records as they come from a file, and what they must hold to become articles and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from indexer.load.report import Source
from kb.actions.articles import ArticleFields, TranslationInput
from kb.actions.carried import CarriedPlan
from kb.domain import (
    ArticleState,
    Audience,
    CaseState,
    Channel,
    Governance,
    Outcome,
    RedirectKind,
    Role,
    ScheduledAction,
    Trust,
)
from kb.errors import InvalidInput


def _words(value: str) -> str:
    if not value.strip():
        raise ValueError("an empty text")
    return value


Word = Annotated[str, AfterValidator(_words)]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One row as it stands in the file."""

    source: Source
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OldKey:
    """A key, here or in another system, that leads to an article now."""

    key: str
    kind: RedirectKind = RedirectKind.redirected
    note: str = ""


@dataclass(frozen=True, slots=True)
class ArticlePart:
    """One language of an article, and its article-level fields where this is the original.

    `given` names the fields the file itself states; the others are stand-ins that must not
    overwrite what an article already there has. `None` means that the file states all.
    `is_draft`: a text under way of an article whose readers have another, or none, in this
    language. `redirects` lead to the article; `plans` are for later.
    """

    source: Source
    key: str
    text: TranslationInput
    fields: ArticleFields | None = None
    state: ArticleState | None = None
    given: frozenset[str] | None = None
    is_draft: bool = False
    redirects: tuple[OldKey, ...] = ()
    plans: tuple[CarriedPlan, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RedirectMatter(_Strict):
    """An old key with how it came to lead here."""

    key: Word
    kind: RedirectKind = RedirectKind.redirected
    note: str = ""


class PlanMatter(_Strict):
    """A plan, in the front matter of the original."""

    action: ScheduledAction
    at: AwareDatetime
    languages: list[Word] | None = None
    note: str = ""


class TranslationMatter(_Strict):
    """Front matter of a translation, keys in canonical order."""

    article: str | None = None
    language: str | None = None
    title: Word | None = None
    summary: str = ""
    keywords: list[Word] = []
    machine_model: Word | None = None
    checked_by: Word | None = None
    draft: Literal[True] | None = None
    translation_of: str
    outdated: Literal[True] | None = None


class OriginalMatter(_Strict):
    """Front matter of the original language, keys in canonical order."""

    article: str | None = None
    language: str | None = None
    title: Word | None = None
    summary: str = ""
    keywords: list[Word] = []
    machine_model: Word | None = None
    checked_by: Word | None = None
    draft: Literal[True] | None = None
    original: Literal[True] = True
    state: ArticleState | None = None
    audience: Audience | None = None
    trust: Trust = Trust.not_validated
    governance: Governance = Governance.experience
    tags: list[Word] = []
    facets: dict[Word, list[Word]] = {}
    owner: Word | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    review_by: AwareDatetime | None = None
    redirects: list[Word | RedirectMatter] = []
    plans: list[PlanMatter] = []


class ArticleRow(BaseModel):
    """A row of a table of articles; columns it does not know are left out."""

    model_config = ConfigDict(extra="ignore")

    id: str = ""
    title: str = ""
    body: str = ""
    summary: str = ""
    keywords: list[str] = []
    language: str = ""
    original: bool | None = None
    translation_of: str = ""
    state: ArticleState | None = None
    audience: Audience | None = None
    trust: Trust | None = None
    governance: Governance | None = None
    tags: list[str] = []
    facets: dict[str, list[str]] = {}
    owner: str | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    review_by: AwareDatetime | None = None
    redirects: list[str] = []


class MessageRow(_Strict):
    """A message of a case."""

    role: Role
    text: str
    at: AwareDatetime | None = None


class CaseRow(_Strict):
    """A case, keys in canonical order."""

    case: str = ""
    language: str = ""
    channel: Channel
    subject: str = ""
    state: CaseState | None = None
    facets: dict[Word, list[Word]] = {}
    customer_ref: Word | None = None
    agent_ref: Word | None = None
    opened_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    messages: list[MessageRow] = []
    tried: str = ""
    resolution: str = ""
    outcome: Outcome | None = None
    articles: list[Word] = []


class OfferText(_Strict):
    title: Word
    pitch: Word


class OfferMatter(_Strict):
    """An offer, as data for the engine that will choose one."""

    offer: Word
    kind: Literal["sale", "service", "compensation"]
    state: Literal["draft", "active", "ended"]
    products: list[Word] = Field(min_length=1)
    countries: list[Word] = Field(min_length=1)
    audience: Word
    eligibility: list[Word] = Field(min_length=1)
    needs_solved: bool
    value: dict[Word, float] = {}
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    text: dict[Word, OfferText] = Field(min_length=1)


class IncidentText(_Strict):
    title: Word
    statement: Word
    what_to_say: Word


class IncidentMatter(_Strict):
    """An incident: what agents say while it lasts, and the words that point to it."""

    incident: Word
    state: Literal["draft", "active", "ended"]
    severity: Literal["low", "medium", "high"]
    countries: list[Word] = []
    products: list[Word] = []
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    text: dict[Word, IncidentText] = Field(min_length=1)
    match: dict[Word, list[Word]] = {}


SynonymGroups = list[Annotated[list[Word], Field(min_length=2)]]


def complain(error: ValidationError, lines: Mapping[str, int] | None = None) -> InvalidInput:
    """What is wrong, in one sentence; details hold the `line` of the first of it, if known."""
    parts = []
    for found in error.errors(include_url=False)[:4]:
        where = ".".join(str(part) for part in found["loc"])
        if found["type"] == "extra_forbidden":
            parts.append(f"{where}: not a field here, take it out or call it x-{where}")
        else:
            parts.append(f"{where}: {found['msg'][:1].lower()}{found['msg'][1:]}")
    first = error.errors(include_url=False)[0]["loc"]
    line = (lines or {}).get(str(first[0])) if first else None
    return InvalidInput("; ".join(parts) + ".", **({"line": line} if line else {}))


def iso(value: datetime) -> str:
    """A UTC time as `content/` writes it: 2026-01-31T09:00:00Z, microseconds only if any."""
    return value.isoformat().replace("+00:00", "Z")
