"""Searches that found nothing are noted once, however they were typed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.assist.unanswered import SearchNotes, goes_on
from kb.domain import Audience
from kb.queries.gaps import list_gaps
from kb.search.types import Hit, SearchQuery, Why

NOTHING: tuple[Hit, ...] = ()


def _query(text: str, **more: bool) -> SearchQuery:
    return SearchQuery(text, "en", text, Audience.public, **({"prefix": True} | more))


def _hit(confidence: float) -> Hit:
    why = Why(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Hit(
        "article", "k", "en", "", "", None, None, 1, "body", "", "", 0, 0, (), "public", "",
        {}, (), None, None, (), 0.0, confidence, why,
    )  # fmt: skip


def _noted(sessions: sessionmaker[Session]) -> list[tuple[str, str, int]]:
    with sessions() as session:
        return sorted((g.question, g.reason, g.count) for g in list_gaps(session).items)


def test_what_is_typed_on_is_one_search(sessions: sessionmaker[Session]) -> None:
    notes = SearchNotes(sessions)
    for typed in ("gif", "gift", "gift vou", "gift voucher", "gift vouchers"):
        notes.note("ana", _query(typed), NOTHING)
    notes.note("eva", _query("gift"), NOTHING)
    notes.note("eva", _query("parking"), [_hit(0.1)])
    notes.note("jan", _query("lock"), NOTHING)
    notes.note("jan", _query("locker"), [_hit(0.9)])  # found in the end
    notes.flush()
    notes.flush()
    assert _noted(sessions) == [
        ("gift", "nothing_found", 1),
        ("gift vouchers", "nothing_found", 1),
        ("parking", "not_sure", 1),
    ]


def test_what_is_typed_out_is_noted_at_once(sessions: sessionmaker[Session]) -> None:
    notes = SearchNotes(sessions)
    notes.note("key", _query("gift voucher", prefix=False), NOTHING)
    notes.note("key", _query("gift voucher", prefix=False), NOTHING)
    notes.note("key", _query("locker", prefix=False), [_hit(0.9)])
    notes.note("key", _query(" "), NOTHING)
    notes.flush()
    assert _noted(sessions) == [("gift voucher", "nothing_found", 2)]


def test_the_thread_waits_until_it_is_quiet_and_notes_the_rest_at_the_end(
    sessions: sessionmaker[Session],
) -> None:
    now = [100.0]
    notes = SearchNotes(sessions, quiet=5.0, clock=lambda: now[0])
    notes.start()
    notes.note("ana", _query("gift voucher"), NOTHING)
    now[0] = 104.0
    notes.note("eva", _query("parking"), NOTHING)
    assert _noted(sessions) == []
    now[0] = 105.5
    notes.note("jan", _query("insurance"), NOTHING)  # wakes it up
    _until(lambda: bool(_noted(sessions)))
    assert _noted(sessions) == [("gift voucher", "nothing_found", 1)]
    notes.stop()
    assert [question for question, _, _ in _noted(sessions)] == [
        "gift voucher",
        "insurance",
        "parking",
    ]


def test_what_cannot_be_noted_stops_nothing(sessions: sessionmaker[Session]) -> None:
    notes = SearchNotes(sessions)
    notes.note("ana", _query("half of a character \ud800"), NOTHING)
    notes.note("eva", _query("gift voucher"), NOTHING)
    notes.flush()
    assert [question for question, _, _ in _noted(sessions)] == ["gift voucher"]


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("gift", "gift voucher", True),
        ("gift voucher", "gift", True),
        ("gift vuocher", "gift voucher", True),
        ("locker pin", "locker full", True),
        ("gift voucher", "parking", False),
        ("", "parking", True),
    ],
)
def test_what_goes_on(before: str, now: str, same: bool) -> None:
    assert goes_on(before, now) is same


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
