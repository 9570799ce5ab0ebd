"""Index work beside a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from indexer.pipeline import IndexOutcome
from indexer.worker import IndexWorker, Pace, drain_document
from kb.db import create_engine_for, session_factory
from kb.domain import Embedding, Pool
from kb.ports import Encoder
from tests.indexer.encoders import FailingEncoder, WordEncoder
from tests.indexer.test_pipeline import pending, save, texts, vectors

Sessions = sessionmaker[Session]
FAST = Pace(idle=0.02, first_retry=0.01, longest_retry=0.05)


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@contextmanager
def _working(worker: IndexWorker) -> Iterator[IndexWorker]:
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop()


def test_a_drained_document_is_searchable_at_once(sessions: Sessions) -> None:
    save(sessions, "a")
    save(sessions, "a", "Changed.")
    save(sessions, "b")
    assert drain_document(sessions, WordEncoder(), Pool.article, "a")
    assert texts(sessions, "a") == ["Title of a", "Changed."]
    assert pending(sessions) == 1  # b's


def test_a_failing_encoder_does_not_fail_the_save(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    assert not drain_document(sqlite_sessions, FailingEncoder(), Pool.article, "a")
    assert texts(sqlite_sessions, "a") == ["Title of a", "Ask at the desk."]
    assert pending(sqlite_sessions) == 1


def test_a_database_that_is_away_does_not_fail_the_save(tmp_path: object) -> None:
    engine = create_engine_for(f"sqlite:///{tmp_path}/empty.db")  # no tables
    assert not drain_document(session_factory(engine), WordEncoder(), Pool.article, "a")
    engine.dispose()


def test_the_worker_settles_what_is_pending_and_says_so(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    outcomes: list[IndexOutcome] = []
    with _working(IndexWorker(sqlite_sessions, WordEncoder(), FAST, outcomes.append)):
        _eventually(lambda: pending(sqlite_sessions) == 0)
        save(sqlite_sessions, "b")
        _eventually(lambda: texts(sqlite_sessions, "b") != [])
    assert [outcome.done for outcome in outcomes] == [1, 1]


def test_the_worker_tries_again_when_the_encoder_is_back(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    encoder = FailingEncoder()
    with _working(IndexWorker(sqlite_sessions, encoder, FAST)):
        _eventually(lambda: texts(sqlite_sessions, "a") != [])
        encoder.poison = None
        _eventually(lambda: vectors(sqlite_sessions) == 2)


def test_the_worker_begins_with_what_another_model_encoded(sqlite_sessions: Sessions) -> None:
    for key in "ab":
        save(sqlite_sessions, key)
    with _working(IndexWorker(sqlite_sessions, WordEncoder(), FAST)):
        _eventually(lambda: vectors(sqlite_sessions) == 4)
    with sqlite_sessions.begin() as session:
        session.execute(update(Embedding).values(model_id="the model before"))
    outcomes: list[IndexOutcome] = []
    with _working(IndexWorker(sqlite_sessions, WordEncoder(), FAST, outcomes.append)):
        _eventually(lambda: vectors(sqlite_sessions) == 8 and pending(sqlite_sessions) == 0)
    assert sum(outcome.done for outcome in outcomes) == 2


def test_the_worker_survives_what_nobody_expected(
    sqlite_sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    import indexer.worker as module

    original, calls = module.index_round, []

    def fail_once(sessions: Sessions, encoder: Encoder, limit: int) -> IndexOutcome:
        calls.append(limit)
        if len(calls) == 1:
            raise RuntimeError("the disk is full")
        return original(sessions, encoder, limit)

    monkeypatch.setattr(module, "index_round", fail_once)
    save(sqlite_sessions, "a")
    with _working(IndexWorker(sqlite_sessions, WordEncoder(), FAST)):
        _eventually(lambda: pending(sqlite_sessions) == 0)


def test_waking_the_worker_saves_the_wait(sqlite_sessions: Sessions) -> None:
    with _working(IndexWorker(sqlite_sessions, WordEncoder(), Pace(idle=60))) as worker:
        time.sleep(0.1)
        save(sqlite_sessions, "a")
        worker.wake()
        _eventually(lambda: pending(sqlite_sessions) == 0)


def test_stopping_waits_for_the_round_in_hand(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    encoding, go_on = threading.Event(), threading.Event()
    encoder = WordEncoder()

    def hold() -> None:
        encoding.set()
        go_on.wait(10)

    encoder.before = hold
    worker = IndexWorker(sqlite_sessions, encoder, FAST)
    worker.start()
    worker.start()  # changes nothing
    assert encoding.wait(10)
    assert not worker.stop(timeout=0.05)
    go_on.set()
    assert worker.stop()
    assert not worker.running
    assert pending(sqlite_sessions) == 0
    assert worker.stop()
