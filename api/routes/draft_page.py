"""The page on which a solved case becomes an article, beside what is there already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import StringConstraints, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.rules import allow, require
from api.deps import App, PathKey
from api.routes.articles import post_publish
from api.routes.drafts import post_case_draft, post_draft, post_link, read_similar
from api.routes.people.page import read_scope, write_scope
from api.routes.reviews import post_submit
from api.schemas.cases import RedactionIn
from api.schemas.common import KEY, LANGUAGE, Key
from api.schemas.drafts import DraftAskIn, DraftSaveIn, LinkIn
from api.schemas.life import SubmitIn
from api.state import Services
from api.ui import render
from api.ui.draft_form import (
    MOST_CASES,
    DraftForm,
    added_places,
    corrections,
    filled,
    names_typed,
)
from api.ui.draft_view import as_data, case_shown, places_shown
from kb.actions import audit
from kb.assist.draft_cases import load_draft_cases
from kb.domain import Audience, Permission, Principal
from kb.errors import InvalidInput, KbError, NotFound
from kb.queries.cases import get_case_redactions, get_case_view
from kb.queries.cited import CitedReader, cited_articles

router = APIRouter(include_in_schema=False)
Contributor = Annotated[Principal, allow(Permission.contribute)]
With = Annotated[
    list[Annotated[str, StringConstraints(max_length=2500)]], Query(alias="with", max_length=19)
]
Language = Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)]
PATH = "/editor/cases/{case_id}/draft"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which draft somebody wants: of which cases, with which corrections."""

    case_id: str
    others: Sequence[str] = ()
    language: str | None = None
    hidden: Mapping[str, Sequence[RedactionIn]] | None = None
    raw: bool = False


@router.get(PATH)
def draft_page(
    request: Request,
    app: App,
    contributor: Contributor,
    case_id: PathKey,
    others: With = [],  # noqa: B006  # the framework reads it, nobody changes it
    language: Language = None,
    raw: bool = False,
) -> HTMLResponse:
    """What is there already about the case's problem, and a draft to correct."""
    require(contributor, Permission.read_cases)
    if raw:
        require(contributor, Permission.read_raw_cases)
    wanted = Wanted(case_id, _keys(others), language, raw=raw)
    try:
        return _show(request, app, contributor, wanted)
    except InvalidInput:
        return _nothing_to_draft(request, app, contributor, case_id)


@router.post(PATH)
def post_draft_form(
    request: Request,
    app: App,
    contributor: Contributor,
    case_id: PathKey,
    form: Annotated[DraftForm, Form()],
) -> Response:
    """Do what the button says: the draft anew, save it, link an article instead."""
    require(contributor, Permission.read_cases)
    verb, _, about = form.do.partition(":")
    try:
        if verb in ("link", "improve"):
            return _link(app, contributor, case_id, about, verb)
        if verb in ("save", "publish", "submit"):
            return _save(app, contributor, case_id, form, verb)
    except KbError as error:
        return _anew(request, app, contributor, case_id, form, error)
    return _anew(request, app, contributor, case_id, form)


@router.get("/editor/cases/{case_id}/draft/done")
def draft_done_page(
    request: Request,
    app: App,
    contributor: Contributor,
    case_id: PathKey,
    what: str = "",
    article: Annotated[Key | None, Query()] = None,
) -> HTMLResponse:
    """What became of it, for those who do not go on to the editors' pages."""
    require(contributor, Permission.read_cases)
    with app.readers() as session:
        case = get_case_view(session, case_id, contributor.scope)
        drafts = contributor.may(Permission.read_drafts)
        reader = CitedReader(contributor.widest, contributor.scope, drafts)
        found = cited_articles(session, [article] if article else [], case.language, reader)
    values = {"case": case, "what": what, "article": found[0] if found else None}
    return render.page(request, "draft_done.html", values)


def _keys(given: Sequence[str]) -> list[str]:
    """Keys of cases, one by one or with commas between. Raises NotFound, InvalidInput."""
    found = [key for one in given for key in one.split(",") if key]
    for key in found:
        if not re.fullmatch(KEY, key):
            raise NotFound(f"There is no case {key[:120]!r}: look it up by its key.")
    if len(found) >= MOST_CASES:
        raise InvalidInput(f"Write about at most {MOST_CASES} cases at once.")
    return found


def _anew(
    request: Request,
    app: Services,
    who: Principal,
    case_id: str,
    form: DraftForm,
    problem: KbError | None = None,
) -> HTMLResponse:
    """The draft made again from what is corrected; what was typed stays."""
    verb, _, about = form.do.partition(":")
    others = [key for key in form.cases if not (verb == "drop" and key == about)]
    if verb == "add":
        others = list(dict.fromkeys([*others, about]))
    with app.readers() as session:
        stored = [get_case_redactions(session, key, who.scope) for key in [case_id, *others]]
    try:
        added = added_places(stored, form)
        hidden = corrections(stored, form)
    except InvalidInput as error:
        form = form.model_copy(update={"words": ""})
        problem, added, hidden = error, list(form.added), corrections(stored, form)
    form = form.model_copy(update={"added": added, "words": ""})
    wanted = Wanted(case_id, others, form.language, hidden, form.raw)
    return _show(request, app, who, wanted, form, problem)


def _show(
    request: Request,
    app: Services,
    who: Principal,
    wanted: Wanted,
    form: DraftForm | None = None,
    problem: KbError | None = None,
) -> HTMLResponse:
    asked = DraftAskIn(
        cases=list(wanted.others),
        language=wanted.language,
        redactions={key: list(rows) for key, rows in (wanted.hidden or {}).items()},
    )
    draft = post_case_draft(app, who, wanted.case_id, asked)
    with app.readers() as session:
        cases = load_draft_cases(session, draft.cases, who.scope, asked.corrections(), who.actor)
    fields = filled(draft, form, write_scope(draft.facets))
    raw = wanted.raw and who.may(Permission.read_raw_cases)
    if raw:
        with app.engine.session_factory.begin() as writing:
            for key in draft.cases:
                audit.record(writing, who.actor, "read_raw", "case", key)
    values = {
        "case_id": wanted.case_id,
        "draft": draft,
        "fields": fields,
        "masks": as_data(fields.masks),
        "sources": as_data(fields.sources),
        "audience": form.audience if form else Audience.internal,
        "cases": [case_shown(case, raw=raw) for case in cases],
        "rows": places_shown(cases, draft, form),
        "added": form.added if form else [],
        "problem": problem,
        "field": problem.details.get("field", "") if problem else "",
        "is_long": problem is not None and problem.details.get("reason") == "long",
        "raw": raw,
        "raw_address": urlencode([("raw", "true"), *(("with", key) for key in draft.cases[1:])]),
        "may": _may(who),
        "languages": list(dict.fromkeys(case.view.language for case in cases)),
    }
    return render.page(request, "draft.html", values, problem.status if problem else 200)


def _may(who: Principal) -> dict[str, bool]:
    return {
        "correct": who.may(Permission.correct_redaction),
        "raw": who.may(Permission.read_raw_cases),
        "link": who.may(Permission.write_cases),
        "write": who.may(Permission.write_articles) and who.may(Permission.read_drafts),
        "publish": who.may(Permission.publish_articles),
    }


def _save(app: Services, who: Principal, case_id: str, form: DraftForm, verb: str) -> Response:
    """Begin the article; publish it or ask for a review, as the button says."""
    needed = {"publish": Permission.publish_articles, "submit": Permission.write_articles}
    if verb in needed:
        require(who, needed[verb])
    given = _to_save(case_id, form)
    saved = post_draft(app, who, given)
    if verb == "publish":
        post_publish(app, who, saved.id)
    elif verb == "submit":
        post_submit(app, who, saved.id, SubmitIn())
    if who.may(Permission.write_articles) and who.may(Permission.read_drafts):
        return RedirectResponse(f"/editor/articles/{saved.id}/{given.language}?new={verb}", 303)
    done = f"/editor/cases/{case_id}/draft/done?what={verb}&article={saved.id}"
    return RedirectResponse(done, 303)


def _to_save(case_id: str, form: DraftForm) -> DraftSaveIn:
    for name in ("title", "body"):
        if not getattr(form, name).strip():
            raise InvalidInput("A draft needs a title and a text: write both.", field=name)
    if form.language is None:
        raise InvalidInput("Say in which language the draft is.", field="language")
    try:
        return DraftSaveIn(
            cases=[case_id, *form.cases],
            language=form.language,
            title=form.title.strip(),
            body=form.body,
            summary=form.summary.strip(),
            keywords=names_typed(form.keywords, "\n"),
            tags=names_typed(form.tags, ","),
            facets=read_scope(form.facets),
            audience=form.audience,
        )
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise InvalidInput(
            f"This cannot be kept, shorten it: {field}.", field=field, reason="long"
        ) from error


def _link(app: Services, who: Principal, case_id: str, about: str, verb: str) -> Response:
    """An article that is there is about this case's problem; to improve it is the next step."""
    require(who, Permission.write_cases)
    article, _, language = about.partition(":")
    try:
        given = LinkIn(article=article)
    except ValidationError as error:
        raise InvalidInput("Choose one of the articles that were found.") from error
    post_link(app, who, case_id, given)
    if verb == "improve":
        return RedirectResponse(f"/editor/articles/{article}/{language or 'en'}", 303)
    return RedirectResponse(f"/editor/cases/{case_id}/draft/done?what=link&article={article}", 303)


def _nothing_to_draft(
    request: Request, app: Services, who: Principal, case_id: str
) -> HTMLResponse:
    """The case does not say how it was solved; what is there can be linked all the same."""
    with app.readers() as session:
        case = get_case_view(session, case_id, who.scope)
        found = read_similar(app, session, who, case_id)
    values = {"case": case, "found": found, "may": _may(who)}
    return render.page(request, "draft_none.html", values)
