"""How long the editors' lists are, and what one can narrow them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Article, Facets, in_scope
from kb.queries.editor_lists import EditorFilters, count_matching
from kb.queries.names import names_of

MOST_TAGS = 200


@dataclass(frozen=True, slots=True)
class Choices:
    """What the articles have: owners by name, and tags, the most frequent first."""

    owners: dict[str, str]
    tags: tuple[str, ...]


def count_lists(
    session: Session, lists: Mapping[str, EditorFilters], scope: Facets | None = None
) -> dict[str, int]:
    """How many articles each of the lists finds."""
    return {name: count_matching(session, filters, scope=scope) for name, filters in lists.items()}


def load_choices(session: Session, scope: Facets | None = None) -> Choices:
    """Of articles in every state."""
    owners: set[str] = set()
    tags: dict[str, int] = {}
    columns = select(col(Article.owner), col(Article.tags), col(Article.facets))
    for owner, given, facets in session.execute(columns):
        if not in_scope(facets, scope or {}):
            continue
        if owner:
            owners.add(owner)
        for tag in given:
            tags[tag] = tags.get(tag, 0) + 1
    names = names_of(session, owners)
    called = {owner: names.get(owner, owner) for owner in owners}
    return Choices(
        dict(sorted(called.items(), key=lambda found: found[1].casefold())),
        tuple(sorted(tags, key=lambda tag: (-tags[tag], tag))[:MOST_TAGS]),
    )
