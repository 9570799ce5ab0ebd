"""Live interactions: open, hear what is said, change, hand over, resolve. None of these commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_key, check_language, check_text
from kb.actions.events import record_event
from kb.actions.interaction_case import close_case, reopen_case_of
from kb.actions.turns import TurnInput, TurnsSaved, save_turns
from kb.db import advisory_lock
from kb.domain import (
    Case,
    Channel,
    Facets,
    Interaction,
    InteractionEventKind,
    InteractionState,
    Outcome,
    Reuse,
    in_scope,
    interaction_may_move,
    utc_now,
)
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound

TOLD = (
    "channel",
    "customer_ref",
    "customer_name",
    "agent_ref",
    "language",
    "subject",
    "facets",
)
"""What a host says of a conversation; what it says later replaces what it said before."""


@dataclass(frozen=True, slots=True)
class InteractionInput:
    """A conversation that begins, or that its host tells of once more."""

    channel: Channel
    source: str = "api"
    external_id: str | None = None
    customer_ref: str | None = None
    customer_name: str | None = None
    agent_ref: str | None = None
    case_id: str | None = None
    language: str | None = None
    subject: str = ""
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    turns: Sequence[TurnInput] = ()


@dataclass(frozen=True, slots=True)
class InteractionPatch:
    """What changes; None leaves as it is."""

    state: InteractionState | None = None
    outcome: Outcome | None = None
    resolution: str | None = None
    reuse: Reuse | None = None
    handed_to: str | None = None
    handover_note: str | None = None
    channel: Channel | None = None
    customer_ref: str | None = None
    customer_name: str | None = None
    agent_ref: str | None = None
    language: str | None = None
    subject: str | None = None
    facets: Mapping[str, Sequence[str]] | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class InteractionSaved:
    """What a write did. `case_id` is that of a case whose passages are to be made anew."""

    id: str
    created: bool
    anything: bool
    version: int
    turns: TurnsSaved = field(default_factory=TurnsSaved)
    case_id: str | None = None


def open_interaction(
    session: Session, given: InteractionInput, actor: str, scope: Facets
) -> InteractionSaved:
    """Begin an interaction; the same source and external id again is the one there is.

    Raises InvalidInput, NotFound for a case out of scope, Forbidden when `scope` would not let
    the caller see the interaction.
    """
    _check_input(given)
    row = None
    if given.external_id is not None:
        advisory_lock(session, f"interaction:{given.source}:{given.external_id}")
        row = _by_external_id(session, given.source, given.external_id)
    if row is not None:
        _check_scope(row.facets, scope, row.id)
        patch = {name: getattr(given, name) for name in TOLD if getattr(given, name)}
        told = _put(row, patch)
        saved = _hear(session, row, given.turns, actor, told=told)
        _check_kept_in_scope(row, scope)
        return saved
    row = _new(session, given, scope)
    session.add(row)
    session.flush()
    turns = save_turns(session, row, given.turns)
    record_event(
        session,
        row.id,
        InteractionEventKind.opened,
        actor,
        channel=str(row.channel),
        source=row.source,
        messages=turns.added,
    )
    session.flush()
    return InteractionSaved(row.id, True, True, row.version, turns)


def add_messages(
    session: Session, interaction_id: str, turns: Sequence[TurnInput], actor: str, scope: Facets
) -> InteractionSaved:
    """Hear what was said. A customer who writes after the end opens the interaction again.

    Raises NotFound, InvalidInput.
    """
    return _hear(session, _locked(session, interaction_id, scope), turns, actor)


def change_interaction(
    session: Session, interaction_id: str, patch: InteractionPatch, actor: str, scope: Facets
) -> InteractionSaved:
    """Change what is known, hand over, resolve, reopen. The same again changes nothing.

    Resolving makes (or closes) the interaction's case, so that colleagues find what solved it.
    Raises NotFound, InvalidInput, Conflict when the state may not change so or `version` is old.
    """
    row = _locked(session, interaction_id, scope)
    _check_patch(row, patch)
    if patch.version is not None and patch.version != row.version:
        raise Conflict(
            f"The interaction has changed since version {patch.version}: read it again first.",
            version=row.version,
        )
    old = row.state
    new = patch.state or old
    if not interaction_may_move(old, new):
        raise Conflict(f"The interaction is {old} and cannot become {new}.", state=old)
    values = {
        name: getattr(patch, name)
        for name in InteractionPatch.__dataclass_fields__
        if name not in ("state", "version") and getattr(patch, name) is not None
    }
    changed = _put(row, values)
    case_id = _move(session, row, new, actor) if new != old or _closes_anew(row, changed) else None
    _check_kept_in_scope(row, scope)
    if changed or new != old:
        _raise(row)
        record = {"version": row.version, "fields": sorted(changed), "old": old, "new": new}
        audit.record(session, actor, "change", "interaction", row.id, **record)
    session.flush()
    return InteractionSaved(
        row.id, False, bool(changed) or new != old, row.version, case_id=case_id
    )


def _hear(
    session: Session,
    row: Interaction,
    turns: Sequence[TurnInput],
    actor: str,
    *,
    told: frozenset[str] = frozenset(),
) -> InteractionSaved:
    saved = save_turns(session, row, turns)
    case_id = None
    if saved.anything:
        kind = InteractionEventKind.message
        record_event(session, row.id, kind, actor, added=saved.added, changed=saved.changed)
        newest = saved.newest_from_customer
        if row.state == InteractionState.resolved and _comes_back(row, newest):
            case_id = _move(session, row, InteractionState.open, actor)
    if saved.anything or told:
        _raise(row)
    session.flush()
    return InteractionSaved(
        row.id, False, saved.anything or bool(told), row.version, saved, case_id
    )


def _comes_back(row: Interaction, newest: datetime | None) -> bool:
    """Whether the customer wrote after the end, not only late deliveries of before."""
    return newest is not None and row.closed_at is not None and newest > row.closed_at


def _closes_anew(row: Interaction, changed: frozenset[str]) -> bool:
    """A resolution or outcome that is corrected after the end goes into the case."""
    mends = changed & {"resolution", "outcome", "subject", "facets", "language"}
    return row.state == InteractionState.resolved and bool(mends)


def _move(session: Session, row: Interaction, new: InteractionState, actor: str) -> str | None:
    """Change the state; gives the case whose passages are to be made anew."""
    was_resolved = row.state == InteractionState.resolved
    row.state = new
    kind = InteractionEventKind(
        {"resolved": "resolved", "handed_over": "handed_over", "open": "reopened"}[new]
    )
    case_id: str | None = None
    if new == InteractionState.resolved:
        row.outcome = row.outcome or Outcome.solved
        row.closed_at = row.closed_at if was_resolved else utc_now()
        session.flush()
        case_id = close_case(session, row, actor)
    else:
        row.closed_at = None
        if was_resolved:
            row.reuse = None
            case_id = reopen_case_of(session, row, actor)
    details: dict[str, Any] = {"channel": str(row.channel)}
    if new == InteractionState.resolved:
        details |= {"outcome": row.outcome, "reuse": row.reuse, "case": row.case_id}
    record_event(session, row.id, kind, actor, **details)
    return case_id


def _put(row: Interaction, values: Mapping[str, Any]) -> frozenset[str]:
    """Set fields; gives the names of those that were different."""
    changed = set()
    for name, value in values.items():
        if name == "facets":
            value = {key: list(found) for key, found in value.items()}
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed.add(name)
    return frozenset(changed)


def _raise(row: Interaction) -> None:
    row.version += 1
    row.sequence += 1
    row.updated_at = utc_now()


def _new(session: Session, given: InteractionInput, scope: Facets) -> Interaction:
    facets = {name: list(found) for name, found in given.facets.items()}
    if not in_scope(facets, scope):
        raise Forbidden("You could not see this interaction: keep to the facets of your scope.")
    if given.case_id is not None:
        case = session.get(Case, given.case_id)
        if case is None or not in_scope(case.facets, scope):
            raise NotFound(f"There is no case {given.case_id[:120]!r}: leave case_id out.")
    values = {name: getattr(given, name) for name in ("source", "external_id", "case_id", *TOLD)}
    return Interaction(
        **values | {"id": f"int_{secrets.token_hex(12)}", "facets": facets},
    )


def _by_external_id(session: Session, source: str, external_id: str) -> Interaction | None:
    query = (
        select(Interaction)
        .where(col(Interaction.source) == source, col(Interaction.external_id) == external_id)
        .with_for_update()
    )
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def _locked(session: Session, interaction_id: str, scope: Facets) -> Interaction:
    query = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    row = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise NotFound(_missing(interaction_id))
    _check_scope(row.facets, scope, interaction_id)
    return row


def _check_scope(facets: Facets, scope: Facets, interaction_id: str) -> None:
    if not in_scope(facets, scope):
        raise NotFound(_missing(interaction_id))


def _missing(interaction_id: str) -> str:
    return f"There is no interaction {interaction_id[:60]!r}: open one first."


def _check_kept_in_scope(row: Interaction, scope: Facets) -> None:
    if not in_scope(row.facets, scope):
        raise Forbidden("You could not see this any more: keep to the facets of your scope.")


def _check_input(given: InteractionInput) -> None:
    check_text(given.source, "source", needed=True)
    if given.case_id is not None:
        check_key(given.case_id, "a case")
    if given.language is not None:
        check_language(given.language)
    for name in ("external_id", "customer_ref", "customer_name", "agent_ref", "subject"):
        check_text(getattr(given, name) or "", name)
    _check_facets(given.facets)


def _check_patch(row: Interaction, patch: InteractionPatch) -> None:
    if patch.language is not None:
        check_language(patch.language)
    for name in ("resolution", "handed_to", "handover_note", "customer_ref", "subject"):
        check_text(getattr(patch, name) or "", name)
    _check_facets(patch.facets or {})
    state = patch.state or row.state
    if patch.reuse is not None and state != InteractionState.resolved:
        raise InvalidInput("What can be reused is noted when an interaction is resolved.")


def _check_facets(facets: Mapping[str, Sequence[str]]) -> None:
    for text in (*facets, *(value for values in facets.values() for value in values)):
        check_text(text, "facets", needed=True)
