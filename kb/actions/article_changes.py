"""Beginning an article, and changing what it is without touching its texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from kb.actions.article_input import ArticleFields, ArticleInput
from kb.actions.article_keys import free_key
from kb.actions.article_rows import locked_article
from kb.actions.articles import save_article
from kb.actions.saved import SaveResult, SaveStatus
from kb.errors import Conflict


def add_article(session: Session, given: ArticleInput, actor: str) -> SaveResult:
    """A new article; without an id it is named after its title.

    Raises Conflict (`reason` key_taken) when there is one with this id, InvalidInput.
    """
    title = given.translations[0].title if given.translations else ""
    key = free_key(session, given.id or None, title)
    saved = save_article(session, replace(given, id=key), actor)
    if saved.status != SaveStatus.created:
        raise Conflict(f"There is an article {key} already: give this one another key.")
    return saved


def changed_fields(
    session: Session, article_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> ArticleInput:
    """What to save to set some of an article's fields; its texts stay. Takes the article's lock.

    `changes`: names of `ArticleFields` and their values. Raises NotFound; Conflict at another
    version.
    """
    row = locked_article(session, article_id, expected_version)
    names = ArticleFields.__dataclass_fields__
    fields = ArticleFields(**{name: getattr(row, name) for name in names})
    return ArticleInput(article_id, [], replace(fields, **changes))
