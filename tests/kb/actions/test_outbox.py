"""The outbox: what is pending, in which order, and what happens after a failure."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from kb.actions.outbox import claim_pending, enqueue, mark_done, mark_failed
from kb.db import create_engine_for, session_factory
from kb.domain import Pool
from kb.queries.outbox import outbox_state


def test_a_document_is_claimed_once_with_all_its_events(session: Session) -> None:
    for document in ("a", "b", "a"):
        enqueue(session, Pool.article, document)
    enqueue(session, Pool.case, "a")
    pending = claim_pending(session, 10)
    assert [(p.pool, p.document_id, len(p.events)) for p in pending] == [
        (Pool.article, "a", 2),
        (Pool.article, "b", 1),
        (Pool.case, "a", 1),
    ]
    mark_done(session, pending[0].events)
    assert [p.document_id for p in claim_pending(session, 10)] == ["b", "a"]


def test_what_failed_waits_behind_what_did_not(session: Session) -> None:
    for document in ("bad", "good"):
        enqueue(session, Pool.article, document)
    (bad,) = claim_pending(session, 1)
    assert bad.document_id == "bad"
    mark_failed(session, bad.events, "broken\0 " + "x" * 1000)
    assert [p.document_id for p in claim_pending(session, 10)] == ["good", "bad"]
    state = outbox_state(session)
    assert (state.pending, state.failed) == (2, 1)
    assert state.last_error.startswith("broken x")
    assert len(state.last_error) == 500
    assert state.oldest_at is not None


def test_nothing_pending(session: Session) -> None:
    assert claim_pending(session, 10) == []
    state = outbox_state(session)
    assert (state.pending, state.failed, state.oldest_at, state.last_error) == (0, 0, None, "")


@pytest.mark.postgres
def test_two_workers_claim_different_events(postgres_url: str) -> None:
    engine: Engine = create_engine_for(postgres_url)
    factory = session_factory(engine)
    with factory.begin() as session:
        for document in ("a", "b"):
            enqueue(session, Pool.article, document)
    with factory() as one, factory() as two:
        assert [p.document_id for p in claim_pending(one, 1)] == ["a"]
        assert [p.document_id for p in claim_pending(two, 10)] == ["b"]
    engine.dispose()
