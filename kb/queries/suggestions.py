"""Suggestions as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

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


def get_suggestion(session: Session, suggestion_id: str) -> SuggestionView:
    """Raises NotFound."""
    row = session.get(Suggestion, suggestion_id)
    if row is None:
        raise NotFound(
            f"There is no suggestion {suggestion_id[:60]!r}: cite the id that came with it."
        )
    names = SuggestionView.__dataclass_fields__
    return SuggestionView(**{name: getattr(row, name) for name in names})
