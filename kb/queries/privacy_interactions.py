"""Interactions of one customer, and what hangs on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.domain import (
    Case,
    ColleagueQuestion,
    Contribution,
    Flag,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    Role,
    Suggestion,
    WebhookDelivery,
    WebhookReceipt,
)

BATCH = 500
OWN = "c-"
"""Keys of cases that interactions made begin so."""

WITHIN: tuple[type[Any], ...] = (
    WebhookDelivery,
    WebhookReceipt,
    InteractionEvent,
    InteractionMessage,
)
"""What goes with an interaction; all of it has `interaction_id`."""

GIVEN: tuple[type[Any], ...] = (ColleagueQuestion, Contribution, Flag)
"""What agents gave back; all of it has `interaction_id` and `suggestion_id`."""


def interactions_of(
    session: Session, at: datetime, refs: Sequence[str], cases: Collection[str]
) -> set[str]:
    """Those opened by `at` with one of these references, or about one of these cases.

    Where no reference is given, the name stands for it: so it does in the interaction's case.
    """
    found: set[str] = set()
    for batch in batches(sorted(refs)):
        named = and_(
            col(Interaction.customer_ref).is_(None), col(Interaction.customer_name).in_(batch)
        )
        found |= _where(session, at, or_(col(Interaction.customer_ref).in_(batch), named))
    for batch in batches(sorted(cases)):
        found |= _where(session, at, col(Interaction.case_id).in_(batch))
    return found


def cases_of(session: Session, interactions: Collection[str]) -> set[str]:
    """The cases that these interactions made, and others that are nobody else's."""
    found: set[str] = set()
    nobodys = or_(col(Case.id).startswith(OWN, autoescape=True), col(Case.customer_ref).is_(None))
    for batch in batches(sorted(interactions)):
        query = (
            select(col(Case.id))
            .join(Interaction, col(Interaction.case_id) == col(Case.id))
            .where(col(Interaction.id).in_(batch), nobodys)
        )
        found |= set(session.scalars(query))
    return found


def suggestions_of(session: Session, interactions: Collection[str]) -> set[str]:
    """Everything that was suggested in them."""
    found: set[str] = set()
    for batch in batches(sorted(interactions)):
        query = select(col(Suggestion.id)).where(col(Suggestion.interaction_id).in_(batch))
        found |= set(session.scalars(query))
    return found


def said_in(
    session: Session, interactions: Collection[str]
) -> Iterator[tuple[str, str, str | None, str | None]]:
    """What the customer wrote: text, language, and the names of customer and agent."""
    for batch in batches(sorted(interactions)):
        query = (
            select(
                col(InteractionMessage.text),
                col(Interaction.language),
                col(Interaction.customer_name),
                col(Interaction.agent_ref),
            )
            .join(Interaction, col(Interaction.id) == col(InteractionMessage.interaction_id))
            .where(col(Interaction.id).in_(batch), col(InteractionMessage.role) == Role.customer)
        )
        for text, language, customer, agent in session.execute(query):
            yield text, language or "en", customer, agent


def given_about(
    session: Session,
    table: type[SQLModel],
    interactions: Collection[str],
    suggestions: Collection[str],
) -> list[str]:
    """Ids of what agents gave back (`table` of GIVEN) about these."""
    key: Any = table
    found: set[str] = set()
    for column, wanted in ((key.interaction_id, interactions), (key.suggestion_id, suggestions)):
        for batch in batches(sorted(wanted)):
            found |= set(session.scalars(select(key.id).where(column.in_(batch))))
    return sorted(found)


def references(session: Session) -> Iterator[str]:
    """Every reference of a customer that an interaction has, or the name that stands for it."""
    query = select(col(Interaction.customer_ref)).where(col(Interaction.customer_ref).is_not(None))
    yield from (ref for ref in session.scalars(query.distinct()) if ref)
    names = select(col(Interaction.customer_name)).where(
        col(Interaction.customer_ref).is_(None), col(Interaction.customer_name).is_not(None)
    )
    yield from (name for name in session.scalars(names.distinct()) if name)


def left_in_interactions(session: Session, wanted: re.Pattern[str]) -> Iterator[str]:
    """Where these texts stand in what other systems call things, and in facets."""
    columns = ("external_id", "customer_ref", "agent_ref", "handed_to")
    query = select(
        col(Interaction.id), col(Interaction.facets), *(getattr(Interaction, n) for n in columns)
    )
    for key, facets, *names in session.execute(query):
        values = [value for some in facets.values() for value in some]
        if any(text and wanted.search(text) for text in (*names, *facets, *values)):
            yield f"names or facets of the interaction {key}"
    keys = select(col(InteractionMessage.interaction_id), col(InteractionMessage.key))
    found = {of for of, key in session.execute(keys) if wanted.search(key)}
    yield from (f"ids of messages of the interaction {of}" for of in sorted(found))


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many as one statement can name."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _where(session: Session, at: datetime, where: ColumnElement[bool]) -> set[str]:
    query = select(col(Interaction.id)).where(where, col(Interaction.opened_at) <= at)
    return set(session.scalars(query))
