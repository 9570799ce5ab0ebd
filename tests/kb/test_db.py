"""The database: schema, transactions, durability, waiting."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Enum, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import SQLModel, col

from kb.config import Settings
from kb.db import (
    advisory_lock,
    check_sqlite,
    create_engine_for,
    current_revision,
    head_revision,
    is_current,
    migrate,
    session_factory,
)
from kb.domain import AuditEntry, Synonym
from kb.errors import ConfigError


def test_migrated_schema_is_the_schema_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


@pytest.mark.postgres
def test_postgres_enums_have_the_values_of_the_models(postgres_url: str) -> None:
    engine = create_engine_for(postgres_url)
    stored = {enum["name"]: enum["labels"] for enum in inspect(engine).get_enums()}  # type: ignore[attr-defined]
    engine.dispose()
    expected = {
        column.type.name: list(column.type.enums)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    }
    assert stored == expected


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert current_revision(engine) == head_revision()
    assert is_current(engine)


def test_a_database_never_migrated_is_not_current(tmp_path: Path) -> None:
    engine = create_engine_for(f"sqlite:///{tmp_path / 'new' / 'potica.db'}")
    assert current_revision(engine) is None
    assert not is_current(engine)
    engine.dispose()


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    engines = [create_engine_for(f"sqlite:///{tmp_path / 'potica.db'}") for _ in range(4)]
    failures = _in_threads([partial(migrate, engine) for engine in engines])
    assert failures == []
    assert is_current(engines[0])
    for engine in engines:
        engine.dispose()


def test_settings_give_a_sqlite_file_in_home(tmp_path: Path) -> None:
    engine = create_engine_for(Settings(home=tmp_path / "home", _env_file=None))
    migrate(engine)
    engine.dispose()
    assert (tmp_path / "home" / "potica.db").is_file()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "not a url"])
def test_a_url_that_cannot_serve_says_what_to_write(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///"):
        create_engine_for(url)


def test_an_old_sqlite_is_refused() -> None:
    check_sqlite((3, 51, 3))
    with pytest.raises(ConfigError, match=r"3\.46\.1.*pip install"):
        check_sqlite((3, 46, 1))


def test_sqlite_is_set_up_for_safety(sqlite_url: str) -> None:
    engine = create_engine_for(sqlite_url)
    with engine.connect() as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_foreign_keys_are_enforced(session: Session) -> None:
    with pytest.raises(IntegrityError):
        session.execute(
            text("INSERT INTO case_message (case_id, position, role, text) VALUES"
                 " ('none', 0, 'agent', 'x')")
        )  # fmt: skip


def test_rollback_takes_everything_back(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.add(Synonym(language="en", words=["zip", "postcode"]))
        session.flush()
        session.rollback()
    with sessions() as session:
        assert session.scalars(select(Synonym)).all() == []


def test_readers_do_not_wait_for_a_writer_and_see_one_snapshot(engine: Engine) -> None:
    write, read = session_factory(engine), session_factory(engine, read_only=True)
    with write() as writer, read() as reader:
        writer.add(Synonym(language="en", words=["a", "b"]))
        writer.flush()
        assert reader.scalars(select(col(Synonym.language))).all() == []
        writer.commit()
        assert reader.scalars(select(col(Synonym.language))).all() == []
    with read() as reader:
        assert reader.scalars(select(col(Synonym.language))).all() == ["en"]


def test_a_read_only_session_refuses_to_write(engine: Engine) -> None:
    with session_factory(engine, read_only=True)() as reader:
        reader.add(Synonym(language="en", words=["a"]))
        with pytest.raises(DBAPIError, match=r"read.?only"):
            reader.flush()
    with session_factory(engine).begin() as writer:  # the same connection writes again
        writer.add(Synonym(language="en", words=["a"]))


def test_many_writers_wait_for_each_other(engine: Engine) -> None:
    factory = session_factory(engine)

    def write(worker: int) -> None:
        for number in range(20):
            with factory.begin() as session:
                seen = session.scalar(text("SELECT count(*) FROM audit"))
                session.add(
                    AuditEntry(
                        actor=f"worker-{worker}",
                        action="write",
                        entity="test",
                        entity_id=str(number),
                        details={"seen": seen},
                    )
                )

    failures = _in_threads([partial(write, worker) for worker in range(8)])
    assert failures == []
    with factory() as session:
        assert session.scalar(text("SELECT count(*) FROM audit")) == 160


def test_advisory_lock_lets_one_at_a_time_past(engine: Engine) -> None:
    factory = session_factory(engine)

    def count_up() -> None:
        for _ in range(10):
            with factory.begin() as session:
                advisory_lock(session, "counter")
                last = session.scalar(text("SELECT max(passage_id) FROM removed_passage")) or 0
                session.execute(
                    text("INSERT INTO removed_passage (passage_id) VALUES (:next)"),
                    {"next": last + 1},
                )

    assert _in_threads([count_up] * 4) == []
    with factory() as session:
        assert session.scalar(text("SELECT max(passage_id) FROM removed_passage")) == 40


def test_a_committed_write_survives_kill_9(sqlite_url: str) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from kb.db import create_engine_for, session_factory
        from kb.domain import Synonym
        sessions = session_factory(create_engine_for(sys.argv[1]))
        with sessions.begin() as session:
            session.add(Synonym(language="en", words=["kept"]))
        session = sessions()
        session.add(Synonym(language="en", words=["never committed"]))
        session.flush()
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, sqlite_url], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    engine = create_engine_for(sqlite_url)
    with session_factory(engine)() as session:
        assert session.scalars(select(col(Synonym.words))).all() == [["kept"]]
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    engine.dispose()


def _in_threads(jobs: Sequence[Callable[[], None]]) -> list[Exception]:
    """Run all jobs at once; gives what they raised."""
    failures: list[Exception] = []
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        start.wait()
        try:
            job()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
