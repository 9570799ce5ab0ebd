"""Eight readers beside a writer: no error, and nothing gone is returned after its commit."""

from __future__ import annotations

import random
import threading
import time

import pytest

from indexer.pipeline import index_pending
from kb.actions.articles import archive, publish, restore
from kb.search import index as index_module
from tests.kb.search.base import Base

SECONDS = 3.0
READERS = 8


def test_searches_beside_writes(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "SIDE_UP_TO", 20)  # snapshots are built on the way, too
    for number in range(20):
        base.publish(f"doc-{number}", {"en": (f"Parcel {number}", f"The parcel of {number}.")})
    base.publish("steady", {"en": ("The steady one", "Steady advice stays.")})
    base.searcher.refresh()
    lock, gone = threading.Lock(), set[str]()  # documents archived by a commit that is through
    wrong: list[object] = []
    searches = [0]
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                with lock:
                    before = set(gone)
                found = set(base.found("parcel steady advice", limit=50))
                with lock:
                    wrong.extend(found & before & gone)  # gone before, and not back meanwhile
                if "steady" not in found:
                    wrong.append("the steady one is not found")
                searches[0] += 1
        except Exception as error:
            wrong.append(error)
            raise

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    writes = _write_for(base, SECONDS, lock, gone)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert searches[0] > READERS
    assert writes > 5


def _write_for(base: Base, seconds: float, lock: threading.Lock, gone: set[str]) -> int:
    rng, end, writes = random.Random(1), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        key = f"doc-{rng.randrange(20)}"
        if key in gone:
            with lock:
                gone.discard(key)
            with base.sessions.begin() as session:
                restore(session, key, "tester")
                publish(session, key, None, "tester")
        else:
            with base.sessions.begin() as session:
                archive(session, key, "tester")
            with lock:
                gone.add(key)
        if rng.random() < 0.7:
            index_pending(base.sessions, base.encoder)
        writes += 1
    return writes
