"""Retention: what is deleted, or loses its texts, when it is old enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions import audit
from kb.actions.cases import replace_texts
from kb.actions.redactions import texts_of
from kb.db import advisory_lock
from kb.domain import (
    AuditCheckpoint,
    AuditEntry,
    Case,
    CaseState,
    ColleagueQuestion,
    Contribution,
    Feedback,
    Flag,
    Gap,
    GapState,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    OneTimeLink,
    Suggestion,
    UserSession,
    WebhookDelivery,
    WebhookReceipt,
    utc_now,
)
from kb.queries.cases import case_parts, get_case_view

NOBODY = "anonymous"
BATCH = 500  # interactions in one statement


def forget_suggestions(session: Session, before: datetime) -> int:
    """Delete suggestions; those that something cites keep their figures, not their texts.

    Gives how many.
    """
    citing: tuple[type[Any], ...] = (Feedback, Gap, Flag, Contribution, ColleagueQuestion)
    cited = or_(
        *(
            select(table.id).where(table.suggestion_id == col(Suggestion.id)).exists()
            for table in citing
        )
    )
    old = col(Suggestion.created_at) < before
    deleted = _delete(session, Suggestion, and_(old, ~cited))
    full = and_(old, cast(col(Suggestion.request), String) != "{}")
    emptied = _update(
        session,
        Suggestion,
        full,
        {"query": "", "request": {}, "response": {}, "customer_mark": None, "change": null()},
    )
    return deleted + emptied


def forget_feedback(session: Session, before: datetime) -> int:
    """Empty the texts of feedback and who gave it; what was done with which answer is kept.

    Gives how many.
    """
    said = or_(col(Feedback.reason) != "", col(Feedback.text) != "", col(Feedback.actor) != NOBODY)
    empty = {"reason": "", "text": "", "actor": NOBODY}
    return _update(session, Feedback, and_(col(Feedback.created_at) < before, said), empty)


def forget_gaps(session: Session, before: datetime) -> int:
    """Delete gaps that are closed and were not asked since; gives how many."""
    old = and_(col(Gap.state) == GapState.closed, col(Gap.last_at) < before)
    return _delete(session, Gap, old)


def forget_interactions(session: Session, before: datetime) -> int:
    """Leave of interactions in which nothing happened since only what is counted. Gives how many.

    Texts, who the customer and the agents were, what colleagues were asked, and the words of
    flags and contributions that are settled go; states, moments and kinds stay.
    """
    silent = and_(col(Interaction.updated_at) < before, _says_something())
    # Read first: what is emptied below is what tells them.
    ids = list(session.scalars(select(col(Interaction.id)).where(silent)))
    for start in range(0, len(ids), BATCH):
        _empty_interactions(session, ids[start : start + BATCH])
    return len(ids)


def forget_deliveries(session: Session, before: datetime) -> int:
    """Delete what was sent to webhooks, or given up; gives how many."""
    return _delete(session, WebhookDelivery, col(WebhookDelivery.created_at) < before)


def forget_receipts(session: Session, before: datetime) -> int:
    """Delete which messages of webhooks were taken: older ones are refused by their age."""
    return _delete(session, WebhookReceipt, col(WebhookReceipt.at) < before)


def forget_sessions(session: Session, before: datetime) -> int:
    """Delete sessions that were over by then; gives how many."""
    ended = func.coalesce(col(UserSession.revoked_at), col(UserSession.expires_at))
    return _delete(session, UserSession, ended < before)


def forget_links(session: Session, before: datetime) -> int:
    """Delete one-time links that were used or too old by then; gives how many."""
    ended = func.coalesce(col(OneTimeLink.used_at), col(OneTimeLink.expires_at))
    return _delete(session, OneTimeLink, ended < before)


def raw_cases(session: Session, before: datetime) -> list[str]:
    """Cases that are not open, have not changed since, and still have their raw texts."""
    query = select(col(Case.id)).where(
        col(Case.state) != CaseState.open,
        col(Case.updated_at) < before,
        col(Case.raw_removed_at).is_(None),
    )
    return list(session.scalars(query.order_by(col(Case.id))))


def forget_raw_texts(session: Session, case_id: str, actor: str) -> None:
    """Leave of a case's texts only what may be shown, for good. Raises NotFound."""
    advisory_lock(session, f"case:{case_id}")
    shown = case_parts(get_case_view(session, case_id))
    row = session.get(Case, case_id)
    assert row is not None
    changed = {
        part: shown[part] for part, raw in texts_of(session, row).items() if raw != shown[part]
    }
    if changed:
        replace_texts(session, case_id, changed, actor, "forget_raw")
    row.raw_removed_at = utc_now()
    session.flush()


def prune_audit(session: Session, before: datetime, actor: str) -> int:
    """Delete the oldest entries of the audit; gives how many.

    A checkpoint keeps the hash that the first one left follows, and an entry of its own says so:
    the chain stays whole, and nobody else can make it shorter unseen.
    """
    advisory_lock(session, "audit")
    number, at = col(AuditEntry.number), col(AuditEntry.at)
    first_kept = session.scalar(select(func.min(number)).where(at >= before))
    query = select(number, col(AuditEntry.hash)).where(number.is_not(None))
    if first_kept is not None:
        query = query.where(number < first_kept)
    last = session.execute(query.order_by(number.desc()).limit(1)).first()
    if last is None:
        return 0
    session.add(AuditCheckpoint(number=last[0] or 0, hash=last[1] or ""))
    session.flush()
    deleted = _delete(session, AuditEntry, number <= last[0])
    audit.record(session, actor, "prune", "audit", str(last[0]), hash=last[1], entries=deleted)
    session.flush()
    return deleted


def _says_something() -> ColumnElement[bool]:
    """Whether there is anything left to be emptied."""
    said = select(col(InteractionMessage.id)).where(
        col(InteractionMessage.interaction_id) == col(Interaction.id),
        col(InteractionMessage.text) != "",
    )
    asked = select(col(ColleagueQuestion.id)).where(
        col(ColleagueQuestion.interaction_id) == col(Interaction.id),
        col(ColleagueQuestion.text) != "",
    )
    named = (getattr(Interaction, name).is_not(None) for name in _NAMES)
    written = (getattr(Interaction, name) != "" for name in _WORDS)
    return or_(said.exists(), asked.exists(), *named, *written)


def _empty_interactions(session: Session, ids: Sequence[str]) -> None:
    # Hosts put addresses into the ids of messages.
    plain_key = literal("emptied-") + cast(col(InteractionMessage.id), String)
    emptied: list[tuple[type[Any], dict[str, Any]]] = [
        (InteractionMessage, {"text": "", "text_hashes": [], "key": plain_key}),
        (ColleagueQuestion, {"text": "", "answer": ""}),
        (InteractionEvent, {"actor": NOBODY}),
    ]
    for table, values in emptied:
        _update(session, table, table.interaction_id.in_(ids), values)
    for kind, at, values in (
        (Flag, Flag.closed_at, {"text": ""}),
        (Contribution, Contribution.settled_at, {"title": "", "text": ""}),
    ):
        over = and_(col(kind.interaction_id).in_(ids), col(at).is_not(None))
        _update(session, kind, over, values)
    nameless = dict.fromkeys(_NAMES) | dict.fromkeys(_WORDS, "")
    _update(session, Interaction, col(Interaction.id).in_(ids), nameless)


_NAMES = ("customer_ref", "customer_name", "agent_ref", "handed_to")
_WORDS = ("subject", "resolution", "handover_note")


def _delete(session: Session, table: type[SQLModel], where: ColumnElement[bool]) -> int:
    count = session.scalar(select(func.count()).select_from(table).where(where)) or 0
    session.execute(delete(table).where(where), execution_options={"synchronize_session": False})
    return count


def _update(
    session: Session, table: type[SQLModel], where: ColumnElement[bool], values: dict[str, Any]
) -> int:
    count = session.scalar(select(func.count()).select_from(table).where(where)) or 0
    statement = update(table).where(where).values(**values)
    session.execute(statement, execution_options={"synchronize_session": False})
    return count
