"""Articles by key, in a line each: what cases cite, as far as the reader may know of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    READABLE_BY,
    Article,
    ArticleState,
    Audience,
    Facets,
    Revision,
    Translation,
    in_scope,
    utc_now,
)
from kb.queries.articles import visible_articles


@dataclass(frozen=True, slots=True)
class CitedArticle:
    """An article with the title of one of its texts: the wanted language's, else the original's."""

    id: str
    title: str
    language: str
    state: ArticleState
    audience: Audience


@dataclass(frozen=True, slots=True)
class CitedReader:
    """Who asks. `drafts`: may see what no reader sees yet."""

    audience: Audience
    scope: Facets
    drafts: bool = False


def cited_articles(
    session: Session, keys: Collection[str], language: str, reader: CitedReader
) -> list[CitedArticle]:
    """Those of the articles that the reader may see, in the order of `keys`."""
    revision = Translation.revision_id if reader.drafts else Translation.published_revision_id
    query = (
        select(Article, col(Translation.language), col(Revision.title))
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.id) == col(revision))
        .where(col(Article.id).in_(keys))
    )
    if not reader.drafts:
        query = query.where(visible_articles(READABLE_BY[reader.audience], utc_now()))
    found: dict[str, CitedArticle] = {}
    for article, tongue, title in session.execute(query):
        if not in_scope(article.facets, reader.scope):
            continue
        held = found.get(article.id)
        is_own = held is not None and held.language == language
        if (
            held is None
            or tongue == language
            or (tongue == article.original_language and not is_own)
        ):
            found[article.id] = CitedArticle(
                article.id, title, tongue, article.state, article.audience
            )
    return [found[key] for key in dict.fromkeys(keys) if key in found]
