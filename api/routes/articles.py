"""Articles: read, write, publish, put away. A 2xx write is searchable (or gone) at once."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from api.auth.rules import allow, read_as, require
from api.auth.saving import check_article_save, check_within, within_scope
from api.deps import App, PathKey, ReadSession
from api.moved import lead_on
from api.schemas.articles import (
    ArticleIn,
    ArticleOut,
    FieldsIn,
    NewArticleIn,
    NoteIn,
    PublishIn,
    article_out,
)
from api.schemas.common import SavedOut
from kb.actions.article_changes import add_article, changed_fields
from kb.actions.articles import archive, publish, restore, save_article
from kb.actions.saved import SaveResult
from kb.domain import Audience, Permission, Pool, Principal
from kb.errors import NotFound
from kb.queries.articles import get_article_view, load_article
from kb.queries.redirects import moved_to, moved_to_any
from kb.text.markdown import render_html

router = APIRouter(prefix="/api/v1/articles", tags=["articles"])
Reader = Annotated[Principal, allow(Permission.read_articles)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
Publisher = Annotated[Principal, allow(Permission.publish_articles)]
Archivist = Annotated[Principal, allow(Permission.archive_articles)]


@router.get(
    "/{article_id}",
    response_model=ArticleOut,
    responses={301: {"description": "It went into another article: see Location"}},
)
def read_article(
    request: Request,
    app: App,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    audience: Annotated[Audience, Query(description="who reads")] = Audience.public,
    view: Annotated[
        Literal["published", "latest"], Query(description="latest: as editors see it")
    ] = "published",
) -> ArticleOut | RedirectResponse:
    """An article in all its languages, the original first."""
    if view == "latest":
        require(reader, Permission.read_drafts)
        try:
            latest = load_article(session, article_id, reader.scope)
        except NotFound:
            return lead_on(request, moved_to_any(session, article_id, reader.scope))
        return article_out(latest, app.settings.resolved_public_url)
    as_whom = read_as(reader, audience)
    try:
        found = get_article_view(session, article_id, as_whom, scope=reader.scope)
    except NotFound:
        return lead_on(request, moved_to(session, article_id, as_whom, scope=reader.scope))
    return article_out(found, app.settings.resolved_public_url)


@router.put(
    "/{article_id}",
    response_model=SavedOut,
    responses={201: {"model": SavedOut, "description": "Created"}},
)
def put_article(
    app: App, writer: Writer, article_id: PathKey, article: ArticleIn, response: Response
) -> SavedOut:
    """Create or change an article; saving the same again changes nothing."""
    for text in article.translations:
        render_html(text.body)  # what no page could show is refused now, not when somebody reads
    given, version = article.to_input(article_id), article.expected_version

    def save(session: Session) -> SaveResult:
        check_article_save(session, writer, given)
        return save_article(session, given, writer.actor, expected_version=version)

    saved = app.write(Pool.article, within_scope(writer, Pool.article, article_id, save))
    response.status_code = 201 if saved.status == "created" else 200
    return saved


@router.post("", response_model=SavedOut, status_code=201)
def post_article(app: App, writer: Writer, article: NewArticleIn) -> SavedOut:
    """Begin an article. When there is one with this key, nothing is written (409)."""
    for text in article.translations:
        render_html(text.body)

    def save(session: Session) -> SaveResult:
        given = article.to_input(article.id or "")
        check_article_save(session, writer, given)
        return add_article(session, given, writer.actor)

    check_within(writer, article.facets)
    return app.write(Pool.article, save)


@router.patch("/{article_id}", response_model=SavedOut)
def patch_article(app: App, writer: Writer, article_id: PathKey, fields: FieldsIn) -> SavedOut:
    """Change audience, owner, tags and the like; the texts stay as they are."""

    def save(session: Session) -> SaveResult:
        version = fields.expected_version
        given = changed_fields(session, article_id, fields.changes(), version)
        check_article_save(session, writer, given)
        return save_article(session, given, writer.actor)

    return app.write(Pool.article, within_scope(writer, Pool.article, article_id, save))


@router.post("/{article_id}/publish", response_model=SavedOut)
def post_publish(
    app: App, publisher: Publisher, article_id: PathKey, what: PublishIn | None = None
) -> SavedOut:
    """Show readers the latest texts, in all languages or in those given."""
    given = what or PublishIn()

    def show(session: Session) -> SaveResult:
        return publish(
            session,
            article_id,
            given.languages,
            publisher.actor,
            note=given.note,
            expected_version=given.expected_version,
        )

    return app.write(Pool.article, within_scope(publisher, Pool.article, article_id, show))


@router.post("/{article_id}/archive", response_model=SavedOut)
def post_archive(
    app: App, archivist: Archivist, article_id: PathKey, why: NoteIn | None = None
) -> SavedOut:
    """Put an article away: no reader finds it from this moment."""

    def put_away(session: Session) -> SaveResult:
        return archive(session, article_id, archivist.actor, note=why.note if why else "")

    return app.write(Pool.article, within_scope(archivist, Pool.article, article_id, put_away))


@router.post("/{article_id}/restore", response_model=SavedOut)
def post_restore(
    app: App, archivist: Archivist, article_id: PathKey, why: NoteIn | None = None
) -> SavedOut:
    """Take an archived article out again, as a draft."""

    def take_out(session: Session) -> SaveResult:
        return restore(session, article_id, archivist.actor, note=why.note if why else "")

    return app.write(Pool.article, within_scope(archivist, Pool.article, article_id, take_out))
