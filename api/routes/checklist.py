"""The checklist of an article, computed as one types. Nothing is saved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.auth.rules import allow
from api.deps import App
from api.schemas.checklist import ChecklistIn, ChecklistOut, check_out
from api.schemas.drafts import DuplicateOut, duplicate_out
from api.state import Services
from kb.assist.duplicates import Wanted, find_duplicates
from kb.domain import Permission, Pool, Principal
from kb.queries.cited import CitedReader, cited_articles
from kb.queries.redactions import redaction_rules
from kb.text.checklist import check_article, check_duplicates, linked_keys

router = APIRouter(prefix="/api/v1", tags=["drafts"])
Contributor = Annotated[Principal, allow(Permission.contribute)]


@router.post("/checklist", response_model=ChecklistOut)
def post_checklist(app: App, contributor: Contributor, given: ChecklistIn) -> ChecklistOut:
    """How a text is as an article: title, one problem, solution, reading ease, personal data,
    links, length, and, when asked for, duplicates. Each with why and where."""
    drafts = contributor.may(Permission.read_drafts)
    reader = CitedReader(contributor.widest, contributor.scope, drafts)
    with app.readers() as session:
        keys = linked_keys(given.body)
        links = {one.id for one in cited_articles(session, keys, given.language, reader)}
    patterns = redaction_rules(app.settings).patterns
    checks = check_article(given.to_checked(links), patterns)
    found = _duplicates(app, contributor, given) if given.duplicates else []
    likely = [one.title for one in found if one.likely] if given.duplicates else None
    language = given.messages or given.language
    return ChecklistOut(
        checks=[check_out(check, language) for check in [*checks, check_duplicates(likely)]],
        duplicates=found,
    )


def _duplicates(app: Services, principal: Principal, given: ChecklistIn) -> list[DuplicateOut]:
    if not f"{given.title}{given.body}".strip():
        return []
    wanted = Wanted(
        given.body,
        given.language,
        given.title,
        reader=principal.widest,
        pools=frozenset({Pool.article}),
        scope=principal.scope,
        exclude=frozenset(given.exclude),
    )
    found = find_duplicates(app.engine.searcher, wanted)
    return [duplicate_out(one, app.settings.resolved_public_url) for one in found]
