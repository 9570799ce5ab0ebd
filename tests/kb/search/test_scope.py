"""A scope hides what is not in it: no hit, no count, no completion, no correction tells of it."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import col

from kb.actions.cases import save_case
from kb.domain import Article, Audience, Facets, Pool
from kb.ports import PassageFilter
from kb.search.labels import LabelColumns
from tests.kb.builders import case
from tests.kb.search.base import Base

LOCKERS: Facets = {"product": ["locker", "box"]}


@pytest.fixture
def filled(base: Base) -> Base:
    """Of lockers, of pallets, of both, and for everybody."""
    for key, products in (
        ("locker", ["locker"]),
        ("pallet", ["pallet"]),
        ("both", ["pallet", "box"]),
        ("every", []),
    ):
        facets = {"product": products} if products else {"country": ["GB"]}
        text = f"How the courier handles the {key}. Zeppelinfreight." * (key == "pallet")
        body = text or f"How the courier handles the {key}."
        base.publish(key, {"en": (f"Handling of {key}", body)}, facets=facets)
    with base.sessions.begin() as session:
        save_case(session, case(facets={"product": ["pallet"]}), "tester")
    base.index("en-0001", Pool.case)
    base.searcher.refresh()
    return base


@pytest.mark.parametrize("counted", [False, True])
def test_what_shares_no_value_is_not_found_and_not_counted(filled: Base, counted: bool) -> None:
    everything = filled.page("the courier", limit=50, counted=counted)
    narrow = filled.page("the courier", limit=50, counted=counted, scope=LOCKERS)
    assert {hit.document_id for hit in everything.hits} == {"locker", "pallet", "both", "every"}
    assert {hit.document_id for hit in narrow.hits} == {"locker", "both", "every"}
    assert (everything.total, narrow.total) == (4, 3)
    assert filled.page("the courier", limit=1, scope=LOCKERS).total == 3


def test_cases_are_scoped_as_articles_are(filled: Base) -> None:
    def found(scope: Facets) -> list[str]:
        cases = frozenset({"case"})
        return filled.found("parcel", reader=Audience.internal, pools=cases, scope=scope)

    assert found({}) == found({"product": ["pallet"]}) == ["en-0001"]
    assert found(LOCKERS) == []


def test_words_of_what_is_hidden_are_neither_completed_nor_corrected(filled: Base) -> None:
    assert filled.page("zepelinfreight").corrected
    assert filled.page("zepelinfreight", scope=LOCKERS).corrected == ()
    wide, narrow = (
        max(hit.why.lexical for hit in filled.page("zepp", prefix=True, scope=scope).hits)
        for scope in ({}, LOCKERS)
    )
    assert wide > 0
    assert narrow == 0


def test_what_is_known_narrows_within_the_scope(filled: Base) -> None:
    """Both may name the same facet; each narrows by itself."""
    both = filled.found("the courier", known={"product": ["pallet"]}, scope=LOCKERS)
    assert set(both) == {"both", "every"}
    assert set(filled.found("the courier", known={"product": ["locker"]}, scope=LOCKERS)) == {
        "locker",
        "every",
    }


def test_sql_decides_when_the_index_is_behind(filled: Base) -> None:
    with filled.sessions.begin() as session:
        changed = update(Article).where(col(Article.id) == "locker")
        session.execute(changed.values(facets={"product": ["pallet"]}))
    page = filled.page("the courier", limit=50, scope=LOCKERS)
    assert "locker" not in {hit.document_id for hit in page.hits}
    assert page.total == 2


def test_a_facet_of_which_nothing_is_allowed_hides_all_that_have_it(filled: Base) -> None:
    assert filled.found("the courier", scope={"product": []}) == ["every"]


def test_masks_are_kept_and_cannot_be_changed() -> None:
    columns = LabelColumns(())
    where = PassageFilter(facets=(("product", frozenset({"box"})),))
    mask = columns.mask(where)
    assert mask is columns.mask(where)
    assert mask is not None
    assert not mask.flags.writeable
