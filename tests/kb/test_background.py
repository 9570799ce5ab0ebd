"""A thread that does rounds until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kb.background import Background

LONG = 3600.0
PATIENCE = 10.0


class _Rounds(Background):
    def __init__(self) -> None:
        super().__init__("rounds")
        self.done = threading.Semaphore(0)
        self.fails = False
        self.held: threading.Event | None = None

    def do_round(self) -> float:
        self.done.release()
        if self.held is not None:
            self.held.wait(PATIENCE)
        if self.fails:
            raise OSError("the database is away")
        return LONG


@pytest.fixture
def rounds() -> Iterator[_Rounds]:
    made = _Rounds()
    yield made
    assert made.stop(PATIENCE)


def test_a_wake_ends_the_sleep(rounds: _Rounds) -> None:
    rounds.start()
    assert rounds.done.acquire(timeout=PATIENCE)
    assert not rounds.done.acquire(timeout=0.05)
    rounds.wake()
    assert rounds.done.acquire(timeout=PATIENCE)


def test_a_wake_during_a_round_is_not_lost(rounds: _Rounds) -> None:
    rounds.held = threading.Event()
    rounds.start()
    assert rounds.done.acquire(timeout=PATIENCE)
    rounds.wake()
    rounds.held.set()
    assert rounds.done.acquire(timeout=PATIENCE)


def test_a_round_that_fails_ends_nothing(rounds: _Rounds) -> None:
    rounds.fails, rounds.after_error = True, 0.01
    rounds.start()
    assert all(rounds.done.acquire(timeout=PATIENCE) for _ in range(3))
    assert rounds.running


def test_it_can_be_started_twice_and_again_after_a_stop(rounds: _Rounds) -> None:
    rounds.start()
    rounds.start()
    assert rounds.done.acquire(timeout=PATIENCE)
    assert not rounds.done.acquire(timeout=0.05)
    assert rounds.stop(PATIENCE)
    assert not rounds.running
    rounds.start()
    assert rounds.done.acquire(timeout=PATIENCE)


def test_a_stop_that_waits_too_short_says_so(rounds: _Rounds) -> None:
    rounds.held = threading.Event()
    rounds.start()
    assert rounds.done.acquire(timeout=PATIENCE)
    assert not rounds.stop(0.01)
    assert rounds.is_stopping
    rounds.held.set()
    assert rounds.stop(PATIENCE)
