"""An article's past, and a translation beside the original that moved on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.auth.rules import allow
from api.deps import App, PathKey, ReadSession
from api.moved import lead_editor_on
from api.schemas.common import LANGUAGE
from api.ui import render
from kb.domain import ArticleState, Permission, Principal
from kb.errors import NotFound
from kb.queries.articles import ArticleView, load_article
from kb.queries.languages import load_source_change
from kb.queries.life import list_changes, list_schedules
from kb.queries.paging import Page, Paging
from kb.queries.redirects import list_redirects, moved_to_any
from kb.queries.revisions import (
    RevisionDiff,
    RevisionLine,
    compare_revisions,
    list_revisions,
    read_revision,
)
from kb.text.diff import Block

router = APIRouter(include_in_schema=False, prefix="/editor/articles/{article_id}")
Reader = Annotated[Principal, allow(Permission.read_drafts)]
PathLanguage = Annotated[str, Path(pattern=LANGUAGE, max_length=35)]
Language = Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
View = Annotated[Literal["side", "inline"], Query()]
SHOWN = 30  # revisions or steps on a page


@router.get("/history")
def history_page(
    request: Request,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    lang: Language = None,
    old: Number = None,
    new: Number = None,
    view: View = "side",
    offset: Offset = 0,
    steps: Offset = 0,
) -> Response:
    """Every revision of one language, what changed between two, and the steps of life."""
    target = moved_to_any(session, article_id, reader.scope)
    try:
        article = load_article(session, article_id, reader.scope)
    except NotFound:
        if target is None:
            raise
        return lead_editor_on(request, target)
    language = _language(article, lang, render.ui_language(request))
    found = list_revisions(session, article_id, language, Paging(offset, SHOWN))
    values = {
        "article": article,
        "article_id": article_id,
        "moved_to": target,
        "text": article.translation(language),
        "revisions": found,
        "offset": offset,
        "steps_offset": steps,
        "shown": SHOWN,
        "steps": list_changes(session, article_id, Paging(steps, SHOWN)),
        "plans": [p for p in list_schedules(session, article_id) if p.state == "waiting"],
        "redirects": list_redirects(session, article_id=article_id, scope=reader.scope).items,
        "diff": _diff(session, article_id, language, found, old, new),
        "view": view,
        "runs": _runs,
        "may": _may(reader, article),
    }
    return render.page(request, "history.html", values)


@router.get("/{language}/source")
def source_page(
    request: Request,
    app: App,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    language: PathLanguage,
) -> Response:
    """A translation beside what its original says by now, and what changed in it."""
    target = moved_to_any(session, article_id, reader.scope)
    if target is not None:  # renamed, or put away: the text to compare with is there
        return lead_editor_on(request, target)
    article = load_article(session, article_id, reader.scope)
    change = load_source_change(session, article_id, language)
    text, original = article.translation(language), article.translations[0]
    assert text is not None  # load_source_change has looked
    values = {
        "article": article,
        "article_id": article_id,
        "text": text,
        "original": original,
        "change": change,
        "machine": read_revision(session, article_id, language, text.number).line.machine_model,
        "can_propose": app.engine.generator is not None,
        "may": _may(reader, article),
    }
    return render.page(request, "source.html", values)


def _language(article: ArticleView, wanted: str | None, spoken: str) -> str:
    """As asked for, else the reader's own, else the original: one that there is a text in."""
    for language in (wanted, spoken):
        if language is not None and article.translation(language) is not None:
            return language
    return article.original_language


def _diff(
    session: Session,
    article_id: str,
    language: str,
    found: Page[RevisionLine],
    old: int | None,
    new: int | None,
) -> RevisionDiff | None:
    """The two asked for; without any, the newest beside what readers have, or the one before."""
    if not found.items and new is None:
        return None
    newest = new or found.items[0].number
    shown = next((line.number for line in found.items if line.is_published), None)
    before = old or (shown if shown is not None and shown < newest and not new else newest - 1)
    if before < 1:
        return None
    return compare_revisions(session, article_id, language, before, newest)


def _runs(blocks: Sequence[Block]) -> list[tuple[bool, list[Block]]]:
    """Paragraphs in a row that are all the same in both, or all are not."""
    found = groupby(blocks, key=lambda block: block.kind == "equal")
    return [(is_same, list(run)) for is_same, run in found]


def _may(reader: Principal, article: ArticleView) -> dict[str, bool]:
    archived = article.state == ArticleState.archived
    return {
        "write": reader.may(Permission.write_articles) and not archived,
        "archive": reader.may(Permission.archive_articles),
    }
