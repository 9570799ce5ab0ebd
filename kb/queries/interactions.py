"""Live interactions as agents see them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Channel,
    Facets,
    Interaction,
    InteractionMessage,
    InteractionState,
    Outcome,
    Reuse,
    Role,
    in_scope,
)
from kb.errors import NotFound

MAX_LIST = 200
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn, raw. `key` is the host's id of it."""

    key: str
    role: Role
    text: str
    at: datetime
    edited_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """An interaction without its texts; `message_count` leaves out deleted ones."""

    id: str
    source: str
    external_id: str | None
    case_id: str | None
    customer_ref: str | None
    customer_name: str | None
    agent_ref: str | None
    channel: Channel
    language: str | None
    subject: str
    facets: Facets
    state: InteractionState
    outcome: Outcome | None
    resolution: str
    reuse: Reuse | None
    handed_to: str | None
    handover_note: str
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int
    sequence: int
    message_count: int


@dataclass(frozen=True, slots=True)
class InteractionFilter:
    """Which interactions a list holds; `before` is the moment of opening of the last one seen."""

    state: InteractionState | None = None
    customer_ref: str | None = None
    channel: Channel | None = None
    before: datetime | None = None
    limit: int = 50


def get_interaction(session: Session, interaction_id: str, scope: Facets) -> InteractionRow:
    """Raises NotFound, also for what is out of scope."""
    row = session.get(Interaction, interaction_id)
    if row is None or not in_scope(row.facets, scope):
        raise NotFound(f"There is no interaction {interaction_id[:60]!r}: open one first.")
    return _row(row, _counts(session, [row.id]).get(row.id, 0))


def load_turns(session: Session, interaction_id: str) -> tuple[TurnView, ...]:
    """What was said, in order, without what was deleted."""
    query = select(InteractionMessage).where(
        col(InteractionMessage.interaction_id) == interaction_id,
        col(InteractionMessage.deleted).is_(False),
    )
    return tuple(
        TurnView(m.key, m.role, m.text, m.at, m.edited_at, m.received_at)
        for m in in_order(session.scalars(query))
    )


def list_interactions(
    session: Session, wanted: InteractionFilter, scope: Facets
) -> tuple[InteractionRow, ...]:
    """The newest first, at most `wanted.limit`, those in scope only."""
    query = select(Interaction).order_by(
        col(Interaction.opened_at).desc(), col(Interaction.id).desc()
    )
    for name in ("state", "customer_ref", "channel"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(Interaction, name) == value)
    if wanted.before is not None:
        query = query.where(col(Interaction.opened_at) < wanted.before)
    found: list[Interaction] = []
    for row in session.scalars(query, execution_options={"yield_per": 200}):
        if in_scope(row.facets, scope):
            found.append(row)
        if len(found) >= min(wanted.limit, MAX_LIST):
            break
    counts = _counts(session, [row.id for row in found])
    return tuple(_row(row, counts.get(row.id, 0)) for row in found)


def in_order(messages: Iterable[InteractionMessage]) -> list[InteractionMessage]:
    """By moment, then by the host's position, then by id as people count (9 before 10).

    The same whatever the order in which they came.
    """
    return sorted(messages, key=_place)


def _place(message: InteractionMessage) -> tuple[object, ...]:
    natural = [(len(part), part) if part.isdigit() else (0, part) for part in _parts(message.key)]
    position = -1 if message.position is None else message.position
    return (message.at, position, natural, message.key)


def _parts(key: str) -> list[str]:
    """Text and digits in turn; leading zeros do not count."""
    return [part.lstrip("0") or "0" if part.isdigit() else part for part in _DIGITS.split(key)]


def _counts(session: Session, ids: list[str]) -> dict[str, int]:
    if not ids:
        return {}
    query = (
        select(col(InteractionMessage.interaction_id), func.count())
        .where(
            col(InteractionMessage.interaction_id).in_(ids),
            col(InteractionMessage.deleted).is_(False),
        )
        .group_by(col(InteractionMessage.interaction_id))
    )
    return {interaction_id: count for interaction_id, count in session.execute(query)}


def _row(row: Interaction, message_count: int) -> InteractionRow:
    names = [name for name in InteractionRow.__dataclass_fields__ if name != "message_count"]
    values = {name: getattr(row, name) for name in names}
    return InteractionRow(**values, message_count=message_count)
