"""Names of those who are noted as actors: people and API keys."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import ApiKey, User
from kb.queries.paging import MAX_LIMIT, Paging
from kb.queries.users import list_users
from kb.text.fold import fold

KEY = "key:"
PERSON = "usr_"
MOST = 1000  # names asked of the database at once


def names_of(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Actor -> name, for people (`usr_…`) and API keys (`key:…`) that are there."""
    wanted = sorted({actor for actor in actors if actor.startswith((PERSON, KEY))})[:MOST]
    people = [actor for actor in wanted if actor.startswith(PERSON)]
    keys = [actor.removeprefix(KEY) for actor in wanted if actor.startswith(KEY)]
    found: dict[str, str] = {}
    if people:
        rows = session.execute(select(col(User.id), col(User.name)).where(col(User.id).in_(people)))
        found |= {user_id: name for user_id, name in rows}
    if keys:
        query = select(col(ApiKey.id), col(ApiKey.name)).where(col(ApiKey.id).in_(keys))
        found |= {f"{KEY}{key_id}": name for key_id, name in session.execute(query)}
    return found


def actors_named(session: Session, text: str) -> tuple[str, ...]:
    """Whom `text` may mean: an actor as it is noted, or the name or e-mail of one."""
    people = list_users(session, text=text, paging=Paging(limit=MAX_LIMIT))
    keys = session.execute(select(col(ApiKey.id), col(ApiKey.name)))
    wanted = fold(text.strip())
    named = [f"{KEY}{key_id}" for key_id, name in keys if wanted in fold(name)]
    return (text.strip(), *(user.id for user in people.items), *named[:MAX_LIMIT])
