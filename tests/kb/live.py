"""Short ways to make interactions and what hangs on them in tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    DEFAULT_ROLES,
    Channel,
    Facets,
    Feedback,
    Interaction,
    InteractionEvent,
    Principal,
    PrincipalKind,
    Suggestion,
    User,
    UserState,
)
from tests.kb.builders import suggestion


def interaction(session: Session, key: str = "int_1", **changes: Any) -> str:
    """An open interaction's id."""
    values: dict[str, Any] = {
        "id": key,
        "channel": Channel.chat,
        "language": "en",
        "facets": {"country": ["GB"]},
    }
    session.add(Interaction.model_validate(values | changes))
    session.flush()
    return key


def suggested(session: Session, interaction_id: str | None = None, **changes: Any) -> str:
    """A suggestion's id, of an interaction where one is named."""
    found = suggestion(session, **changes)
    if interaction_id is not None:
        named = col(Suggestion.id) == found
        session.execute(update(Suggestion).where(named).values(interaction_id=interaction_id))
    return found


def person(session: Session, key: str = "usr_ana", name: str = "Ana Novak", **changes: Any) -> str:
    """An active person's id."""
    values: dict[str, Any] = {
        "id": key,
        "email": f"{key}@lipa.example",
        "name": name,
        "state": UserState.active,
        "roles": ["agent"],
    }
    session.add(User.model_validate(values | changes))
    session.flush()
    return key


def by(user_id: str = "usr_eva", role: str = "agent", scope: Facets | None = None) -> Principal:
    """Somebody signed in who has a role's permissions."""
    return Principal(
        PrincipalKind.session, user_id, DEFAULT_ROLES[role], user_id=user_id, scope=scope or {}
    )


def events(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """What happened in interactions so far: (kind, details)."""
    session.flush()
    rows = session.scalars(select(InteractionEvent).order_by(col(InteractionEvent.id)))
    return [(str(row.kind), row.details) for row in rows]


def feedback(session: Session) -> list[tuple[str, str | None, int | None]]:
    """Feedback so far: (kind, document, position)."""
    rows = session.scalars(select(Feedback).order_by(col(Feedback.id)))
    return [(str(row.kind), row.document, row.position) for row in rows]
