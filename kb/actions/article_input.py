"""What can be saved as an article, and what is checked about it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kb.actions.checks import check_key, check_language, check_text, to_utc
from kb.domain import ArticleState, Audience, Governance, Trust
from kb.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a text that was made elsewhere, and is carried over with it.

    `machine_model` proposed it, `checked_by` read what that one proposed; `is_outdated`: the
    original has moved on since.
    """

    machine_model: str | None = None
    checked_by: str | None = None
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class TranslationInput:
    """The text of an article in one language."""

    language: str
    title: str
    body: str
    summary: str = ""
    keywords: Sequence[str] = ()
    note: str = ""  # why it was changed; kept with the revision, not part of the text
    origin: Origin | None = None  # imports only


@dataclass(frozen=True, slots=True)
class ArticleFields:
    """What an article is in every language."""

    original_language: str
    audience: Audience = Audience.internal
    trust: Trust = Trust.not_validated
    governance: Governance = Governance.experience
    tags: Sequence[str] = ()
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owner: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    review_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArticleInput:
    """What to save. Languages not given stay as they are.

    `fields=None` leaves the article-level fields alone (the article must be there already).
    `state=None` leaves the state alone (a new article is a draft) and publishes nothing;
    `published` also publishes the translations given here.
    """

    id: str
    translations: Sequence[TranslationInput]
    fields: ArticleFields | None = None
    state: ArticleState | None = None


def checked(article: ArticleInput) -> ArticleInput:
    """The input with times in UTC. Raises InvalidInput."""
    check_key(article.id, "an article")
    languages = [t.language for t in article.translations]
    if len(set(languages)) < len(languages):
        raise InvalidInput(f"The article {article.id} has a language twice: keep one of them.")
    for given in article.translations:
        check_language(given.language)
        check_text(given.title, f"title ({given.language})", needed=True)
        check_text(given.body, f"body ({given.language})", needed=True)
        origin = given.origin or Origin()
        marks = (origin.machine_model or "", origin.checked_by or "")
        for text in (given.summary, given.note, *given.keywords, *marks):
            check_text(text, f"text ({given.language})")
    return article if article.fields is None else replace(article, fields=_times(article.fields))


def _times(fields: ArticleFields) -> ArticleFields:
    check_language(fields.original_language)
    for text in (fields.owner or "", *fields.tags, *fields.facets):
        check_text(text, "owner, tags or facets")
    for values in fields.facets.values():
        for text in values:
            check_text(text, "facets")
    names = ("valid_from", "valid_until", "review_by")
    times = {name: to_utc(getattr(fields, name), name) for name in names}
    if times["valid_from"] and times["valid_until"] and times["valid_from"] >= times["valid_until"]:
        raise InvalidInput("valid_until comes before valid_from: swap them or leave one out.")
    return replace(fields, **times)  # type: ignore[arg-type]  # the three are times


def hash_text(translation: TranslationInput) -> str:
    """SHA-256 of what readers see: title, summary, keywords, body."""
    parts = [
        translation.title,
        translation.summary,
        list(translation.keywords),
        translation.body,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def field_values(fields: ArticleFields) -> dict[str, Any]:
    """The fields as the table holds them."""
    values = {name: getattr(fields, name) for name in ArticleFields.__dataclass_fields__}
    values["tags"] = list(fields.tags)
    values["facets"] = {name: list(found) for name, found in fields.facets.items()}
    return values
