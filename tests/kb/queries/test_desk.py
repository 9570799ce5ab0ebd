"""What a person has in hand; how long the editors' lists are; names of documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.bulk import BulkAction, BulkInput, apply, undo
from kb.actions.schedules import plan
from kb.domain import ArticleState, Principal, PrincipalKind, ScheduledAction, utc_now
from kb.queries.bulk import load_bulk
from kb.queries.desk import load_in_hand
from kb.queries.editor_counts import count_lists, load_choices
from kb.queries.editor_lists import EditorFilters, EditorOrder, lines_of, matching_keys
from kb.queries.languages import BoardFilters, LanguageStatus, load_board
from kb.queries.titles import document_titles
from kb.queries.unlinked import links_state

ANA = Principal(PrincipalKind.session, "usr_ana", frozenset(), user_id="usr_ana")
LANGUAGES = ("en", "sl")


@pytest.fixture
def written(session: Session) -> Session:
    """A published article in two languages of which the original moved on, and a draft."""
    _save(session, "locker", [("en", "Full locker"), ("sl", "Poln paketnik")], published=True)
    _save(session, "locker", [("en", "The locker is full")])
    _save(session, "begun", [("en", "Sunday delivery")], tags=("new",))
    return session


def _save(
    session: Session,
    key: str,
    texts: list[tuple[str, str]],
    *,
    published: bool = False,
    tags: tuple[str, ...] = (),
) -> None:
    given = [TranslationInput(language, title, f"{title}.") for language, title in texts]
    fields = ArticleFields("en", owner="usr_ana", tags=tags, facets={"country": ["SI"]})
    state = ArticleState.published if published else None
    save_article(session, ArticleInput(key, given, fields, state), "usr_ana")
    session.flush()


def test_what_somebody_has_in_hand(written: Session) -> None:
    at = utc_now() + timedelta(days=3)
    plan(written, "begun", ScheduledAction.publish, at, "usr_ana")
    found = load_in_hand(written, ANA, LANGUAGES)
    assert [line.article_id for line in found.drafts.items] == ["begun"]
    assert [(x.article_id, x.language) for x in found.behind.items] == [("locker", "sl")]
    assert [(x.article_id, x.at) for x in found.plans.items] == [("begun", at)]
    elsewhere = replace(ANA, scope={"country": ["PL"]})
    nothing = load_in_hand(written, elsewhere, LANGUAGES)
    assert (nothing.drafts.total, nothing.behind.total, nothing.plans.total) == (0, 0, 0)


def test_lists_are_counted_as_they_are_shown(written: Session) -> None:
    lists = {
        "all": EditorFilters(),
        "unpublished": EditorFilters(unpublished=True),
        "words": EditorFilters(text="LOCKER full"),
        "unused": EditorFilters(unused=True),
    }
    assert count_lists(written, lists) == {"all": 2, "unpublished": 1, "words": 1, "unused": 1}
    assert set(count_lists(written, lists, {"country": ["PL"]}).values()) == {0}
    assert matching_keys(written, lists["all"], order=EditorOrder.key) == ["begun", "locker"]
    assert [line.id for line in lines_of(written, ["locker", "never", "begun"])] == [
        "locker",
        "begun",
    ]
    choices = load_choices(written)
    assert (choices.owners, choices.tags) == ({"usr_ana": "usr_ana"}, ("new",))
    assert load_choices(written, {"country": ["PL"]}).tags == ()


def test_the_board_by_one_language_and_by_drafts(written: Session) -> None:
    def keys(filters: BoardFilters) -> list[str]:
        return [row.id for row in load_board(written, LANGUAGES, filters).page.items]

    assert keys(BoardFilters(LanguageStatus.missing, "sl")) == ["begun"]
    assert keys(BoardFilters(LanguageStatus.missing, "en")) == []
    assert keys(BoardFilters(drafts=True)) == ["begun", "locker"]
    assert keys(BoardFilters(language="sl", drafts=True)) == []
    assert load_board(written, LANGUAGES).drafts == {"en": 2, "sl": 0}


def test_documents_by_name(written: Session) -> None:
    found = document_titles(written, ["article:locker", "article:never", "case:never"], "sl")
    assert [(x.title, x.language) for x in found.values()] == [("Poln paketnik", "sl")]
    [original] = document_titles(written, ["article:locker"], "hu").values()
    assert original.title == "The locker is full"


def test_ones_own_change_of_many_is_found_again(written: Session) -> None:
    given = BulkInput(BulkAction.owner, ["locker", "begun"], "")
    bulk_id = apply(written, given, "usr_ana", lambda _: None).id
    assert bulk_id
    view = load_bulk(written, bulk_id, "usr_ana")
    assert view
    assert (view.articles, view.is_undone) == (2, False)
    assert load_bulk(written, bulk_id, "usr_eva") is None
    undo(written, bulk_id, "usr_ana", lambda _: None)
    view = load_bulk(written, bulk_id, "usr_ana")
    assert view
    assert view.is_undone


def test_a_change_of_an_article_is_seen_where_groups_are_kept(written: Session) -> None:
    before = links_state(written)
    assert links_state(written) == before
    _save(written, "begun", [("en", "Sunday and holiday delivery")])
    assert links_state(written) != before
