"""Searches that found nothing, as gaps."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.actions import searches
from kb.actions.gap_draft import draft_from_gap
from kb.actions.gaps import close_gap, record_gap
from kb.actions.searches import UnansweredSearch, record_search
from kb.domain import Audience, GapKind, GapState
from kb.errors import InvalidInput
from kb.queries.articles import load_article
from kb.queries.gaps import get_gap, list_gaps
from tests.kb.builders import suggestion


def _search(
    text: str, language: str = "en", reader: Audience = Audience.public, reason: str = "not_sure"
) -> UnansweredSearch:
    return UnansweredSearch(text, language, reader, reason)


def test_equal_words_are_counted_by_language_and_reader(session: Session) -> None:
    gap = record_search(session, _search("gift voucher", "en"))
    assert gap is not None
    assert record_search(session, _search("  Gift\tVOUCHER ", "sl", Audience.internal)) == gap
    assert record_search(session, _search("gift voucher", "sl", reason="nothing_found")) == gap
    (found,) = list_gaps(session, kind=GapKind.search).items
    assert (found.question, found.language, found.count) == ("gift voucher", "sl", 3)
    assert list(found.languages.items()) == [("sl", 2), ("en", 1)]
    assert found.readers == {"internal": 1, "public": 2}
    assert (found.reason, found.suggestion_id) == ("nothing_found", None)
    assert found.first_at < found.last_at
    assert get_gap(session, gap) == found


def test_what_is_personal_is_masked_and_a_search_for_it_alone_is_none(session: Session) -> None:
    for number in ("041 234 567", "031 555 789"):
        record_search(session, _search(f"darilni bon, moj telefon {number}", "sl"))
    (found,) = list_gaps(session).items
    assert (found.question, found.count) == ("darilni bon, moj telefon [telefon]", 2)
    assert record_search(session, _search("ana.novak@example.com")) is None
    assert record_search(session, _search("+386 41 234 567", "sl")) is None
    assert record_search(session, _search("?? 12")) is None
    assert list_gaps(session).total == 1


def test_conversations_and_searches_are_apart(session: Session) -> None:
    asked = record_gap(session, "Do you ship plants?", "en", "not_sure", suggestion(session))
    typed = record_search(session, _search("Do you ship plants?"))
    assert typed != asked
    assert list_gaps(session).total == 2
    (found,) = list_gaps(session, kind=GapKind.conversation).items
    assert (found.id, found.languages, found.readers) == (asked, {"en": 1}, {})


def test_one_that_was_closed_opens_when_searched_again(session: Session) -> None:
    gap = record_search(session, _search("gift voucher"))
    assert gap is not None
    close_gap(session, gap, actor="eva")
    assert list_gaps(session).total == 0
    record_search(session, _search("gift voucher"))
    assert [(found.id, found.state) for found in list_gaps(session).items] == [(gap, GapState.open)]


def test_one_becomes_a_draft(session: Session) -> None:
    gap = record_search(session, _search("darilni bon", "sl"))
    assert gap is not None
    saved = draft_from_gap(session, gap, "eva")
    assert saved.id == "darilni-bon"
    draft = load_article(session, saved.id)
    assert [(text.language, text.title) for text in draft.translations] == [("sl", "darilni bon")]


def test_no_search_is_lost_when_many_search_at_once(sessions: sessionmaker[Session]) -> None:
    failures: list[Exception] = []

    def search(language: str) -> None:
        try:
            for _ in range(5):
                with sessions.begin() as session:
                    record_search(session, _search("gift voucher", language))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=search, args=(name,)) for name in ("en", "sl", "en", "pl")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sessions() as session:
        (found,) = list_gaps(session).items
    assert (found.count, found.languages) == (20, {"en": 10, "pl": 5, "sl": 5})


def test_strangers_cannot_fill_the_database(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "MOST_OPEN", 6)
    monkeypatch.setattr(searches, "ROOM", 2)
    for _ in range(2):
        record_search(session, _search("wanted by many"))
    for number in range(20):
        record_search(session, _search(f"rubbish {'abcdefghijklmnopqrst'[number] * 4}"))
        assert list_gaps(session).total <= 6
    assert list_gaps(session).items[0].question == "wanted by many"
    for language in ("aa", "bb", "cc", *(f"x{a}y" for a in "abcdefghijklmnopqrstuvwxyz")):
        record_search(session, _search("wanted by many", language))
    found = list_gaps(session).items[0]
    assert (found.count, len(found.languages)) == (31, searches.MOST_LANGUAGES)


def test_what_cannot_be_is_refused(session: Session) -> None:
    for bad in (_search(" "), _search("a\0b c"), _search("gift voucher", "english!")):
        with pytest.raises(InvalidInput):
            record_search(session, bad)
