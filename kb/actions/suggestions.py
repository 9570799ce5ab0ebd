"""Suggestions and the feedback that cites them. Both are records already: no audit entry."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.checks import check_text
from kb.actions.events import record_event
from kb.actions.redirect_rows import current_document
from kb.db import insert_into
from kb.domain import Feedback, FeedbackKind, InteractionEventKind, Suggestion, utc_now
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.redactions import hide, rules_of

DOCUMENT_PATTERN = re.compile(r"^(article|case):[a-z0-9][a-z0-9._-]{0,119}$")
MAX_KEY = 80
_INSERT = insert(Suggestion)
_TOLD = frozenset(FeedbackKind) - {FeedbackKind.fixed, FeedbackKind.flagged, FeedbackKind.added}
"""What is an event of its own interaction; the others have events that say more."""


@dataclass(frozen=True, slots=True)
class SuggestionRecord:
    """One answer of the engine; `request`, `response` and `versions` are JSON documents."""

    language: str
    audience: str
    query: str
    request: dict[str, Any]
    response: dict[str, Any]
    versions: dict[str, Any] = field(default_factory=dict)
    channel: str | None = None
    nothing_known: str | None = None
    top_document: str | None = None
    confidence: float | None = None
    milliseconds: float = 0.0
    customer_mark: str | None = None  # kb.secret_key.Marks
    interaction_id: str | None = None
    interaction_version: int | None = None
    change: dict[str, Any] | None = None  # why the best answer is another than before


@dataclass(frozen=True, slots=True)
class FeedbackInput:
    """What somebody did with a suggestion. `document` is `article:<id>` or `case:<id>`."""

    kind: FeedbackKind
    document: str | None = None
    position: int | None = None
    reason: str = ""
    text: str = ""
    actor: str = "anonymous"
    idempotency_key: str | None = None


def record_suggestion(session: Session, record: SuggestionRecord) -> str:
    """Keep an answer; gives its id, `sug_` and 24 random hexadecimal digits."""
    check_text(record.query, "query")
    suggestion_id = f"sug_{secrets.token_hex(12)}"
    values = {
        "id": suggestion_id,
        "created_at": utc_now(),
        "language": record.language,
        "channel": record.channel,
        "audience": record.audience,
        "query": record.query,
        "request": record.request,
        "response": record.response,
        "versions": record.versions,
        "nothing_known": record.nothing_known,
        "top_document": record.top_document,
        "confidence": record.confidence,
        "milliseconds": record.milliseconds,
        "customer_mark": record.customer_mark,
        "interaction_id": record.interaction_id,
        "interaction_version": record.interaction_version,
        "change": record.change,
    }
    session.connection().execute(_INSERT, values)  # an object of the session takes a millisecond
    return suggestion_id


def record_feedback(session: Session, suggestion_id: str, feedback: FeedbackInput) -> int:
    """Keep what was done with a suggestion, without what is personal; gives the feedback's id.

    Sending the same idempotency key again gives the same id and writes nothing. Raises NotFound
    for an unknown suggestion, InvalidInput for a dismissal without a reason, Conflict when the
    key was used for something else.
    """
    _check_feedback(feedback)
    feedback = replace(feedback, document=current_document(session, feedback.document))
    suggestion = session.get(Suggestion, suggestion_id)
    if suggestion is None:
        raise NotFound(
            f"There is no suggestion {suggestion_id[:60]!r}: cite the id that came with the"
            " suggestion."
        )
    rules = rules_of(session)
    values = {
        "suggestion_id": suggestion_id,
        "kind": feedback.kind,
        "document": feedback.document,
        "position": feedback.position,
        "reason": hide(feedback.reason, suggestion.language, rules),
        "text": hide(feedback.text, suggestion.language, rules),
        "actor": feedback.actor,
        "idempotency_key": feedback.idempotency_key,
        "created_at": utc_now(),
    }
    statement = (
        insert_into(session, Feedback)
        .on_conflict_do_nothing(index_elements=["idempotency_key"])
        .returning(col(Feedback.id))
    )
    new_id = session.connection().execute(statement, values).scalar()
    if new_id is None:
        return _same(session, suggestion_id, feedback)
    if suggestion.interaction_id is not None and feedback.kind in _TOLD:
        record_event(
            session,
            suggestion.interaction_id,
            InteractionEventKind.feedback,
            feedback.actor,
            suggestion_id,
            kind=str(feedback.kind),
            document=feedback.document,
            position=feedback.position,
        )
    return int(new_id)


def _same(session: Session, suggestion_id: str, feedback: FeedbackInput) -> int:
    """The row that holds this idempotency key, if it says the same."""
    key = feedback.idempotency_key
    found = session.scalars(select(Feedback).where(col(Feedback.idempotency_key) == key)).one()
    said = (found.suggestion_id, found.kind, found.document, found.position)
    if said != (suggestion_id, feedback.kind, feedback.document, feedback.position):
        raise Conflict(
            "This idempotency key was used for other feedback: send a new key with new feedback."
        )
    assert found.id is not None
    return found.id


def _check_feedback(feedback: FeedbackInput) -> None:
    if feedback.kind == FeedbackKind.dismissed and not feedback.reason.strip():
        raise InvalidInput("Say why the suggestion was dismissed: fill in the reason.")
    for name in ("reason", "text", "actor"):
        check_text(getattr(feedback, name), name)
    if feedback.document is not None and not DOCUMENT_PATTERN.match(feedback.document):
        raise InvalidInput(
            f"{feedback.document[:60]!r} names no answer: write article:<id> or case:<id>."
        )
    if feedback.position is not None and not 0 <= feedback.position < 1000:
        raise InvalidInput("The position of an answer is a number from 0 to 999.")
    key = feedback.idempotency_key
    if key is not None:
        check_text(key, "idempotency_key", needed=True)
        if len(key) > MAX_KEY:
            raise InvalidInput(f"An idempotency key has at most {MAX_KEY} characters.")
