"""The contact history of one customer across channels, so that nobody is asked twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Case,
    CaseState,
    Channel,
    Facets,
    Feedback,
    FeedbackKind,
    Interaction,
    InteractionMessage,
    Role,
    Suggestion,
    in_scope,
)
from kb.queries.cases import CaseView, get_case_view
from kb.queries.interactions import in_order
from kb.queries.redactions import RedactionRules, hide, names_in, rules_of

MOST = 20
CUT = 600  # characters of a text
USED = (FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved, FeedbackKind.fixed)


@dataclass(frozen=True, slots=True)
class Contact:
    """An earlier contact; its texts hold nothing personal.

    `kind` is interaction or case (one that no interaction of ours belongs to). `state` is that
    of the interaction or case.
    """

    kind: str
    id: str
    case_id: str | None
    channel: Channel
    state: str
    language: str | None
    at: datetime
    question: str
    tried: str
    resolution: str
    outcome: str | None
    documents: tuple[str, ...]
    message_count: int


def contact_history(
    session: Session,
    customer_ref: str | None,
    scope: Facets,
    *,
    but: str | None = None,
    limit: int = MOST,
) -> tuple[Contact, ...]:
    """What this customer asked before, the latest first, without the interaction `but`."""
    if not customer_ref:
        return ()
    rules = rules_of(session)
    interactions = [row for row in _interactions(session, customer_ref, but, scope, limit)]
    messages = _messages(session, [row.id for row in interactions])
    used = _used(session, [row.id for row in interactions])
    found = [_of_interaction(row, messages[row.id], used[row.id], rules) for row in interactions]
    current = session.get(Interaction, but) if but else None
    known = {row.case_id for row in (*interactions, *([current] if current else []))}
    cases = _cases(session, customer_ref, known, scope, limit)
    found += [_of_case(get_case_view(session, case_id)) for case_id in cases]
    return tuple(sorted(found, key=lambda contact: contact.at, reverse=True)[:limit])


def _interactions(
    session: Session, customer_ref: str, but: str | None, scope: Facets, limit: int
) -> Sequence[Interaction]:
    query = (
        select(Interaction)
        .where(col(Interaction.customer_ref) == customer_ref, col(Interaction.id) != (but or ""))
        .order_by(col(Interaction.opened_at).desc(), col(Interaction.id))
        .limit(limit * 5)
    )
    return [row for row in session.scalars(query) if in_scope(row.facets, scope)][:limit]


def _cases(
    session: Session,
    customer_ref: str,
    known: Collection[str | None],
    scope: Facets,
    limit: int,
) -> list[str]:
    query = (
        select(Case)
        .where(col(Case.customer_ref) == customer_ref, col(Case.state) != CaseState.archived)
        .order_by(col(Case.opened_at).desc(), col(Case.id))
        .limit(limit * 5)
    )
    rows = session.scalars(query)
    return [row.id for row in rows if row.id not in known and in_scope(row.facets, scope)][:limit]


def _messages(session: Session, ids: Sequence[str]) -> dict[str, list[InteractionMessage]]:
    query = select(InteractionMessage).where(
        col(InteractionMessage.interaction_id).in_(ids),
        col(InteractionMessage.deleted).is_(False),
    )
    found: dict[str, list[InteractionMessage]] = defaultdict(list)
    for message in in_order(session.scalars(query)):
        found[message.interaction_id].append(message)
    return found


def _used(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    query = (
        select(col(Suggestion.interaction_id), col(Feedback.document))
        .join(Suggestion, col(Suggestion.id) == col(Feedback.suggestion_id))
        .where(
            col(Suggestion.interaction_id).in_(ids),
            col(Feedback.kind).in_(USED),
            col(Feedback.document).is_not(None),
        )
        .order_by(col(Feedback.id))
    )
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for interaction_id, document in session.execute(query):
        found[str(interaction_id)][str(document)] = None
    return defaultdict(tuple, {key: tuple(documents) for key, documents in found.items()})


def _of_interaction(
    row: Interaction,
    messages: Sequence[InteractionMessage],
    used: tuple[str, ...],
    rules: RedactionRules,
) -> Contact:
    language = row.language or "en"
    names = names_in(row.customer_name or row.customer_ref, row.agent_ref)

    def shown(text: str) -> str:
        return _cut(hide(text, language, rules, names))

    asked = next((m.text for m in messages if m.role == Role.customer), row.subject)
    said = next((m.text for m in reversed(messages) if m.role == Role.agent), "")
    tried = "\n".join(filter(None, (row.handover_note, "" if row.resolution else said)))
    return Contact(
        kind="interaction",
        id=row.id,
        case_id=row.case_id,
        channel=row.channel,
        state=str(row.state),
        language=row.language,
        at=row.opened_at,
        question=shown(asked),
        tried=shown(tried),
        resolution=shown(row.resolution),
        outcome=str(row.outcome) if row.outcome else None,
        documents=used,
        message_count=len(messages),
    )


def _of_case(case: CaseView) -> Contact:
    asked = next((m.text for m in case.messages if m.role == Role.customer), case.subject)
    said = next((m.text for m in reversed(case.messages) if m.role == Role.agent), "")
    return Contact(
        kind="case",
        id=case.id,
        case_id=case.id,
        channel=case.channel,
        state=str(case.state),
        language=case.language,
        at=case.opened_at,
        question=_cut(asked),
        tried=_cut(case.tried or ("" if case.resolution else said)),
        resolution=_cut(case.resolution),
        outcome=str(case.outcome) if case.outcome else None,
        documents=tuple(f"article:{key}" for key in case.articles),
        message_count=len(case.messages),
    )


def _cut(text: str) -> str:
    return text if len(text) <= CUT else text[:CUT].rsplit(" ", 1)[0] + " …"
