"""The case of an interaction: what colleagues find once it is solved. None of these commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.cases import CaseInput, MessageInput, reopen_case, resolve_case, save_case
from kb.actions.saved import SaveStatus
from kb.db import settings_of
from kb.domain import (
    Case,
    CaseState,
    Feedback,
    FeedbackKind,
    Interaction,
    InteractionMessage,
    Outcome,
    Role,
    Suggestion,
)
from kb.queries.interactions import in_order
from kb.text.replies import tells

OWN = "c-"
"""Keys of cases that interactions made begin so."""
USED = (FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved, FeedbackKind.fixed)


def close_case(session: Session, row: Interaction, actor: str) -> str | None:
    """Save the interaction's case as resolved; gives its key, or None when there is nothing to.

    A case of our own holds the messages of all its interactions. A case that another system
    made is only resolved. Without a resolution (the agent told nothing, either) nothing is
    made: a case that says not how it was solved helps nobody.
    """
    messages = _messages(session, row)
    language = _language(session, row)
    resolution = row.resolution.strip() or _told_last(messages, language)
    if not resolution or not any(message.role == Role.customer for message in messages):
        return None
    outcome = row.outcome or Outcome.solved
    if row.case_id is not None and not row.case_id.startswith(OWN):
        return _resolve_other(session, row.case_id, resolution, outcome, actor)
    case_id = row.case_id or f"{OWN}{row.id.removeprefix('int_')}"
    existing = session.get(Case, case_id)
    saved = save_case(
        session,
        CaseInput(
            id=case_id,
            language=language,
            channel=row.channel,
            messages=[MessageInput(m.role, m.text, m.at) for m in messages],
            subject=row.subject,
            state=CaseState.resolved,
            facets=row.facets,
            customer_ref=row.customer_ref or row.customer_name,
            agent_ref=row.agent_ref or actor,
            tried=row.handover_note,
            resolution=resolution,
            outcome=outcome,
            articles=_used_articles(session, row.id),
            opened_at=existing.opened_at if existing else row.opened_at,
            resolved_at=row.closed_at,
        ),
        actor,
    )
    row.case_id = case_id
    session.flush()
    return None if saved.status == SaveStatus.unchanged else case_id


def reopen_case_of(session: Session, row: Interaction, actor: str) -> str | None:
    """Open the case again, so that it is no answer while it is not solved."""
    case = session.get(Case, row.case_id) if row.case_id else None
    if case is None or case.state != CaseState.resolved:
        return None
    reopen_case(session, case.id, actor)
    return case.id


def _resolve_other(
    session: Session, case_id: str, resolution: str, outcome: Outcome, actor: str
) -> str | None:
    case = session.get(Case, case_id)
    if case is None or case.state != CaseState.open:
        return None
    resolve_case(session, case_id, resolution, outcome, case.tried, actor)
    return case_id


def _messages(session: Session, row: Interaction) -> list[InteractionMessage]:
    """Of all interactions of the case, in the order they were said, without the deleted ones."""
    mine = col(Interaction.id) == row.id
    if row.case_id is not None:
        mine |= col(Interaction.case_id) == row.case_id
    query = select(InteractionMessage).where(
        col(InteractionMessage.interaction_id).in_(select(col(Interaction.id)).where(mine)),
        col(InteractionMessage.deleted).is_(False),
    )
    return in_order(session.scalars(query).all())


def _told_last(messages: Sequence[InteractionMessage], language: str) -> str:
    """The agent's last reply that tells something; questions and promises solved nothing."""
    said = (message.text for message in reversed(messages) if message.role == Role.agent)
    return next((text.strip() for text in said if tells(text, language)), "")


def _language(session: Session, row: Interaction) -> str:
    if row.language is not None:
        return row.language
    query = (
        select(col(Suggestion.language))
        .where(col(Suggestion.interaction_id) == row.id)
        .order_by(col(Suggestion.interaction_version).desc())
        .limit(1)
    )
    found = session.scalar(query)
    settings = settings_of(session)
    return found or (settings.default_language if settings else "en")


def _used_articles(session: Session, interaction_id: str) -> list[str]:
    """Keys of the articles that the agent used, the first used first."""
    query = (
        select(col(Feedback.document))
        .join(Suggestion, col(Suggestion.id) == col(Feedback.suggestion_id))
        .where(
            col(Suggestion.interaction_id) == interaction_id,
            col(Feedback.kind).in_(USED),
            col(Feedback.document).like("article:%"),
        )
        .order_by(col(Feedback.id))
    )
    found = (str(document).removeprefix("article:") for document in session.scalars(query))
    return list(dict.fromkeys(found))
