"""What tells a server that watches interactions that something was written, here or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Incident, Interaction
from kb.queries.passages import IndexState, index_state

AT_A_TIME = 500  # ids in one statement


@dataclass(frozen=True, slots=True)
class Place:
    """How far an interaction has come; see `Interaction`."""

    version: int
    sequence: int


@dataclass(frozen=True, slots=True)
class KnowledgeMark:
    """Equal marks mean equal passages, synonyms and incidents under way."""

    index: IndexState
    incidents: tuple[int, datetime | None, int]  # how many, the last change, under way now


def places(session: Session, ids: Sequence[str]) -> dict[str, Place]:
    """How far these interactions have come; those that are not there are left out."""
    found: dict[str, Place] = {}
    columns = (col(Interaction.id), col(Interaction.version), col(Interaction.sequence))
    for start in range(0, len(ids), AT_A_TIME):
        query = select(*columns).where(col(Interaction.id).in_(ids[start : start + AT_A_TIME]))
        found |= {row[0]: Place(row[1], row[2]) for row in session.connection().execute(query)}
    return found


def knowledge_mark(session: Session, now: datetime) -> KnowledgeMark:
    """Two statements that read no more than a few rows."""
    under_way = and_(
        col(Incident.starts_at) <= now,
        or_(col(Incident.ends_at).is_(None), col(Incident.ends_at) > now),
    )
    query = select(
        func.count(), func.max(col(Incident.updated_at)), func.sum(case((under_way, 1), else_=0))
    ).select_from(Incident)
    count, changed, now_on = session.connection().execute(query).one()
    return KnowledgeMark(index_state(session), (count, changed, now_on or 0))
