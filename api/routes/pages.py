"""Pages for people: home, /try, articles to read, cases for agents, the API in words."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api.auth.rules import Everyone, allow, read_as
from api.deps import App, PathKey, ReadSession
from api.moved import lead_on
from api.routes.cases import read_case
from api.schemas.articles import article_out
from api.schemas.common import LANGUAGE
from api.schemas.suggest import SuggestOut, suggest_out
from api.ui import render
from api.ui.apipage import describe
from api.ui.examples import EXAMPLES
from api.ui.marks import article_html
from kb.actions.checks import check_text
from kb.assist.types import Message, SuggestRequest
from kb.domain import Audience, Permission, Principal
from kb.errors import NotFound
from kb.queries.articles import get_article_view
from kb.queries.contents import list_contents
from kb.queries.redirects import moved_to

router = APIRouter(include_in_schema=False)
Asker = Annotated[Principal, allow(Permission.ask)]
Reader = Annotated[Principal, allow(Permission.read_articles)]
CaseReader = Annotated[Principal, allow(Permission.read_cases)]
MAX_QUESTION = 4000  # characters
Asked = Annotated[str, Query(max_length=MAX_QUESTION)]
Language = Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)]
HelpCenterPart = Annotated[str, Path(max_length=500)]
LOCALE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
READERS = {"customer": Audience.customer, "agent": Audience.internal}


@router.get("/")
def home(request: Request, app: App, session: ReadSession, _everyone: Everyone) -> HTMLResponse:
    """What this is and where to go."""
    counts = {
        language: len(list_contents(session, Audience.public, language))
        for language in app.settings.languages
    }
    return render.page(request, "home.html", {"counts": counts})


@router.get("/try")
def try_page(
    request: Request, app: App, reader: Asker, q: Asked = "", who: str = ""
) -> HTMLResponse:
    """One box; with a question the answers below it, so that it works without JavaScript."""
    who = _who(reader, who)
    values = {
        "examples": EXAMPLES[render.ui_language(request)],
        "question": q,
        "who": who,
        "may_be_agent": Permission.read_internal_articles in reader.permissions,
        "result": _suggest(app, reader, q, who) if q.strip() else None,
        "max_question": MAX_QUESTION,
    }
    return render.page(request, "try.html", values)


@router.get("/try/answers")
def try_answers(
    request: Request, app: App, reader: Asker, q: Asked = "", who: str = ""
) -> HTMLResponse:
    """The answers alone, for the page's script."""
    who = _who(reader, who)
    values = {"result": _suggest(app, reader, q, who), "question": q, "who": who}
    return render.page(request, "answers.html", values)


@router.get("/articles")
def articles_page(
    request: Request,
    app: App,
    session: ReadSession,
    _reader: Reader,
    lang: Language = None,
) -> HTMLResponse:
    """What can be read, a language at a time."""
    language = lang or render.ui_language(request)
    if language not in app.settings.languages:
        language = app.settings.default_language
    entries = list_contents(session, Audience.public, language)
    topics: dict[str, list[object]] = {}
    for entry in sorted(entries, key=lambda entry: entry.title.casefold()):
        topic = next(iter(entry.facets.get("topic", [])), "")
        topics.setdefault(topic, []).append(entry)
    values = {
        "language": language,
        "languages": app.settings.languages,
        "topics": dict(sorted(topics.items())),
        "total": len(entries),
    }
    return render.page(request, "articles.html", values)


@router.get("/a/{article_id}")
def article_page(
    request: Request,
    app: App,
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    lang: Language = None,
    audience: Audience = Audience.public,
) -> Response:
    """An article to read, in the language asked for or else in its original one."""
    as_whom = read_as(reader, audience)
    try:
        view = get_article_view(session, article_id, as_whom, scope=reader.scope)
    except NotFound:
        return lead_on(request, moved_to(session, article_id, as_whom, scope=reader.scope))
    article = article_out(view, app.settings.resolved_public_url)
    wanted = lang or render.ui_language(request)
    shown = next((t for t in article.translations if t.language == wanted), None)
    text = shown or article.translations[0]
    values = {
        "article": article,
        "text": text,
        "body": article_html(text.body, text.language),
        "wanted": wanted,
        "audience": str(audience),
    }
    return render.page(request, "article.html", values)


@router.get("/hc/articles/{number}")
@router.get("/hc/{locale}/articles/{number}")
def help_center_page(
    request: Request,
    session: ReadSession,
    reader: Reader,
    number: HelpCenterPart,
    audience: Audience = Audience.public,
) -> Response:
    """An address of the Help Center that articles came from: 301 to the article's page.

    As with `/a/{number}`, an article that one may not see is one that never was.
    """
    old_key, as_whom = number.partition("-")[0], read_as(reader, audience)
    if not (old_key.isascii() and old_key.isdecimal()):
        raise NotFound("There is no article under this address.")
    key = moved_to(session, old_key, as_whom, scope=reader.scope)
    if key is None:
        key = get_article_view(session, old_key, as_whom, scope=reader.scope).id
    locale = str(request.path_params.get("locale", ""))
    asked = {"lang": locale.partition("-")[0].lower()} if re.fullmatch(LOCALE, locale) else {}
    if audience != Audience.public:
        asked["audience"] = str(audience)
    return RedirectResponse(f"/a/{key}?{urlencode(asked)}" if asked else f"/a/{key}", 301)


@router.get("/c/{case_id}")
def case_page(
    request: Request,
    app: App,
    session: ReadSession,
    reader: CaseReader,
    case_id: PathKey,
    raw: bool = False,
) -> HTMLResponse:
    """A case to read, for agents; raw for those who may, noted in the audit."""
    case = read_case(app, session, reader, case_id, raw)
    values = {
        "case": case,
        "may_read_raw": reader.may(Permission.read_raw_cases),
        "may_correct": reader.may(Permission.correct_redaction),
        "may_draft": case.resolution.strip() != "" and reader.may(Permission.contribute),
    }
    return render.page(request, "case.html", values)


@router.get("/openapi.json")
def openapi(request: Request, _everyone: Everyone) -> JSONResponse:
    """The API for programs."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def api_page(request: Request, _everyone: Everyone) -> HTMLResponse:
    """The API in words, made from the same description as /openapi.json."""
    return render.page(request, "docs.html", {"groups": describe(request.app.openapi())})


def _who(reader: Principal, who: str) -> str:
    """As whom to read: as asked for, else as the most one may be."""
    may_be_agent = Permission.read_internal_articles in reader.permissions
    return who if who in READERS else "agent" if may_be_agent else "customer"


def _suggest(app: App, reader: Principal, question: str, who: str) -> SuggestOut:
    check_text(question, "q")
    wanted = READERS[who]
    if wanted == Audience.customer and reader.widest == Audience.public:
        wanted = Audience.public  # a stranger asks as a customer, too
    audience = read_as(reader, wanted)
    request = SuggestRequest(
        (Message("customer", question),),
        reader=audience,
        scope=reader.scope,
        with_cases=reader.may(Permission.read_cases),
        is_typed=True,
    )
    return suggest_out(app.engine.suggest(request), app.settings.resolved_public_url)
