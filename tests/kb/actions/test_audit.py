"""The chain of the audit as it is written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from kb.actions import audit
from kb.audit_head import FILE, AuditHead, parse_head, read_head
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.errors import InvalidInput
from kb.queries.audit import chain_end, list_audit, verify_chain


def test_entries_get_their_places_with_the_commit(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        for key in ("a", "b"):
            audit.record(session, "eva", "save", "case", key)
        assert [entry.number for entry in list_audit(session).items] == [None, None]
        session.commit()
        assert [entry.number for entry in list_audit(session).items] == [2, 1]
        audit.record(session, "eva", "save", "case", "c")
        session.commit()
        assert [entry.entity_id for entry in list_audit(session).items] == ["c", "b", "a"]
    with sessions() as session:
        assert verify_chain(session).problem is None


def test_what_is_rolled_back_leaves_no_hole(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        audit.record(session, "eva", "save", "case", "kept")
        savepoint = session.begin_nested()
        audit.record(session, "eva", "save", "case", "back to the savepoint")
        savepoint.rollback()
        with session.begin_nested():
            audit.record(session, "eva", "save", "case", "kept too")
        session.commit()
        audit.record(session, "eva", "save", "case", "never committed")
        session.flush()
        session.rollback()
        audit.record(session, "eva", "save", "case", "the last")
        session.commit()
        found = [(entry.number, entry.entity_id) for entry in list_audit(session).items]
        assert found == [(3, "the last"), (2, "kept too"), (1, "kept")]
        assert verify_chain(session).problem is None


def test_many_writers_make_one_chain(engine: Engine) -> None:
    factory, failures = session_factory(engine), []

    def write(worker: int) -> None:
        try:
            for number in range(10):
                with factory.begin() as session:
                    audit.record(session, f"w-{worker}", "save", "case", str(number))
                    audit.record(session, f"w-{worker}", "save", "case", str(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with factory() as session:
        report = verify_chain(session)
    assert (report.problem, report.entries) == (None, 120)


def test_the_head_is_kept_outside_the_database(sqlite_url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    engine = create_engine_for(Settings(home=home, database_url=sqlite_url, _env_file=None))
    factory = session_factory(engine)
    assert read_head(home) is None
    for key in ("a", "b"):
        with factory.begin() as session:
            audit.record(session, "eva", "save", "case", key)
    with factory() as session:
        kept = read_head(home)
        assert kept == chain_end(session)
        assert kept is not None
        assert parse_head(str(kept)) == kept
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit WHERE number = 2"))
    with factory.begin() as session:  # going on does not cover it up
        audit.record(session, "jan", "save", "case", "c")
    head = read_head(home)
    assert head == kept
    with factory() as session:
        assert head is not None
        assert verify_chain(session, (head,)).problem is not None
    engine.dispose()
    assert [file.name for file in home.iterdir()] == [FILE]


def test_a_head_that_is_none_is_refused() -> None:
    for wrong in ("", "7", "7:abc", f"x:{'0' * 64}"):
        with pytest.raises(InvalidInput, match="potica audit head"):
            parse_head(wrong)
    assert parse_head(f"7:{'a' * 64}\n") == AuditHead(7, "a" * 64)
