"""Articles by language: the board, what changed in an original, proposals of a machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.common import LANGUAGE, SavedOut
from api.schemas.revisions import (
    BoardOut,
    BoardRowOut,
    ConfirmIn,
    EditOut,
    SourceChangeOut,
    edit_out,
)
from api.state import Services
from kb.actions.edits import EditInput, keep_edit
from kb.actions.languages import confirm_translation
from kb.actions.saved import SaveResult
from kb.assist.translate import ProposedText, propose_translation
from kb.domain import Permission, Pool, Principal
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.articles import ArticleView, load_article
from kb.queries.edits import load_edit
from kb.queries.languages import BoardFilters, LanguageStatus, load_board, load_source_change
from kb.queries.paging import Paging
from kb.queries.revisions import check_article

router = APIRouter(prefix="/api/v1", tags=["languages"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
PathLanguage = Annotated[str, Path(pattern=LANGUAGE, max_length=35)]
OneLanguage = Annotated[str, Query(pattern=LANGUAGE, max_length=35)]


@router.get("/board", response_model=BoardOut)
def get_board(
    app: App,
    session: ReadSession,
    reader: Reader,
    language: Annotated[list[OneLanguage] | None, Query(max_length=40)] = None,
    status: LanguageStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> BoardOut:
    """Articles x languages: what is missing, outdated or unchecked; with `status` only those."""
    languages = list(dict.fromkeys(language or app.settings.languages))
    wanted, paging = BoardFilters(status), Paging(offset, limit)
    board = load_board(session, languages, wanted, scope=reader.scope, paging=paging)
    rows = [BoardRowOut.model_validate(x, from_attributes=True) for x in board.page.items]
    counts = {x: {str(k): n for k, n in found.items()} for x, found in board.counts.items()}
    total = board.page.total
    return BoardOut(articles=rows, counts=counts, total=total, offset=offset, limit=limit)


@router.get("/articles/{article_id}/translations/{language}/source", response_model=SourceChangeOut)
def get_source(
    session: ReadSession, reader: Reader, article_id: PathKey, language: PathLanguage
) -> SourceChangeOut:
    """What changed in the original since this translation was made, beside the translation."""
    check_article(session, article_id, reader.scope)
    found = load_source_change(session, article_id, language)
    return SourceChangeOut.model_validate(found, from_attributes=True)


@router.post("/articles/{article_id}/translations/{language}/confirm", response_model=SavedOut)
def post_confirm(
    app: App, writer: Writer, article_id: PathKey, language: PathLanguage, given: ConfirmIn
) -> SavedOut:
    """The translation is right as it is, although its original changed or a machine proposed it."""

    def act(session: Session) -> SaveResult:
        number, note = given.number, given.note
        return confirm_translation(
            session, article_id, language, writer.actor, number=number, note=note
        )

    saved = app.change(within_scope(writer, Pool.article, article_id, act))
    return SavedOut(id=saved.id, status=str(saved.status), version=saved.version)


@router.post("/articles/{article_id}/translations/{language}/proposal", response_model=EditOut)
def post_proposal(app: App, writer: Writer, article_id: PathKey, language: PathLanguage) -> EditOut:
    """Let the configured language model propose a translation, for you to correct and save.

    It is kept as your text in the making and marked. Once saved it stays out of readers' sight
    until somebody has confirmed it. Without a model, and when you have begun a text: 409.
    """
    with app.readers() as session:
        view = load_article(session, article_id, writer.scope)
    _check_free(app, writer, view, language)
    original = view.translations[0]
    assert app.engine.generator is not None
    text = propose_translation(
        app.engine.generator,
        ProposedText(original.title, original.summary, original.body),
        original.language,
        language,
    )
    there = view.translation(language)
    given = EditInput(
        article_id,
        language,
        text.title,
        text.summary,
        original.keywords,
        text.body,
        base_number=0 if there is None else there.number,
    )
    model = app.settings.generator_model or "default"

    def act(session: Session) -> EditOut:
        keep_edit(session, given, writer.actor, machine_model=model)
        return edit_out(load_edit(session, article_id, language, writer.actor))

    return app.change(act)


def _check_free(app: Services, writer: Principal, view: ArticleView, language: str) -> None:
    if language == view.original_language:
        raise InvalidInput(f"{language} is the original of {view.id}: choose another language.")
    if app.engine.generator is None:
        raise Conflict(
            "No language model is configured: translate by hand, or set POTICA_GENERATOR_URL."
        )
    with app.readers() as session:
        try:
            load_edit(session, view.id, language, writer.actor)
        except NotFound:
            return
    raise Conflict("You have begun this translation: save or discard it first.")
