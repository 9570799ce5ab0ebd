"""Merge, split, rename: old permalinks lead on for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.common import KEY, SavedOut
from api.schemas.redirects import (
    IntoIn,
    RedirectOut,
    RedirectsOut,
    RenameIn,
    SplitIn,
    SplitOut,
)
from api.state import Services
from indexer.worker import drain_document
from kb.actions.article_input import TranslationInput
from kb.actions.redirects import merge, redirect, rename, split
from kb.actions.saved import SaveResult
from kb.domain import Permission, Pool, Principal
from kb.queries.paging import Paging
from kb.queries.redirects import list_redirects
from kb.queries.revisions import check_article
from kb.text.markdown import render_html

router = APIRouter(prefix="/api/v1", tags=["redirects"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
Archivist = Annotated[Principal, allow(Permission.archive_articles)]


@router.get("/redirects", response_model=RedirectsOut)
def get_redirects(
    session: ReadSession,
    reader: Reader,
    article: Annotated[str | None, Query(pattern=KEY, max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> RedirectsOut:
    """Old keys and the articles that they lead to."""
    paging = Paging(offset, limit)
    page = list_redirects(session, article_id=article, scope=reader.scope, paging=paging)
    found = [RedirectOut.model_validate(x, from_attributes=True) for x in page.items]
    return RedirectsOut(redirects=found, total=page.total, offset=offset, limit=limit)


@router.put("/redirects/{old_id}", response_model=SavedOut)
def put_redirect(app: App, archivist: Archivist, old_id: PathKey, given: IntoIn) -> SavedOut:
    """Lead a key to an article, for ever; an article that has the key is put away."""

    def act(session: Session) -> SaveResult:
        return redirect(session, old_id, given.into, archivist.actor, note=given.note)

    return _both(app, archivist, old_id, given.into, act)


@router.post("/articles/{article_id}/merge", response_model=SavedOut)
def post_merge(app: App, archivist: Archivist, article_id: PathKey, given: IntoIn) -> SavedOut:
    """Merge an article into another one, whose text stays; uses and flags count for that one."""
    return merge_into(app, archivist, article_id, given.into, given.note)


def merge_into(
    app: Services, archivist: Principal, article_id: str, target: str, note: str
) -> SavedOut:
    """Merge and bring the index up to date. Raises KbError."""

    def act(session: Session) -> SaveResult:
        return merge(session, article_id, target, archivist.actor, note=note)

    return _both(app, archivist, article_id, target, act)


@router.post("/articles/{article_id}/rename", response_model=SavedOut)
def post_rename(app: App, archivist: Archivist, article_id: PathKey, given: RenameIn) -> SavedOut:
    """Give an article another key."""

    def act(session: Session) -> SaveResult:
        check_article(session, article_id, archivist.scope)
        return rename(session, article_id, given.key, archivist.actor, note=given.note)

    saved = app.write(Pool.article, act)
    _drain(app, article_id)
    return saved


@router.post("/articles/{article_id}/split", response_model=SplitOut, status_code=201)
def post_split(app: App, writer: Writer, article_id: PathKey, given: SplitIn) -> SplitOut:
    """New drafts with texts taken from an article, which stays as it is."""
    parts = []
    for part in given.parts:
        for text in part.translations:
            render_html(text.body)
        parts.append((part.key, [TranslationInput(**dict(x)) for x in part.translations]))

    def act(session: Session) -> tuple[SaveResult, ...]:
        check_article(session, article_id, writer.scope)
        return split(session, article_id, parts, writer.actor, note=given.note)

    return SplitOut(articles=[saved.id for saved in app.change(act)])


def _both(
    app: Services,
    archivist: Principal,
    old_id: str,
    target: str,
    act: Callable[[Session], SaveResult],
) -> SavedOut:
    """Both articles must be in scope; the one put away leaves the index at once."""
    guarded = within_scope(archivist, Pool.article, target, act)
    saved = app.write(Pool.article, within_scope(archivist, Pool.article, old_id, guarded))
    _drain(app, old_id)
    return saved


def _drain(app: Services, article_id: str) -> None:
    if not drain_document(app.engine.session_factory, app.engine.encoder, Pool.article, article_id):
        app.worker.wake()
