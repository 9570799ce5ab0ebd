"""Every text an article ever had: list, read, compare, bring back, save another."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session
from starlette.responses import PlainTextResponse

from api.auth.rules import allow
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.articles import NoteIn
from api.schemas.common import LANGUAGE, SavedOut
from api.schemas.revisions import (
    DiffOut,
    RevisionLineOut,
    RevisionOut,
    RevisionsOut,
    TextIn,
    TextSavedOut,
    revision_out,
)
from kb.actions.saved import SaveResult
from kb.actions.texts import restore_text, save_text
from kb.domain import Permission, Pool, Principal
from kb.queries.paging import Paging
from kb.queries.revisions import (
    check_article,
    compare_revisions,
    latest_number,
    list_revisions,
    read_revision,
)
from kb.text.markdown import render_html

router = APIRouter(prefix="/api/v1/articles/{article_id}/translations", tags=["revisions"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
PathLanguage = Annotated[str, Path(pattern=LANGUAGE, max_length=35)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
QueryNumber = Annotated[int, Query(ge=1, le=2**31 - 1)]


@router.get("/{language}/revisions", response_model=RevisionsOut)
def get_revisions(
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    language: PathLanguage,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> RevisionsOut:
    """The revisions of one language, with who and why."""
    check_article(session, article_id, reader.scope)
    page = list_revisions(session, article_id, language, Paging(offset, limit))
    lines = [RevisionLineOut.model_validate(x, from_attributes=True) for x in page.items]
    return RevisionsOut(revisions=lines, total=page.total, offset=offset, limit=limit)


@router.get("/{language}/revisions/{number}", response_model=RevisionOut)
def get_revision(
    session: ReadSession, reader: Reader, article_id: PathKey, language: PathLanguage,
    number: Number,
) -> RevisionOut:  # fmt: skip
    """One revision whole."""
    check_article(session, article_id, reader.scope)
    return revision_out(read_revision(session, article_id, language, number))


@router.get("/{language}/diff", response_model=DiffOut)
def get_diff(
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    language: PathLanguage,
    old: QueryNumber,
    new: QueryNumber,
    form: Annotated[Literal["json", "text"], Query(description="text: changes alone")] = "json",
) -> DiffOut | Response:
    """What changed between two revisions, word by word inside the paragraphs that changed."""
    check_article(session, article_id, reader.scope)
    found = compare_revisions(session, article_id, language, old, new)
    if form == "text":
        return PlainTextResponse(found.text + "\n")
    return DiffOut.model_validate(found, from_attributes=True)


@router.post("/{language}/revisions/{number}/restore", response_model=SavedOut)
def post_restore_text(
    app: App,
    writer: Writer,
    article_id: PathKey,
    language: PathLanguage,
    number: Number,
    why: NoteIn | None = None,
) -> SavedOut:
    """A new revision equal to an old one; readers see it once it is published."""

    def act(session: Session) -> SaveResult:
        note = why.note if why else ""
        return restore_text(session, article_id, language, number, writer.actor, note=note)

    return _saved(app.change(within_scope(writer, Pool.article, article_id, act)))


@router.put("/{language}", response_model=TextSavedOut)
def put_text(
    app: App, writer: Writer, article_id: PathKey, language: PathLanguage, given: TextIn
) -> TextSavedOut:
    """Save the text of one language; readers see it once it is published.

    When somebody saved another revision since `base_number`, nothing is written: the 409 holds
    in its `details` both texts (`yours`, `saved`), what they came from (`base`) and a proposal
    that merges them (`merged`, with `conflicts` left to solve).
    """
    render_html(given.body)  # what no page could show is refused now, not when somebody reads
    text = given.to_input(language)

    number = 0

    def act(session: Session) -> SaveResult:
        nonlocal number
        base, source = given.base_number, given.source_number
        saved = save_text(
            session, article_id, text, writer.actor, base_number=base, source_number=source
        )
        number = latest_number(session, article_id, language)  # under the article's lock
        return saved

    saved = app.change(within_scope(writer, Pool.article, article_id, act))
    return TextSavedOut(id=saved.id, status=str(saved.status), version=saved.version, number=number)


def _saved(saved: SaveResult) -> SavedOut:
    return SavedOut(id=saved.id, status=str(saved.status), version=saved.version)
