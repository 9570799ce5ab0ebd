"""Recording and closing gaps, and listing them."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.gaps import close_gap, record_gap, reopen_gap
from kb.domain import GapState
from kb.errors import InvalidInput, NotFound
from kb.queries.gaps import list_gaps
from kb.queries.paging import Paging
from tests.kb.builders import audited, suggestion


def test_equal_questions_are_counted(session: Session) -> None:
    first, second = suggestion(session), suggestion(session)
    gap = record_gap(session, "Do you ship plants?", "en", "low confidence", first)
    assert record_gap(session, " do you  SHIP plants? ", "en", "no passages", second) == gap
    other = record_gap(session, "Do you ship plants?", "pl", "low confidence", first)
    page = list_gaps(session)
    assert [(g.id, g.count, g.question) for g in page.items] == [
        (gap, 2, "Do you ship plants?"),
        (other, 1, "Do you ship plants?"),
    ]
    assert (page.items[0].suggestion_id, page.items[0].reason) == (second, "no passages")
    assert page.items[0].first_at < page.items[0].last_at


def test_no_question_is_lost_when_many_ask_at_once(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        found = suggestion(session)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(5):
                with sessions.begin() as session:
                    record_gap(session, "Same?", "en", "r", found)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sessions() as session:
        assert [gap.count for gap in list_gaps(session).items] == [20]


def test_a_closed_gap_opens_when_asked_again(session: Session) -> None:
    found = suggestion(session)
    gap = record_gap(session, "Plants?", "en", "r", found)
    close_gap(session, gap, actor="eva")
    close_gap(session, gap, actor="eva")
    assert audited(session) == [("close", str(gap))]
    assert list_gaps(session).total == 0
    assert list_gaps(session, state=GapState.closed).total == 1
    record_gap(session, "Plants?", "en", "r", found)
    assert list_gaps(session).items[0].count == 2


def test_what_was_closed_by_mistake_is_opened_again(session: Session) -> None:
    gap = record_gap(session, "Plants?", "en", "r", suggestion(session))
    reopen_gap(session, gap, actor="eva")
    close_gap(session, gap, actor="eva")
    reopen_gap(session, gap, actor="jan")
    reopen_gap(session, gap, actor="jan")
    assert audited(session) == [("close", str(gap)), ("reopen", str(gap))]
    [found] = list_gaps(session).items
    assert (found.id, found.count) == (gap, 1)


def test_lists_are_filtered_and_paged(session: Session) -> None:
    found = suggestion(session)
    for number in range(5):
        record_gap(session, f"Question {number}", "sl" if number % 2 else "hu", "r", found)
    assert list_gaps(session, language="sl").total == 2
    page = list_gaps(session, state=None, paging=Paging(offset=4, limit=2))
    assert (len(page.items), page.total) == (1, 5)


def test_what_cannot_be_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput):
        record_gap(session, " ", "en", "r", suggestion(session))
    with pytest.raises(NotFound, match="7"):
        close_gap(session, 7, actor="eva")
    with pytest.raises(NotFound, match="7"):
        reopen_gap(session, 7, actor="eva")
    with pytest.raises(InvalidInput, match="200"):
        Paging(limit=201)
