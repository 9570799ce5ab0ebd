"""What is being typed, kept with every pause."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.deps import App, PathKey, ReadSession
from api.schemas.common import LANGUAGE
from api.schemas.revisions import (
    EditIn,
    EditingOut,
    EditLineOut,
    EditorsOut,
    EditOut,
    EditsOut,
    KeptOut,
    edit_out,
)
from kb.actions.edits import EditKept, keep_edit
from kb.actions.redirect_rows import check_free
from kb.actions.texts import drop_edit
from kb.domain import Article, Permission, Principal
from kb.queries.edits import list_edits, load_edit, who_edits
from kb.queries.paging import Paging
from kb.queries.revisions import check_article

router = APIRouter(prefix="/api/v1", tags=["edits"])
Writer = Annotated[Principal, allow(Permission.write_articles)]
PathLanguage = Annotated[str, Path(pattern=LANGUAGE, max_length=35)]


@router.get("/edits", response_model=EditsOut)
def get_edits(
    session: ReadSession,
    writer: Writer,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> EditsOut:
    """What you have begun and not saved."""
    page = list_edits(session, writer.actor, Paging(offset, limit))
    lines = [EditLineOut.model_validate(x, from_attributes=True) for x in page.items]
    return EditsOut(edits=lines, total=page.total, offset=offset, limit=limit)


@router.get("/edits/{article_id}/{language}", response_model=EditOut)
def get_edit(
    session: ReadSession, writer: Writer, article_id: PathKey, language: PathLanguage
) -> EditOut:
    """Your text as it was kept last."""
    return edit_out(load_edit(session, article_id, language, writer.actor))


@router.put("/edits/{article_id}/{language}", response_model=KeptOut)
def put_edit(
    app: App, writer: Writer, article_id: PathKey, language: PathLanguage, given: EditIn
) -> KeptOut:
    """Keep what is on the screen; sending the same again changes nothing.

    When another tab went on from the same state, nothing is written: the 409 holds both texts
    and a merge of them, as saving does. The 409 of an article that was renamed names its new key
    as `article`.
    """

    def act(session: Session) -> EditKept:
        if session.get(Article, article_id) is None:  # one to come
            check_free(session, article_id)
        else:
            check_article(session, article_id, writer.scope)
        return keep_edit(session, given.to_input(article_id, language), writer.actor)

    kept = app.change(act)
    return KeptOut(sequence=kept.sequence, moved_on=kept.moved_on)


@router.delete("/edits/{article_id}/{language}", status_code=204)
def delete_edit(app: App, writer: Writer, article_id: PathKey, language: PathLanguage) -> None:
    """Discard what you have begun."""
    app.change(lambda session: drop_edit(session, article_id, language, writer.actor))


@router.get("/articles/{article_id}/editing", response_model=EditorsOut)
def get_editing(session: ReadSession, writer: Writer, article_id: PathKey) -> EditorsOut:
    """Who else is writing this article now."""
    check_article(session, article_id, writer.scope)
    found = who_edits(session, article_id, writer.actor)
    return EditorsOut(editing=[EditingOut.model_validate(x, from_attributes=True) for x in found])
