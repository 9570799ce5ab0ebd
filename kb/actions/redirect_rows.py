"""What redirects mean for others: a key that leads elsewhere is no article of its own any more."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Redirect
from kb.errors import Conflict

ARTICLE = "article:"


def current_keys(session: Session, keys: Sequence[str]) -> list[str]:
    """The articles that these keys lead to by now, each once, in the same order."""
    query = select(col(Redirect.old_id), col(Redirect.article_id)).where(
        col(Redirect.old_id).in_(list(keys))
    )
    moved = {old: new for old, new in session.execute(query)} if keys else {}
    return list(dict.fromkeys(moved.get(key, key) for key in keys))


def current_document(session: Session, document: str | None) -> str | None:
    """`article:<id>` of what is noted about an article that went into another one."""
    if document is None or not document.startswith(ARTICLE):
        return document
    return ARTICLE + current_keys(session, [document.removeprefix(ARTICLE)])[0]


def check_free(session: Session, article_id: str) -> None:
    """Raises Conflict when the key leads to another article, for ever."""
    redirect = session.get(Redirect, article_id, populate_existing=True)
    if redirect is not None:
        raise Conflict(
            f"The article {article_id} went into {redirect.article_id}: change that one.",
            article=redirect.article_id,
        )
