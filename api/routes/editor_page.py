"""The editing screen: one language of an article, begun or there already."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import StringConstraints
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.auth.rules import allow
from api.deps import App, PathKey, ReadSession
from api.moved import lead_editor_on
from api.schemas.common import KEY, LANGUAGE, MAX_BODY, Input, Language, Text
from api.state import Services
from api.ui import render
from api.ui.marks import draft_html
from kb.domain import ArticleState, Governance, Permission, Principal
from kb.errors import NotFound
from kb.queries.edits import EditText
from kb.queries.languages import LanguageStatus
from kb.queries.redirects import moved_to_any
from kb.queries.writing import Writing, load_begun, load_choices, load_writing

router = APIRouter(include_in_schema=False, prefix="/editor")
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
PathLanguage = Annotated[str, Path(pattern=LANGUAGE, max_length=35)]
DraftKey = Annotated[str | None, Query(pattern=KEY, max_length=120)]
OneLanguage = Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)]
MODULES = (
    "api.js", "checks.js", "compare.js", "copies.js", "fields.js", "images.js", "keeper.js",
    "keys.js", "life.js", "links.js", "meanwhile.js", "moved.js", "panes.js", "preview.js",
    "proposal.js", "typing.js", "words.js",
)  # fmt: skip


class PreviewIn(Input):
    """A text as it stands on the screen."""

    language: Language
    title: Annotated[Text, StringConstraints(max_length=1000)] = ""
    summary: Annotated[Text, StringConstraints(max_length=10_000)] = ""
    body: Annotated[Text, StringConstraints(max_length=MAX_BODY)] = ""


@router.get("/articles/new")
def new_page(
    request: Request,
    app: App,
    session: ReadSession,
    writer: Writer,
    lang: OneLanguage = None,
    draft: DraftKey = None,
) -> HTMLResponse:
    """A new article; its key is made of its title when it is saved. `draft`: what it is kept as
    until then."""
    language = lang or render.ui_language(request)
    if lang is None and language not in app.settings.languages:
        language = app.settings.default_language
    begun = None
    if draft is not None:
        with suppress(NotFound):
            begun = load_begun(session, draft, language, writer)
    return _begun_page(request, app, writer, language, begun)


@router.get("/articles/{article_id}/{language}")
def editor_page(
    request: Request,
    app: App,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    language: PathLanguage,
    merged: DraftKey = None,
) -> Response:
    """One language of an article, or a text of one's own that no article has come of yet.

    `merged`: the key by which one came, of an article that went into this one.
    """
    target = moved_to_any(session, article_id, reader.scope)
    try:
        writing = load_writing(session, article_id, language, reader)
    except NotFound:
        if target is not None:
            return lead_editor_on(request, target)
        begun = load_begun(session, article_id, language, reader)
        return _begun_page(request, app, reader, language, begun)
    if target is not None and writing.edit is None:
        return lead_editor_on(request, target, merged=article_id)
    values = _values(app, reader, writing, language)
    into = moved_to_any(session, merged, reader.scope) if merged else None
    values |= {"merged": merged if into == article_id else None, "moved_to": target}
    return render.page(request, "editor.html", values)


@router.get("/articles/{article_id}/{language}/life")
def life_part(
    request: Request,
    app: App,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    language: PathLanguage,
) -> HTMLResponse:
    """State, reviews and plans alone, for the page's script, once something was done."""
    writing = load_writing(session, article_id, language, reader)
    return render.page(request, "editor_life.html", _values(app, reader, writing, language))


@router.post("/preview")
def post_preview(request: Request, _reader: Reader, given: PreviewIn) -> HTMLResponse:
    """A text as readers will see it. Raises what saving it would."""
    text = {"title": given.title, "summary": given.summary, "language": given.language}
    values = {"text": text, "body": draft_html(given.body, given.language)}
    return render.page(request, "editor_preview.html", values)


@router.get("/choices")
def choices(session: ReadSession, writer: Writer) -> JSONResponse:
    """Tags and facets in use, for the pickers."""
    found = load_choices(session, writer.scope)
    return JSONResponse({"tags": found.tags, "facets": found.facets})


def _begun_page(
    request: Request, app: Services, who: Principal, language: str, begun: EditText | None
) -> HTMLResponse:
    values = _common(app, who, language) | {
        "writing": None,
        "text": _typed(begun) or _EMPTY,
        "article_id": "" if begun is None else begun.line.article_id,
        "tabs": [],
        "state": "new",
        "start": _start(app, who, language, None, begun),
    }
    return render.page(request, "editor.html", values)


def _values(app: Services, who: Principal, writing: Writing, language: str) -> dict[str, Any]:
    article, text = writing.article, writing.text
    is_strict = article.governance == Governance.compliance
    return _common(app, who, language) | {
        "writing": writing,
        "text": _typed(writing.edit) or text or _EMPTY,
        "article_id": article.id,
        "tabs": _tabs(app, writing, language),
        "state": str(article.state),
        "comments_language": language,
        "comments_number": "" if text is None else text.number,
        "needs_second": is_strict and who.actor in writing.writers,
        "by_machine": writing.edit is not None and writing.edit.line.machine_model is not None,
        "may_propose": _may_propose(app, who, writing, language),
        "start": _start(app, who, language, writing, writing.edit),
    }


def _may_propose(app: Services, who: Principal, writing: Writing, language: str) -> bool:
    """Whether a machine may be asked for a translation that nobody has begun."""
    is_missing = writing.text is None and writing.edit is None
    is_open = writing.article.state != ArticleState.archived and who.may(Permission.write_articles)
    is_other = language != writing.article.original_language
    return app.engine.generator is not None and is_missing and is_open and is_other


_EMPTY = {"title": "", "summary": "", "keywords": (), "body": ""}


def _typed(edit: EditText | None) -> dict[str, Any] | None:
    """What somebody has typed and not saved, as a text."""
    if edit is None:
        return None
    return {
        "title": edit.line.title,
        "summary": edit.summary,
        "keywords": edit.keywords,
        "body": edit.body,
    }


def _common(app: Services, who: Principal, language: str) -> dict[str, Any]:
    return {
        "language": language,
        "languages": app.settings.languages,
        "me": who,
        "may": {permission.name: who.may(permission) for permission in Permission},
        "may_edit": who.may(Permission.write_articles),
        "modules": MODULES,
        "by_machine": False,
        "may_propose": False,
        "merged": None,
        "moved_to": None,
        "has_comments": "comments.html" in render.environment("en").list_templates(),
    }


def _tabs(app: Services, writing: Writing, language: str) -> list[dict[str, Any]]:
    """Languages of the article, its original first, then those it could have."""
    there = [text.language for text in writing.article.translations]
    wanted = dict.fromkeys([*there, *app.settings.languages, language])
    return [
        {
            "language": code,
            "status": str(writing.statuses.get(code, LanguageStatus.missing)),
            "unpublished": code in writing.unpublished
            and writing.article.state == ArticleState.published,
        }
        for code in wanted
    ]


def _start(
    app: Services, who: Principal, language: str, writing: Writing | None, edit: EditText | None
) -> dict[str, Any]:
    """What the script begins with, beside the text in the fields."""
    article = None if writing is None else writing.article
    text = None if writing is None else writing.text
    return {
        "article": "" if article is None else article.id,
        "typed_as": "" if edit is None else edit.line.article_id,
        "language": language,
        "person": who.actor,
        "version": 0 if article is None else article.version,
        "number": 0 if text is None else text.number,
        "base": (0 if text is None else text.number) if edit is None else edit.line.base_number,
        "sequence": 0 if edit is None else edit.line.sequence,
        "saved": None if text is None else _plain(text),
        "fields": _fields(article),
        "source": None if writing is None else _source(writing, language),
        "may_edit": who.may(Permission.write_articles),
        "may_check": who.may(Permission.contribute),
        "languages": list(app.settings.languages),
    }


def _plain(text: Any) -> dict[str, Any]:
    names = ("title", "summary", "body")
    return {name: getattr(text, name) for name in names} | {"keywords": list(text.keywords)}


def _fields(article: Any) -> dict[str, Any]:
    if article is None:
        return {
            "audience": "internal", "governance": "experience", "tags": [], "facets": {},
            "owner": None, "valid_from": None, "valid_until": None, "review_by": None,
        }  # fmt: skip
    times = {
        name: value.isoformat() if (value := getattr(article, name)) is not None else None
        for name in ("valid_from", "valid_until", "review_by")
    }
    return times | {
        "audience": str(article.audience),
        "governance": str(article.governance),
        "tags": list(article.tags),
        "facets": article.facets,
        "owner": article.owner,
    }


def _source(writing: Writing, language: str) -> dict[str, Any] | None:
    """What a translation is made from; None for the original."""
    if language == writing.article.original_language:
        return None
    original = writing.original
    return {
        "language": original.language,
        "number": original.number,
        "made_from": writing.source_number,
        "title": original.title,
        "summary": original.summary,
        "body": original.body,
    }
