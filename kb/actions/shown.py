"""What was painted on an agent's screen, and how soon."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.events import record_event
from kb.db import advisory_lock
from kb.domain import Facets, InteractionEvent, InteractionEventKind, Suggestion
from kb.errors import NotFound
from kb.queries.interactions import get_interaction


def note_shown(
    session: Session,
    interaction_id: str,
    suggestion_id: str,
    milliseconds: int,
    actor: str,
    scope: Facets,
) -> bool:
    """Keep that `actor` saw a suggestion so long after it arrived; once, whatever comes again.

    Gives whether it is new. Raises NotFound for an interaction that is not there or out of
    scope, and for a suggestion of another one.
    """
    get_interaction(session, interaction_id, scope)
    suggestion = session.get(Suggestion, suggestion_id)
    if suggestion is None or suggestion.interaction_id != interaction_id:
        raise NotFound(f"The interaction has no suggestion {suggestion_id[:60]!r}: cite its own.")
    advisory_lock(session, f"shown:{suggestion_id}:{actor}")
    known = select(col(InteractionEvent.id)).where(
        col(InteractionEvent.interaction_id) == interaction_id,
        col(InteractionEvent.kind) == InteractionEventKind.shown,
        col(InteractionEvent.suggestion_id) == suggestion_id,
        col(InteractionEvent.actor) == actor,
    )
    if session.scalar(known.limit(1)) is not None:
        return False
    kind = InteractionEventKind.shown
    record_event(session, interaction_id, kind, actor, suggestion_id, milliseconds=milliseconds)
    return True
