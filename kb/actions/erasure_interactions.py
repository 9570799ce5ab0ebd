"""Erasing interactions: their messages, events and deliveries, and what agents gave back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.db import advisory_lock
from kb.domain import (
    ColleagueQuestion,
    Contribution,
    Flag,
    Interaction,
    InteractionMessage,
    Task,
    WebhookDelivery,
)
from kb.queries.privacy import Planned
from kb.queries.privacy_interactions import WITHIN, batches, given_about

_FETCH = {"synchronize_session": "fetch"}


@dataclass(frozen=True, slots=True)
class ErasedDialogs:
    """Rows that were deleted; `flags` also counts those that only lost their words."""

    turns: int = 0
    deliveries: int = 0
    contributions: int = 0
    questions: int = 0
    flags: int = 0


def erase_interactions(session: Session, found: Planned) -> ErasedDialogs:
    """Delete them with all that hangs on them or on erased suggestions and cases.

    What colleagues were asked and what agents wrote goes: nobody can tell what of it is the
    customer's. A flag on what stays keeps its kind and loses its words.
    """
    for key in found.interactions:
        advisory_lock(session, f"interaction:{key}")
    documents = [f"case:{case_id}" for case_id in found.cases]
    counts: dict[type[SQLModel], int] = {}
    for table in (ColleagueQuestion, Contribution):
        ids = given_about(session, table, found.interactions, found.suggestions)
        if table is Contribution:
            ids += _ids(session, col(Contribution.id), col(Contribution.document), documents)
        counts[table] = _delete(session, table, table.id, sorted(set(ids)))
    flags = _erase_flags(session, found, documents)
    for within in WITHIN:
        counts[within] = _delete(session, within, within.interaction_id, found.interactions)
    _delete(session, Interaction, Interaction.id, found.interactions)
    for batch in batches(found.cases):  # of somebody else, about the same case
        session.execute(
            update(Interaction).where(col(Interaction.case_id).in_(batch)).values(case_id=None)
        )
    session.flush()
    return ErasedDialogs(
        counts[InteractionMessage],
        counts[WebhookDelivery],
        counts[Contribution],
        counts[ColleagueQuestion],
        flags,
    )


def note_masked(session: Session, row: SQLModel) -> None:
    """Whoever looks at the interaction is shown it anew, and suggested to anew."""
    key = row.id if isinstance(row, Interaction) else getattr(row, "interaction_id", None)
    interaction = session.get(Interaction, key) if key else None
    if interaction is None:
        return
    interaction.sequence += 1
    if isinstance(row, Interaction | InteractionMessage):
        interaction.version += 1


def _erase_flags(session: Session, found: Planned, documents: Sequence[str]) -> int:
    """Those on erased cases go, with their tasks; the others say no more than what they are."""
    gone = _ids(session, col(Flag.id), col(Flag.document), documents)
    said = set(given_about(session, Flag, found.interactions, found.suggestions)) - set(gone)
    for batch in batches(gone):
        tasks = update(Task).where(col(Task.flag_id).in_(batch)).values(flag_id=None)
        session.execute(tasks, execution_options=_FETCH)
    _delete(session, Task, Task.document, documents)
    _delete(session, Flag, Flag.id, gone)
    for batch in batches(sorted(said)):
        session.execute(
            update(Flag)
            .where(col(Flag.id).in_(batch))
            .values(text="", interaction_id=None, suggestion_id=None, idempotency_key=None),
            execution_options=_FETCH,
        )
    return len(gone) + len(said)


def _ids(session: Session, key: Any, column: Any, values: Sequence[str]) -> list[str]:
    found: list[str] = []
    for batch in batches(values):
        found += session.scalars(select(key).where(column.in_(batch)))
    return sorted(found)


def _delete(session: Session, table: type[SQLModel], column: Any, values: Sequence[str]) -> int:
    count = 0
    for where in _each(column, values):
        count += session.scalar(select(func.count()).select_from(table).where(where)) or 0
        session.execute(delete(table).where(where), execution_options=_FETCH)
    return count


def _each(column: Any, values: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    for batch in batches(values):
        yield column.in_(batch)
