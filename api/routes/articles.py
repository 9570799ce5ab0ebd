"""Articles: read, write, publish, put away. A 2xx write is searchable (or gone) at once."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.deps import Anyone, App, Insider, PathKey, ReadSession
from api.schemas.articles import ArticleIn, ArticleOut, PublishIn, article_out
from api.schemas.common import SavedOut
from kb.actions.articles import archive, publish, restore, save_article
from kb.domain import Audience, Pool
from kb.queries.articles import get_article_view, load_article
from kb.text.markdown import render_html

router = APIRouter(prefix="/api/v1/articles", tags=["articles"])


@router.get("/{article_id}", response_model=ArticleOut)
def read_article(
    app: App,
    session: ReadSession,
    reader: Anyone,
    article_id: PathKey,
    audience: Annotated[Audience, Query(description="who reads")] = Audience.public,
    view: Annotated[
        Literal["published", "latest"], Query(description="latest: as editors see it")
    ] = "published",
) -> ArticleOut:
    """An article in all its languages, the original first."""
    if view == "latest":
        reader.require_internal()
        return article_out(load_article(session, article_id), app.settings.resolved_public_url)
    found = get_article_view(session, article_id, reader.as_audience(audience))
    return article_out(found, app.settings.resolved_public_url)


@router.put(
    "/{article_id}",
    response_model=SavedOut,
    responses={201: {"model": SavedOut, "description": "Created"}},
)
def put_article(
    app: App, insider: Insider, article_id: PathKey, article: ArticleIn, response: Response
) -> SavedOut:
    """Create or change an article; saving the same again changes nothing."""
    for text in article.translations:
        render_html(text.body)  # what no page could show is refused now, not when somebody reads
    given, version = article.to_input(article_id), article.expected_version
    saved = app.write(
        Pool.article,
        lambda session: save_article(session, given, insider.actor, expected_version=version),
    )
    response.status_code = 201 if saved.status == "created" else 200
    return saved


@router.post("/{article_id}/publish", response_model=SavedOut)
def post_publish(
    app: App, insider: Insider, article_id: PathKey, what: PublishIn | None = None
) -> SavedOut:
    """Show readers the latest texts, in all languages or in those given."""
    languages = None if what is None else what.languages
    return app.write(
        Pool.article, lambda session: publish(session, article_id, languages, insider.actor)
    )


@router.post("/{article_id}/archive", response_model=SavedOut)
def post_archive(app: App, insider: Insider, article_id: PathKey) -> SavedOut:
    """Put an article away: no reader finds it from this moment."""
    return app.write(Pool.article, lambda session: archive(session, article_id, insider.actor))


@router.post("/{article_id}/restore", response_model=SavedOut)
def post_restore(app: App, insider: Insider, article_id: PathKey) -> SavedOut:
    """Take an archived article out again, as a draft."""
    return app.write(Pool.article, lambda session: restore(session, article_id, insider.actor))
