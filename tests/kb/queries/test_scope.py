"""Out of scope is as good as not there, whoever asks and for whatever."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from kb.domain import Audience, Facets, utc_now
from kb.errors import NotFound
from kb.queries.articles import get_article_view, load_article
from kb.queries.cases import get_case_view
from kb.queries.contents import list_contents
from kb.queries.passages import visible_documents
from tests.kb.builders import indexed_article, indexed_case

FACETS: Facets = {"product": ["locker", "box"], "country": ["SI"]}
SEES: list[Facets] = [
    {},
    {"product": ["box"]},
    {"product": ["pallet", "locker"], "country": ["SI", "PL"]},
    {"channel": ["chat"]},
]
SEES_NOT: list[Facets] = [
    {"product": ["pallet"]},
    {"product": ["box"], "country": ["PL"]},
    {"product": []},
]


def article_view(session: Session, scope: Facets | None) -> str:
    return get_article_view(session, "scoped", Audience.internal, scope=scope).id


def latest_view(session: Session, scope: Facets | None) -> str:
    return load_article(session, "scoped", scope).id


def case_view(session: Session, scope: Facets | None) -> str:
    return get_case_view(session, "scoped-case", scope).id


@pytest.fixture
def filled(session: Session) -> Session:
    indexed_article(session, "scoped", facets=FACETS)
    indexed_article(session, "open", facets={})
    indexed_case(session, "scoped-case", facets=FACETS)
    return session


@pytest.mark.parametrize("view", [article_view, latest_view, case_view])
def test_a_view_is_there_in_scope_only(
    filled: Session, view: Callable[[Session, Facets | None], str]
) -> None:
    assert view(filled, None).startswith("scoped")
    for scope in SEES:
        assert view(filled, scope).startswith("scoped")
    messages = set()
    for scope in SEES_NOT:
        with pytest.raises(NotFound) as hidden:
            view(filled, scope)
        messages.add(hidden.value.message)
    assert len(messages) == 1  # the same as for what was never there


def test_contents_list_what_is_in_scope(filled: Session) -> None:
    def keys(scope: Facets) -> list[str]:
        return [entry.id for entry in list_contents(filled, Audience.internal, "en", scope=scope)]

    for scope in SEES:
        assert keys(scope) == ["open", "scoped"]
    for scope in SEES_NOT:
        assert keys(scope) == ["open"]


def test_documents_are_seen_in_scope_only(filled: Session) -> None:
    asked = [("article", "scoped"), ("article", "open"), ("case", "scoped-case"), ("case", "gone")]

    def seen(scope: Facets, reader: Audience = Audience.internal) -> set[tuple[str, str]]:
        return visible_documents(filled, asked, reader, scope, utc_now())

    for scope in SEES:
        assert seen(scope) == set(asked[:3])
        assert seen(scope, Audience.public) == set(asked[:2])
    for scope in SEES_NOT:
        assert seen(scope) == {("article", "open")}
