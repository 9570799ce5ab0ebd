"""From a solved case to an article: what is there already, a draft, and its beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow, require
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.common import SavedOut
from api.schemas.drafts import (
    CitedOut,
    DraftAskIn,
    DraftOut,
    DraftSaveIn,
    DuplicateOut,
    DuplicatesIn,
    LinkIn,
    SimilarOut,
    cited_out,
    draft_out,
    duplicate_out,
)
from api.schemas.groups import GroupsOut, groups_out
from api.state import Services
from kb.actions.cases import cite_article
from kb.actions.drafts import create_draft
from kb.actions.saved import SaveResult
from kb.assist.draft_article import draft_from_case, with_links
from kb.assist.draft_cases import load_draft_cases
from kb.assist.draft_generate import worded_draft
from kb.assist.duplicates import Wanted, case_text, find_duplicates
from kb.assist.groups import GroupQuery, propose_groups
from kb.domain import Permission, Pool, Principal, in_scope
from kb.errors import Forbidden, NotFound
from kb.queries.cases import CaseView, get_case_view
from kb.queries.cited import CitedReader, cited_articles
from kb.text.language import detect
from kb.text.markdown import render_html

router = APIRouter(prefix="/api/v1", tags=["drafts"])
Reader = Annotated[Principal, allow(Permission.read_cases)]
Writer = Annotated[Principal, allow(Permission.write_cases)]
Contributor = Annotated[Principal, allow(Permission.contribute)]


@router.post("/cases/{case_id}/draft", response_model=DraftOut)
def post_case_draft(
    app: App, reader: Reader, case_id: PathKey, asked: DraftAskIn | None = None
) -> DraftOut:
    """What an article from this case, and others like it, could say. Nothing is saved.

    With it comes what is there already: improve that, link it, or write a new one. Send it again
    with `redactions` to hide more, or less, of a case.
    """
    asked = asked or DraftAskIn()
    if asked.redactions:
        require(reader, Permission.correct_redaction)
    with app.readers() as session:
        cases = load_draft_cases(
            session, [case_id, *asked.cases], reader.scope, asked.corrections(), reader.actor
        )
    draft, sections = draft_from_case(cases, asked.language)
    keys = {case.view.id for case in cases}
    found = _like(app, reader, cases[0].view, exclude=keys)
    with app.readers() as session:
        cited = _cited(session, reader, draft.articles, draft.language)
    generator = app.engine.generator if asked.generate else None
    if generator is not None:
        draft = worded_draft(draft, sections, cases, generator, app.engine.encoder)
    links = [(one.id, one.title) for one in cited if one.state == "published"]
    return draft_out(with_links(draft, links), cases, found, cited)


@router.post("/drafts", response_model=SavedOut, status_code=201)
def post_draft(app: App, contributor: Contributor, given: DraftSaveIn) -> SavedOut:
    """Begin an article from cases: a draft that they cite from now on."""
    require(contributor, Permission.read_cases)
    render_html(given.body)  # what no page could show is refused now
    if not in_scope(given.facets, contributor.scope):
        raise Forbidden("You could not see this draft: keep to the facets of your scope.")

    def begin(session: Session) -> SaveResult:
        for case_id in given.cases:
            get_case_view(session, case_id, contributor.scope)
        return create_draft(session, given.to_input(), contributor.actor)

    return app.write(Pool.article, begin)


@router.get("/cases/{case_id}/similar", response_model=SimilarOut)
def read_similar(app: App, session: ReadSession, reader: Reader, case_id: PathKey) -> SimilarOut:
    """Articles and other cases about the same problem, in all languages; what the case cites."""
    case = get_case_view(session, case_id, reader.scope)
    cited = _cited(session, reader, case.articles, case.language)
    session.close()  # no session is held while the model runs
    found = _like(app, reader, case, exclude={case_id})
    return SimilarOut(language=case.language, duplicates=found, cited=cited)


@router.post("/duplicates", response_model=SimilarOut)
def post_duplicates(app: App, contributor: Contributor, given: DuplicatesIn) -> SimilarOut:
    """Articles and cases that are about the same problem as a text, in all languages."""
    allowed = app.settings.languages
    whole = f"{given.title}\n{given.text}"
    language = given.language or detect(whole, allowed).language
    wanted = Wanted(
        given.text,
        language,
        given.title,
        reader=contributor.widest,
        pools=_pools(contributor, given.pools),
        languages=None if given.languages is None else frozenset(given.languages),
        scope=contributor.scope,
        exclude=frozenset(given.exclude),
        limit=given.limit,
    )
    url = app.settings.resolved_public_url
    found = find_duplicates(app.engine.searcher, wanted)
    return SimilarOut(language=language, duplicates=[duplicate_out(d, url) for d in found])


@router.post("/cases/{case_id}/link", response_model=SavedOut)
def post_link(app: App, writer: Writer, case_id: PathKey, given: LinkIn) -> SavedOut:
    """Note that an article is about this case's problem, instead of writing another one."""
    with app.readers() as session:
        if not _cited(session, writer, [given.article], ""):
            raise NotFound(f"There is no article {given.article!r}: look it up by its key.")

    def link(session: Session) -> SaveResult:
        return cite_article(session, case_id, given.article, writer.actor)

    return app.write(Pool.case, within_scope(writer, Pool.case, case_id, link))


@router.get("/groups", response_model=GroupsOut)
def read_groups(
    app: App,
    session: ReadSession,
    reader: Reader,
    fewest: Annotated[int, Query(ge=2, le=100, description="cases of a group at least")] = 2,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    answered: Annotated[bool, Query(description="also where an article seems to answer")] = False,
) -> GroupsOut:
    """Solved cases with the same problem that no article is linked with: what is worth writing."""
    wanted = GroupQuery(reader.scope, reader.widest, fewest, limit, answered)
    engine = app.engine
    groups, unlinked = propose_groups(session, engine.searcher, engine.encoder.model_id, wanted)
    return groups_out(groups, unlinked, app.settings.resolved_public_url)


def _like(
    app: Services, reader: Principal, case: CaseView, exclude: set[str]
) -> list[DuplicateOut]:
    title, text = case_text(case)
    wanted = Wanted(
        text,
        case.language,
        title,
        reader=reader.widest,
        pools=_pools(reader, [Pool.article, Pool.case]),
        scope=reader.scope,
        exclude=frozenset(f"case:{key}" for key in exclude),
    )
    found = find_duplicates(app.engine.searcher, wanted)
    return [duplicate_out(d, app.settings.resolved_public_url) for d in found]


def _pools(principal: Principal, wanted: Sequence[Pool]) -> frozenset[Pool]:
    """Cases for those only who may read them."""
    may = principal.may(Permission.read_cases)
    return frozenset(pool for pool in wanted if pool != Pool.case or may) or frozenset(
        {Pool.article}
    )


def _cited(
    session: Session, principal: Principal, keys: Sequence[str], language: str
) -> list[CitedOut]:
    drafts = principal.may(Permission.read_drafts)
    reader = CitedReader(principal.widest, principal.scope, drafts)
    return [cited_out(one) for one in cited_articles(session, keys, language, reader)]
