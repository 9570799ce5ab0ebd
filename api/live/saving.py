"""Saving what changes an interaction, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from api.state import Services
from indexer.worker import drain_document
from kb.actions.interactions import InteractionSaved
from kb.domain import Pool


def save_interaction(
    services: Services, action: Callable[[Session], InteractionSaved]
) -> InteractionSaved:
    """Commit, bring the index up to date, and tell those who watch."""
    with services.engine.session_factory.begin() as session:
        saved = action(session)
    tell(services, saved)
    return saved


def tell(services: Services, saved: InteractionSaved) -> None:
    """After the commit: the index of the interaction's case, and those who watch."""
    sessions, encoder = services.engine.session_factory, services.engine.encoder
    if saved.case_id is not None and not drain_document(
        sessions, encoder, Pool.case, saved.case_id
    ):
        services.worker.wake()
    if saved.anything:
        services.live.changed(saved.id)
