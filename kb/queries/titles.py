"""Titles of documents, for lists that name them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Article, ArticleState, Pool, Revision, Translation
from kb.queries.sight import split_document
from kb.queries.unlinked import case_lines


@dataclass(frozen=True, slots=True)
class Titled:
    """A document by name: its title and the language that is in; articles with their state."""

    document: str
    id: str
    title: str
    language: str
    state: ArticleState | None = None


def article_titles(
    session: Session, keys: Collection[str], language: str | None = None
) -> dict[str, Titled]:
    """Article -> its latest title in `language`, else in the original's; none for strangers."""
    found: dict[str, Titled] = {}
    if not keys:
        return found
    rows = session.execute(
        select(
            col(Article.id),
            col(Article.original_language),
            col(Article.state),
            col(Translation.language),
            col(Revision.title),
        )
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.id) == col(Translation.revision_id))
        .where(col(Article.id).in_(keys))
    )
    for key, original, state, spoken, title in rows:
        if spoken == language or (spoken == original and key not in found):
            found[key] = Titled(f"article:{key}", key, title, spoken, state)
    return found


def document_titles(
    session: Session, documents: Collection[str], language: str | None = None
) -> dict[str, Titled]:
    """`article:<id>` or `case:<id>` -> its title; of cases their subject as it may be shown."""
    by_pool: dict[Pool, set[str]] = {Pool.article: set(), Pool.case: set()}
    for pool, key in map(split_document, documents):
        by_pool[pool].add(key)
    articles = article_titles(session, by_pool[Pool.article], language).values()
    found = {one.document: one for one in articles}
    if by_pool[Pool.case]:
        for key, line in case_lines(session, by_pool[Pool.case]).items():
            found[f"case:{key}"] = Titled(f"case:{key}", key, line, "")
    return found
