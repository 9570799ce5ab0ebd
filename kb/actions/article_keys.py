"""Keys for new articles: given by somebody, or made of a title."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.db import advisory_lock
from kb.domain import Article, Redirect
from kb.errors import Conflict
from kb.text.slug import slug

MOST_TRIES = 1000  # keys of one title


def free_key(session: Session, key: str | None, title: str) -> str:
    """The key given, unless it is taken; else the first free one of the title's. Locks it.

    Raises Conflict.
    """
    if key is not None:
        advisory_lock(session, f"article:{key}")
        if _taken(session, key):
            raise Conflict(
                f"There is an article {key} already: open it, or give another key.",
                reason="key_taken",
            )
        return key
    base = slug(title)
    for number in range(1, MOST_TRIES):
        found = base if number == 1 else f"{base}-{number}"
        advisory_lock(session, f"article:{found}")
        if not _taken(session, found):
            return found
    raise Conflict(f"There are too many articles named {base}: give this one a key.")


def _taken(session: Session, key: str) -> bool:
    """By an article, or by one that was there and leads elsewhere now."""
    articles = select(col(Article.id)).where(col(Article.id) == key)
    moved = select(col(Redirect.old_id)).where(col(Redirect.old_id) == key)
    return session.scalars(articles.union(moved)).first() is not None
