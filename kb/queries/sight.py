"""Sight: whether somebody sees a document. What is hidden cannot be told from what is not there."""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    Case,
    Facets,
    Interaction,
    Permission,
    Pool,
    Principal,
    in_scope,
    utc_now,
)
from kb.errors import InvalidInput, NotFound
from kb.queries.passages import visible_documents

DOCUMENT = re.compile(r"(article|case):([a-z0-9][a-z0-9._-]{0,119})")


def split_document(document: str) -> tuple[Pool, str]:
    """Pool and key of `article:<id>` or `case:<id>`. Raises InvalidInput."""
    found = DOCUMENT.fullmatch(document)
    if found is None:
        raise InvalidInput(f"{document[:60]!r} names no document: write article:<id> or case:<id>.")
    return Pool(found[1]), found[2]


def check_seen(session: Session, document: str, by: Principal) -> None:
    """Raises NotFound for a document that `by` does not see, InvalidInput for no document's name.

    Articles as readers see them, and for those who read drafts in every state; cases, for those
    who read cases, in every state. Scope always narrows.
    """
    pool, key = split_document(document)
    if pool == Pool.case:
        row = session.get(Case, key) if by.may(Permission.read_cases) else None
        is_seen = row is not None and in_scope(row.facets, by.scope)
    elif by.may(Permission.read_drafts):
        article = session.get(Article, key)
        is_seen = article is not None and in_scope(article.facets, by.scope)
    else:
        found = visible_documents(session, [(pool, key)], by.widest, by.scope, utc_now())
        is_seen = bool(found)
    if not is_seen:
        raise NotFound(f"There is no {pool} {key!r}: look it up by its key.")


def within(session: Session, documents: Collection[str], scope: Facets) -> set[str]:
    """Those of the documents that lie in a scope, whatever their state."""
    if not scope:
        return set(documents)
    by_pool: dict[Pool, list[str]] = {Pool.article: [], Pool.case: []}
    for pool, key in map(split_document, documents):
        by_pool[pool].append(key)
    seen = set()
    for pool, table in ((Pool.article, Article), (Pool.case, Case)):
        columns = select(col(table.id), col(table.facets))
        rows = session.execute(columns.where(col(table.id).in_(by_pool[pool])))
        seen |= {f"{pool}:{key}" for key, facets in rows if in_scope(facets, scope)}
    return seen


def interactions_within(session: Session, ids: Collection[str], scope: Facets) -> set[str]:
    """Those of the interactions that lie in a scope."""
    if not scope:
        return set(ids)
    columns = select(col(Interaction.id), col(Interaction.facets))
    rows = session.execute(columns.where(col(Interaction.id).in_(ids)))
    return {key for key, facets in rows if in_scope(facets, scope)}
