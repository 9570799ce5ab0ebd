"""Drafts made from cases: the article and its links to the cases, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kb.actions import audit
from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.article_keys import free_key
from kb.actions.articles import save_article
from kb.actions.cases import cite_article
from kb.actions.saved import SaveResult, SaveStatus
from kb.domain import ArticleState, Trust
from kb.errors import Conflict, InvalidInput

MOST_CASES = 20


@dataclass(frozen=True, slots=True)
class DraftInput:
    """An article to be written from cases. Without `id` its title makes one."""

    cases: Sequence[str]
    text: TranslationInput
    fields: ArticleFields
    id: str | None = None


def create_draft(session: Session, given: DraftInput, actor: str) -> SaveResult:
    """A new article, never published and never trusted, which its cases cite from now on.

    Raises NotFound for an unknown case, Conflict when there is an article with this id,
    InvalidInput without a case or on fields that cannot be.
    """
    cases = list(dict.fromkeys(given.cases))
    if not 0 < len(cases) <= MOST_CASES:
        raise InvalidInput(f"Give one to {MOST_CASES} cases that the draft is made from.")
    key = free_key(session, given.id, given.text.title)
    fields = replace(given.fields, trust=Trust.not_validated)
    article = ArticleInput(key, [given.text], fields, ArticleState.draft)
    saved = save_article(session, article, actor)
    if saved.status != SaveStatus.created:
        raise Conflict(f"There is an article {key} already: give the draft another key.")
    for case_id in sorted(cases):  # in one order, so that two drafts never wait for each other
        cite_article(session, case_id, key, actor)
    audit.record(session, actor, "create_draft", "article", key, version=saved.version, cases=cases)
    return saved
