"""Suggestions as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Suggestion
from kb.errors import NotFound


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One recorded answer; `request`, `response` and `versions` are the JSON kept with it."""

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
    interaction_id: str | None
    interaction_version: int | None
    change: dict[str, Any] | None  # why the best answer is another than before


def get_suggestion(session: Session, suggestion_id: str) -> SuggestionView:
    """Raises NotFound."""
    row = session.get(Suggestion, suggestion_id)
    if row is None:
        raise NotFound(
            f"There is no suggestion {suggestion_id[:60]!r}: cite the id that came with it."
        )
    return _view(row)


def last_given(
    session: Session, interaction_id: str, reader: str, version: int
) -> SuggestionView | None:
    """The newest suggestion for the same eyes (`request.reader_key`), up to this version."""
    query = (
        select(Suggestion)
        .where(*_given(interaction_id, reader), col(Suggestion.interaction_version) <= version)
        .order_by(col(Suggestion.interaction_version).desc(), col(Suggestion.created_at).desc())
        .limit(1)
    )
    row = session.scalars(query).first()
    return None if row is None else _view(row)


def was_answered(session: Session, interaction_id: str, reader: str) -> bool:
    """Whether these eyes were ever shown an answer in this interaction."""
    answered = col(Suggestion.nothing_known).is_(None)
    query = select(col(Suggestion.id)).where(*_given(interaction_id, reader), answered)
    return session.scalars(query.limit(1)).first() is not None


def _given(interaction_id: str, reader: str) -> list[ColumnElement[bool]]:
    seen_by = col(Suggestion.request)["reader_key"].as_string()
    return [col(Suggestion.interaction_id) == interaction_id, seen_by == reader]


def _view(row: Suggestion) -> SuggestionView:
    names = SuggestionView.__dataclass_fields__
    return SuggestionView(**{name: getattr(row, name) for name in names})
