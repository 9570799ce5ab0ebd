"""The sidebar: its page, and a passage in its context. All else it asks of the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from api.auth.embed import embed_values
from api.auth.rules import Everyone, allow, read_as
from api.deps import App, PathKey, ReadSession
from api.moved import lead_on
from api.schemas.articles import ArticleOut, TranslationOut, article_out
from api.schemas.cases import case_out
from api.schemas.common import LANGUAGE
from api.ui import render
from api.ui.marks import article_html
from kb.domain import Permission, Principal
from kb.errors import NotFound
from kb.queries.articles import get_article_view
from kb.queries.cases import get_case_view
from kb.queries.redirects import moved_to

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, allow(Permission.read_articles)]
CaseReader = Annotated[Principal, allow(Permission.read_cases)]
Language = Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)]
Place = Annotated[int, Query(ge=0, le=1_000_000)]
_PICTURE = re.compile(r'(<img(?:\s[\w-]+="[^"]*")*?)\ssrc=(?="/images/)')
MODULES = Path(__file__).parents[1] / "ui" / "static" / "embed"


@router.get("/embed")
def embed_page(request: Request, app: App, visitor: Everyone) -> HTMLResponse:
    """The sidebar; empty until the page around it tells of a conversation."""
    return sidebar(request, app, visitor)


def sidebar(
    request: Request, app: App, visitor: Principal, token: str | None = None
) -> HTMLResponse:
    """The sidebar's page; `token` is one that the host's signed request has earned."""
    values = {
        "served": embed_values(request, app, visitor, token),
        "modules": _modules(),
    }
    return render.page(request, "embed.html", values)


@router.get("/embed/passage/article/{article_id}")
def article_passage(
    request: Request,
    session: ReadSession,
    app: App,
    reader: Reader,
    article_id: PathKey,
    lang: Language = None,
    revision: Place = 0,
    start: Place = 0,
    end: Place = 0,
) -> Response:
    """An article with one passage of it marked, as a piece of a page.

    `start` and `end` are characters of the revision's body; they count for that revision only.
    """
    as_whom = read_as(reader, None)
    try:
        view = get_article_view(session, article_id, as_whom, scope=reader.scope)
    except NotFound:
        return lead_on(request, moved_to(session, article_id, as_whom, scope=reader.scope))
    article = article_out(view, app.settings.resolved_public_url)
    text = _text_in(article, lang)
    span = (start, end) if text.number == revision else (0, 0)
    before, here, after = _cut(text.body, *span)
    values = {
        "case": None,
        "part": "body",
        "article": article,
        "text": text,
        "title": text.title,
        "language": text.language,
        "languages": sorted(found.language for found in article.translations),
        "address": text.permalink,
        "before": _html(before, text.language),
        "here": _html(here, text.language),
        "after": _html(after, text.language),
    }
    return render.page(request, "embed_passage.html", values)


@router.get("/embed/passage/case/{case_id}")
def case_passage(
    request: Request, session: ReadSession, reader: CaseReader, case_id: PathKey, part: str = ""
) -> HTMLResponse:
    """A case with its solution first, as a piece of a page."""
    case = case_out(get_case_view(session, case_id, reader.scope))
    values = {
        "case": case,
        "part": part,
        "title": case.subject or case.id,
        "language": case.language,
        "languages": [case.language],
        "address": f"/c/{case.id}",
    }
    return render.page(request, "embed_passage.html", values)


def _modules() -> list[str]:
    """The scripts that the first one imports, so that a slow line fetches them all at once."""
    found = (path.relative_to(MODULES).as_posix() for path in MODULES.rglob("*.js"))
    return sorted(name for name in found if name != "main.js")


def _text_in(article: ArticleOut, language: str | None) -> TranslationOut:
    fitting = (text for text in article.translations if text.language == language)
    return next(fitting, article.translations[0])


def _cut(body: str, start: int, end: int) -> tuple[str, str, str]:
    """What is before, in and behind the passage, widened to whole lines."""
    if not 0 <= start < end <= len(body):
        return body, "", ""
    first = body.rfind("\n", 0, start) + 1
    last = body.find("\n", end - 1)
    last = len(body) if last < 0 else last
    return body[:first], body[first:last], body[last:]


def _html(text: str, language: str) -> Markup:
    """Its pictures are named, not loaded: the script fetches them with the sidebar's token."""
    if not text.strip():
        return Markup("")
    html = str(article_html(text, language))  # as Markup the marks would be escaped
    named = _PICTURE.sub(r"\1 data-picture=", html)
    return Markup(named)  # article_html has cleaned it
