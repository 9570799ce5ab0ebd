"""Short ways to make interactions and what hangs on them in tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Channel, Interaction, Suggestion, User, UserState
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
