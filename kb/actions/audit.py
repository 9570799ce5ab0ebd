"""Audit entries: written by the other actions, in their transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kb.domain import AuditEntry


def record(
    session: Session, actor: str, action: str, entity: str, entity_id: str, **details: Any
) -> None:
    """Note who did what to which thing. `details` are JSON-able and hold no texts."""
    session.add(
        AuditEntry(actor=actor, action=action, entity=entity, entity_id=entity_id, details=details)
    )
