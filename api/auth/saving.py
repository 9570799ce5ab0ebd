"""What a save asks for: a save can publish, put away or open an article without saying so."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from api.auth.rules import require
from kb.actions.article_input import ArticleInput
from kb.actions.cases import CaseInput
from kb.actions.saved import SaveResult
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleState,
    Case,
    CaseState,
    Facets,
    Permission,
    Pool,
    Principal,
    Trust,
    in_scope,
)
from kb.errors import Forbidden, NotFound

SHOWN = ("audience", "valid_from", "valid_until", "governance", "facets")
"""Fields that change, with the commit, who sees a published article."""


def check_article_save(session: Session, principal: Principal, given: ArticleInput) -> None:
    """Raises Forbidden unless the principal may do all that saving `given` does now.

    Call it in the transaction of the save: it takes the article's lock.
    """
    advisory_lock(session, f"article:{given.id}")
    row = session.get(Article, given.id, populate_existing=True)
    for permission in _needed(row, given):
        require(principal, permission)


def check_case_save(principal: Principal, given: CaseInput) -> None:
    """Raises Forbidden unless the principal may put a case into the state given."""
    if given.state == CaseState.archived:
        require(principal, Permission.archive_cases)


def check_within(principal: Principal, facets: Facets) -> None:
    """Raises Forbidden when something new with these facets were out of the principal's sight."""
    if not in_scope(facets, principal.scope):
        raise Forbidden("You could not see this any more: keep to the facets of your scope.")


def within_scope(
    principal: Principal, pool: Pool, key: str, action: Callable[[Session], SaveResult]
) -> Callable[[Session], SaveResult]:
    """The action, for documents that the principal may see, before and after.

    Raises NotFound for what is out of scope, Forbidden when it would be afterwards.
    """

    def guarded(session: Session) -> SaveResult:
        if not principal.scope:
            return action(session)
        if not in_scope(_facets(session, pool, key), principal.scope):
            raise NotFound(f"There is no {pool} {key[:120]!r}: look it up by its key.")
        saved = action(session)
        if not in_scope(_facets(session, pool, key), principal.scope):
            raise Forbidden("You could not see this any more: keep to the facets of your scope.")
        return saved

    return guarded


def _facets(session: Session, pool: Pool, key: str) -> Facets:
    """Those of the document; none when it is not there."""
    row: Article | Case | None
    if pool == Pool.article:
        row = session.get(Article, key, populate_existing=True)
    else:
        row = session.get(Case, key, populate_existing=True)
    return {} if row is None else row.facets


def _needed(row: Article | None, given: ArticleInput) -> list[Permission]:
    needed = [Permission.write_articles]
    published = row is not None and row.state == ArticleState.published
    if given.state == ArticleState.published or (published and _shows_more(row, given)):
        needed.append(Permission.publish_articles)
    if published and given.state not in (None, ArticleState.published):
        needed.append(Permission.archive_articles)  # readers lose it
    elif given.state == ArticleState.archived or (
        row is not None and row.state == ArticleState.archived and given.state is not None
    ):
        needed.append(Permission.archive_articles)
    if _trusts(row, given):
        needed.append(Permission.review_articles)
    return needed


def _shows_more(row: Article | None, given: ArticleInput) -> bool:
    if row is None or given.fields is None:
        return False
    return any(_plain(getattr(given.fields, name)) != getattr(row, name) for name in SHOWN)


def _plain(value: object) -> object:
    """Facets as the table holds them."""
    if isinstance(value, dict):
        return {name: list(values) for name, values in value.items()}
    return value


def _trusts(row: Article | None, given: ArticleInput) -> bool:
    if given.fields is None:
        return False
    before = Trust.not_validated if row is None else row.trust
    return given.fields.trust != before
