"""Suggestions and the feedback that cites them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Path
from pydantic import StringConstraints

from api.auth.rules import allow, read_as
from api.deps import App, ReadSession
from api.schemas.suggest import (
    FeedbackIn,
    FeedbackOut,
    SuggestIn,
    SuggestionOut,
    SuggestOut,
    suggest_out,
)
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.assist.types import SuggestionResult
from kb.domain import Permission, Principal
from kb.queries.suggestions import get_suggestion

router = APIRouter(prefix="/api/v1", tags=["suggestions"])
Asker = Annotated[Principal, allow(Permission.ask)]
SuggestionId = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", max_length=40)]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=80)] | None,
    Header(description="the same key again gives the same answer and writes nothing"),
]


@router.post("/suggest", response_model=SuggestOut)
def post_suggest(
    app: App, reader: Annotated[Principal, allow(Permission.ask)], asked: SuggestIn
) -> SuggestOut:
    """Answers to the conversation so far, with sources, and a reply to send.

    Ranked articles and, for agents, similar resolved cases; a composed reply whose every
    sentence cites its passage; or `nothing_known` with the reason, noted as a gap.
    """
    request = replace(
        asked.to_request(read_as(reader, asked.audience)),
        scope=reader.scope,
        with_cases=reader.may(Permission.read_cases),
    )
    result = app.engine.suggest(request)
    app.metrics.observe_suggestion(result.language, result_name(result), result.milliseconds)
    return suggest_out(result, app.settings.resolved_public_url)


@router.get("/suggestions/{suggestion_id}", response_model=SuggestionOut)
def read_suggestion(
    session: ReadSession,
    _reader: Annotated[Principal, allow(Permission.read_suggestions)],
    suggestion_id: SuggestionId,
) -> SuggestionOut:
    """A suggestion as it was given, with what was asked and the versions of all that was used."""
    return SuggestionOut.model_validate(
        get_suggestion(session, suggestion_id), from_attributes=True
    )


@router.post("/suggestions/{suggestion_id}/feedback", response_model=FeedbackOut, status_code=201)
def post_feedback(
    app: App,
    reader: Annotated[Principal, allow(Permission.give_feedback)],
    suggestion_id: SuggestionId,
    given: FeedbackIn,
    idempotency_key: IdempotencyKey = None,
) -> FeedbackOut:
    """What was done with a suggestion: used, edited, dismissed with a reason, wrong, solved."""
    feedback = FeedbackInput(**dict(given), actor=reader.actor, idempotency_key=idempotency_key)
    with app.engine.session_factory.begin() as session:
        new_id = record_feedback(session, suggestion_id, feedback)
    app.metrics.feedback.labels(str(given.kind)).inc()
    return FeedbackOut(id=new_id, suggestion_id=suggestion_id)


def result_name(result: SuggestionResult) -> str:
    """What to count it as."""
    return "answered" if result.nothing_known is None else result.nothing_known.code
