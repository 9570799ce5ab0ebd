"""Comments on articles in the making, and the people named in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.deps import App, PathKey, ReadSession
from api.schemas.editor import CommentIn, CommentOut, CommentsOut, SeenIn
from kb.actions.comments import add_comment, resolve_comment, see_mentions
from kb.domain import Permission, Principal
from kb.errors import NotFound
from kb.queries.home import list_comments, read_comment
from kb.queries.paging import Paging
from kb.queries.revisions import check_article

router = APIRouter(prefix="/api/v1", tags=["comments"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
CommentId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/articles/{article_id}/comments", response_model=CommentsOut)
def get_comments(
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    resolved: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> CommentsOut:
    """What was said about an article, the oldest first."""
    check_article(session, article_id, reader.scope)
    page = list_comments(session, article_id, resolved=resolved, paging=Paging(offset, limit))
    found = [CommentOut.model_validate(x, from_attributes=True) for x in page.items]
    return CommentsOut(comments=found, total=page.total, offset=offset, limit=limit)


@router.post("/articles/{article_id}/comments", response_model=CommentOut, status_code=201)
def post_comment(app: App, reader: Reader, article_id: PathKey, given: CommentIn) -> CommentOut:
    """Say something about an article; whoever is named finds it at home."""

    def act(session: Session) -> CommentOut:
        check_article(session, article_id, reader.scope)
        made = add_comment(session, article_id, given.to_input(), reader.actor)
        return CommentOut.model_validate(read_comment(session, made), from_attributes=True)

    return app.change(act)


@router.post("/comments/{comment_id}/resolve", response_model=CommentOut)
def post_resolve(app: App, reader: Reader, comment_id: CommentId) -> CommentOut:
    """It is dealt with."""

    def act(session: Session) -> CommentOut:
        _check(session, comment_id, reader)
        resolve_comment(session, comment_id, reader.actor)
        return CommentOut.model_validate(read_comment(session, comment_id), from_attributes=True)

    return app.change(act)


@router.post("/comments/seen", status_code=204)
def post_seen(app: App, reader: Reader, given: SeenIn) -> None:
    """You have read these: they leave your home."""
    app.change(lambda session: see_mentions(session, reader.user_id or "", given.comments))


def _check(session: Session, comment_id: int, reader: Principal) -> None:
    found = read_comment(session, comment_id)
    try:
        check_article(session, found.article_id, reader.scope)
    except NotFound as error:
        raise NotFound(
            f"There is no comment {comment_id}: look at the article's comments."
        ) from error
