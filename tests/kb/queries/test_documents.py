"""What the index should hold against what it holds."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.actions.articles import archive, publish, save_article, set_audience
from kb.actions.cases import save_case
from kb.domain import Audience, Pool
from kb.queries.documents import Document, expected_documents, indexed_documents
from tests.kb.builders import (
    article,
    case,
    index_article,
    index_case,
    indexed_article,
    indexed_case,
)


def out_of_date(session: Session) -> list[Document]:
    expected, indexed = expected_documents(session), indexed_documents(session)
    return sorted(d for d in expected | indexed if expected.get(d) != indexed.get(d))


def test_nothing_is_out_of_date_once_indexed(session: Session) -> None:
    indexed_article(session, "a", texts={"en": "One", "pl": "Jeden"}, facets={"x": ["ž"]})
    indexed_case(session, "c")
    save_article(session, article("draft", state=None), "eva")
    assert sorted(expected_documents(session)) == [(Pool.article, "a"), (Pool.case, "c")]
    assert out_of_date(session) == []


def test_every_change_the_index_must_follow_is_seen(session: Session) -> None:
    for key in ("archived", "audience", "facets", "text", "language"):
        indexed_article(session, key)
    indexed_case(session, "changed")
    archive(session, "archived", "eva")
    set_audience(session, "audience", Audience.customer, "eva")
    save_article(session, article("facets", facets={"x": ["1"]}), "eva")
    save_article(session, article("text", texts={"en": "New"}), "eva")
    texts = {"en": "Send us the right postcode.", "hu": "Egy"}
    save_article(session, article("language", texts=texts, state=None), "eva")
    publish(session, "language", ["hu"], "eva")
    save_article(session, article("new"), "eva")
    save_case(session, case("changed", tried="more"), "ann")
    articles = ["archived", "audience", "facets", "language", "new", "text"]
    expected = [*((Pool.article, key) for key in articles), (Pool.case, "changed")]
    assert out_of_date(session) == expected
    for pool, key in expected:
        (index_article if pool == Pool.article else index_case)(session, key)
    assert out_of_date(session) == []
