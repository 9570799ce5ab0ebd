"""Articles as readers, editors, the indexer and the exporter see them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, and_, cast, func, or_, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from kb.domain import (
    READABLE_BY,
    Article,
    ArticleState,
    Audience,
    Facets,
    Governance,
    Revision,
    Translation,
    Trust,
    in_scope,
    utc_now,
)
from kb.errors import NotFound
from kb.queries.paging import Page, Paging

BATCH = 200


@dataclass(frozen=True, slots=True)
class TranslationView:
    """One revision of an article in one language."""

    language: str
    revision_id: int
    number: int
    title: str
    summary: str
    keywords: tuple[str, ...]
    body: str
    author: str
    created_at: datetime
    source_revision_id: int | None  # the original's revision it was translated from
    is_published: bool  # readers see this very revision


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article with one revision per language, the original language first."""

    id: str
    original_language: str
    state: ArticleState
    audience: Audience
    trust: Trust
    governance: Governance
    tags: tuple[str, ...]
    facets: Facets
    owner: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    review_by: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    translations: tuple[TranslationView, ...]

    def translation(self, language: str) -> TranslationView | None:
        """The text in this language, if there is one."""
        return next((t for t in self.translations if t.language == language), None)


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """A line in a list of articles; the title is the original's latest."""

    id: str
    title: str
    original_language: str
    languages: tuple[str, ...]
    state: ArticleState
    audience: Audience
    trust: Trust
    governance: Governance
    tags: tuple[str, ...]
    facets: Facets
    review_by: datetime | None
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class ArticleFilters:
    """Which articles to list; None means any."""

    states: frozenset[ArticleState] | None = None
    audiences: frozenset[Audience] | None = None
    language: str | None = None  # has a text in it
    tag: str | None = None
    review_before: datetime | None = None


def visible_articles(
    audiences: Collection[Audience] | BindParameter[Any], now: datetime | BindParameter[Any]
) -> ColumnElement[bool]:
    """The rule of what may be seen: published, for one of these audiences, valid now."""
    return and_(
        col(Article.state) == ArticleState.published,
        col(Article.audience).in_(audiences),
        or_(col(Article.valid_from).is_(None), col(Article.valid_from) <= now),
        or_(col(Article.valid_until).is_(None), col(Article.valid_until) > now),
    )


def get_article_view(
    session: Session,
    article_id: str,
    reader: Audience,
    *,
    scope: Facets | None = None,
    now: datetime | None = None,
) -> ArticleView:
    """What this reader may read. Raises NotFound, also for what the reader may not see."""
    rule = visible_articles(READABLE_BY[reader], now or utc_now())
    article = session.scalars(select(Article).where(col(Article.id) == article_id, rule)).first()
    if article is not None and not in_scope(article.facets, scope or {}):
        article = None
    view = None if article is None else _published(session, [article])[0]
    if view is None or not view.translations:
        raise NotFound(f"There is no article {article_id[:120]!r} to read.")
    return view


def load_article(session: Session, article_id: str, scope: Facets | None = None) -> ArticleView:
    """The latest text in every language, whatever the state: for editors. Raises NotFound."""
    article = session.get(Article, article_id)
    if article is None or not in_scope(article.facets, scope or {}):
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    return _latest(session, [article])[0]


def load_published(session: Session, article_id: str) -> ArticleView | None:
    """What the index should hold of an article; None when nothing. Validity is left to readers."""
    article = session.get(Article, article_id)
    if article is None or article.state != ArticleState.published:
        return None
    view = _published(session, [article])[0]
    return view if view.translations else None


def iter_articles(session: Session) -> Iterator[ArticleView]:
    """Every article with its latest texts, by key: for the exporter."""
    last = ""
    while True:
        query = select(Article).where(col(Article.id) > last).order_by(col(Article.id))
        batch = session.scalars(query.limit(BATCH)).all()
        if not batch:
            return
        yield from _latest(session, batch)
        last = batch[-1].id


def published_translations(
    session: Session, article_ids: Collection[str]
) -> dict[str, tuple[TranslationView, ...]]:
    """The published texts of published articles; nothing for the others."""
    found = _translations(
        session,
        col(Translation.published_revision_id),
        and_(
            col(Translation.article_id).in_(article_ids),
            col(Article.state) == ArticleState.published,
        ),
    )
    return {article_id: tuple(texts) for article_id, texts in found.items()}


def list_articles(
    session: Session, filters: ArticleFilters | None = None, paging: Paging | None = None
) -> Page[ArticleSummary]:
    """Articles by key, for editors."""
    paging = paging or Paging()
    where = _conditions(filters or ArticleFilters())
    total = session.scalar(select(func.count()).select_from(Article).where(*where)) or 0
    query = select(Article).where(*where).order_by(col(Article.id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    return Page(_summaries(session, rows), total)


def _conditions(filters: ArticleFilters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if filters.states is not None:
        where.append(col(Article.state).in_(filters.states))
    if filters.audiences is not None:
        where.append(col(Article.audience).in_(filters.audiences))
    if filters.language is not None:
        translated = select(col(Translation.article_id)).where(
            col(Translation.language) == filters.language
        )
        where.append(col(Article.id).in_(translated))
    if filters.tag is not None:
        tags = cast(col(Article.tags), String)
        where.append(tags.contains(json.dumps(filters.tag), autoescape=True))
    if filters.review_before is not None:
        where.append(col(Article.review_by) < filters.review_before)
    return where


def _summaries(session: Session, rows: Sequence[Article]) -> tuple[ArticleSummary, ...]:
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    for article_id, language, title in session.execute(
        select(col(Translation.article_id), col(Translation.language), col(Revision.title))
        .join(Revision, col(Revision.id) == col(Translation.revision_id))
        .where(col(Translation.article_id).in_([row.id for row in rows]))
        .order_by(col(Translation.id))
    ):
        titles[article_id][language] = title
    return tuple(
        ArticleSummary(
            id=row.id,
            title=titles[row.id].get(row.original_language, row.id),
            original_language=row.original_language,
            languages=tuple(titles[row.id]),
            state=row.state,
            audience=row.audience,
            trust=row.trust,
            governance=row.governance,
            tags=tuple(row.tags),
            facets=dict(row.facets),
            review_by=row.review_by,
            updated_at=row.updated_at,
            version=row.version,
        )
        for row in rows
    )


def _published(session: Session, articles: Sequence[Article]) -> list[ArticleView]:
    return _views(session, articles, col(Translation.published_revision_id))


def _latest(session: Session, articles: Sequence[Article]) -> list[ArticleView]:
    return _views(session, articles, col(Translation.revision_id))


def _views(
    session: Session, articles: Sequence[Article], revision: Mapped[int | None]
) -> list[ArticleView]:
    ids = [article.id for article in articles]
    texts = _translations(session, revision, col(Translation.article_id).in_(ids))
    return [_view(article, texts.get(article.id, [])) for article in articles]


def _view(article: Article, texts: Sequence[TranslationView]) -> ArticleView:
    original = article.original_language
    return ArticleView(
        id=article.id,
        original_language=original,
        state=article.state,
        audience=article.audience,
        trust=article.trust,
        governance=article.governance,
        tags=tuple(article.tags),
        facets=dict(article.facets),
        owner=article.owner,
        valid_from=article.valid_from,
        valid_until=article.valid_until,
        review_by=article.review_by,
        created_at=article.created_at,
        updated_at=article.updated_at,
        version=article.version,
        translations=tuple(sorted(texts, key=lambda t: (t.language != original, t.language))),
    )


def _translations(
    session: Session,
    revision: Mapped[int | None],
    where: ColumnElement[bool],
) -> dict[str, list[TranslationView]]:
    rows = session.execute(
        select(
            col(Translation.article_id),
            col(Translation.language),
            col(Translation.published_revision_id),
            Revision,
        )
        .join(Revision, col(Revision.id) == revision)
        .join(Article, col(Article.id) == col(Translation.article_id))
        .where(where)
        .order_by(col(Translation.id))
    )
    found: dict[str, list[TranslationView]] = defaultdict(list)
    for article_id, language, published, row in rows:
        found[article_id].append(
            TranslationView(
                language=language,
                revision_id=row.id or 0,
                number=row.number,
                title=row.title,
                summary=row.summary,
                keywords=tuple(row.keywords),
                body=row.body,
                author=row.author,
                created_at=row.created_at,
                source_revision_id=row.source_revision_id,
                is_published=published == row.id,
            )
        )
    return dict(found)
