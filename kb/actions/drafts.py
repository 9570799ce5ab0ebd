"""Drafts made from cases: the article and its links to the cases, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.cases import cite_article
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import Article, ArticleState, Redirect, Trust
from kb.errors import Conflict, InvalidInput
from kb.text.slug import slug

MOST_CASES = 20
MOST_TRIES = 1000


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
    key = _free_key(session, given)
    fields = replace(given.fields, trust=Trust.not_validated)
    article = ArticleInput(key, [given.text], fields, ArticleState.draft)
    saved = save_article(session, article, actor)
    if saved.status != SaveStatus.created:
        raise Conflict(f"There is an article {key} already: give the draft another key.")
    for case_id in sorted(cases):  # in one order, so that two drafts never wait for each other
        cite_article(session, case_id, key, actor)
    audit.record(session, actor, "create_draft", "article", key, version=saved.version, cases=cases)
    return saved


def _free_key(session: Session, given: DraftInput) -> str:
    """The id given, unless it is taken; else the first free one of the title's. Locks it."""
    if given.id is not None:
        advisory_lock(session, f"article:{given.id}")
        if _taken(session, given.id):
            raise Conflict(f"There is an article {given.id} already: open it, or give another key.")
        return given.id
    base = slug(given.text.title)
    for number in range(1, MOST_TRIES):
        key = base if number == 1 else f"{base}-{number}"
        advisory_lock(session, f"article:{key}")
        if not _taken(session, key):
            return key
    raise Conflict(f"There are too many articles named {base}: give the draft a key.")


def _taken(session: Session, key: str) -> bool:
    """By an article, or by one that was there and leads elsewhere now."""
    articles = select(col(Article.id)).where(col(Article.id) == key)
    moved = select(col(Redirect.old_id)).where(col(Redirect.old_id) == key)
    return session.scalars(articles.union(moved)).first() is not None
