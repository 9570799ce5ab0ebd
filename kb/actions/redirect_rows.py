"""What redirects forbid: a key that leads elsewhere is no article of its own any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.domain import Redirect
from kb.errors import Conflict


def check_free(session: Session, article_id: str) -> None:
    """Raises Conflict when the key leads to another article, for ever."""
    redirect = session.get(Redirect, article_id, populate_existing=True)
    if redirect is not None:
        raise Conflict(
            f"The article {article_id} went into {redirect.article_id}: change that one.",
            article=redirect.article_id,
        )
