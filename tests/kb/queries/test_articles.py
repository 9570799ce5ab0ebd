"""Reading articles: for readers, editors, the indexer and the exporter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.actions.articles import archive, publish, save_article
from kb.domain import ArticleState, Audience
from kb.errors import NotFound
from kb.queries.articles import (
    ArticleFilters,
    get_article_view,
    iter_articles,
    list_articles,
    load_article,
    load_published,
    published_translations,
)
from kb.queries.paging import Paging
from tests.kb.builders import article

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        (Audience.internal, {Audience.internal}),
        (Audience.customer, {Audience.internal, Audience.customer}),
        (Audience.public, set(Audience)),
    ],
)
def test_readers_see_what_is_for_them(
    session: Session, audience: Audience, readers: set[Audience]
) -> None:
    save_article(session, article("a", audience=audience), "eva")
    found = set()
    for reader in Audience:
        try:
            get_article_view(session, "a", reader)
            found.add(reader)
        except NotFound:
            pass
    assert found == readers


@pytest.mark.parametrize(
    ("fields", "visible"),
    [
        ({"valid_from": NOW}, True),
        ({"valid_from": NOW + HOUR}, False),
        ({"valid_until": NOW + HOUR}, True),
        ({"valid_until": NOW}, False),
    ],
)
def test_validity(session: Session, fields: dict[str, Any], visible: bool) -> None:
    save_article(session, article("a", **fields), "eva")
    if visible:
        assert get_article_view(session, "a", Audience.public, now=NOW).id == "a"
    else:
        with pytest.raises(NotFound):
            get_article_view(session, "a", Audience.public, now=NOW)
    assert load_published(session, "a") is not None  # readers decide, not the index


def test_the_original_comes_first_and_times_are_utc(session: Session) -> None:
    save_article(
        session, article("a", texts={"sl": "Ena", "cs": "Jedna"}, review_by=NOW), "eva"
    )  # fmt: skip
    session.commit()
    session.expunge_all()
    view = load_article(session, "a")
    assert [t.language for t in view.translations] == ["sl", "cs"]
    assert view.review_by == NOW
    assert view.created_at.utcoffset() == timedelta(0)
    assert view.translation("pl") is None


def test_editors_see_the_latest_readers_the_published(session: Session) -> None:
    save_article(session, article("a", texts={"en": "One"}), "eva")
    save_article(session, article("a", texts={"en": "Two"}, state=None), "eva")
    latest = load_article(session, "a").translations[0]
    published = load_published(session, "a")
    assert published is not None
    assert (latest.body, latest.number, latest.is_published) == ("Two", 2, False)
    text = published.translations[0]
    assert (text.body, text.number, text.is_published) == ("One", 1, True)


def test_published_translations(session: Session) -> None:
    save_article(session, article("a", texts={"en": "One", "pl": "Jeden"}, state=None), "eva")
    save_article(session, article("b"), "eva")
    save_article(session, article("c"), "eva")
    archive(session, "c", "eva")
    publish(session, "a", ["pl"], "eva")
    found = published_translations(session, ["a", "b", "c", "none"])
    assert {key: [t.language for t in texts] for key, texts in found.items()} == {
        "a": ["pl"],
        "b": ["en"],
    }


def test_every_article_is_exported_in_order(session: Session) -> None:
    for key in ("b", "a", "c"):
        save_article(session, article(key, state=ArticleState.archived), "eva")
    assert [view.id for view in iter_articles(session)] == ["a", "b", "c"]


def test_lists_are_filtered_and_paged(session: Session) -> None:
    save_article(session, article("a", tags=["žába", "x"], review_by=NOW), "eva")
    save_article(session, article("b", texts={"en": "One", "hu": "Egy"}, state=None), "eva")
    save_article(session, article("c", audience=Audience.internal, tags=["žáb"]), "eva")

    def keys(filters: ArticleFilters | None = None, paging: Paging | None = None) -> list[str]:
        return [row.id for row in list_articles(session, filters, paging).items]

    assert keys() == ["a", "b", "c"]
    assert keys(ArticleFilters(states=frozenset({ArticleState.draft}))) == ["b"]
    assert keys(ArticleFilters(audiences=frozenset({Audience.internal}))) == ["c"]
    assert keys(ArticleFilters(language="hu")) == ["b"]
    assert keys(ArticleFilters(tag="žába")) == ["a"]
    assert keys(ArticleFilters(tag="%")) == []
    assert keys(ArticleFilters(review_before=NOW + HOUR)) == ["a"]
    assert keys(paging=Paging(offset=1, limit=1)) == ["b"]
    page = list_articles(session, paging=Paging(limit=2))
    assert page.total == 3
    assert (page.items[1].title, page.items[1].languages) == ("Title en", ("en", "hu"))
