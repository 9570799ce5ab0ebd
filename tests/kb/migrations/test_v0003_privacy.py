"""A database of the version before, brought up to date."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from kb.actions import audit
from kb.db import create_engine_for, migrate, session_factory
from kb.queries.audit import list_audit, verify_chain
from kb.queries.paging import Paging

ENTRIES = 2500  # more than are hashed at once
AT = "2026-03-01 10:00:00.123456"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database at 0002 with audit entries and cases."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server = make_url(request.getfixturevalue("postgres_server"))
        name = f"old_{uuid.uuid4().hex[:12]}"
        admin = create_engine_for(server.render_as_string(hide_password=False))
        with admin.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = server.set(database=name).render_as_string(hide_password=False)
    engine = create_engine_for(url)
    migrate(engine, "0002")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO audit (at, actor, action, entity, entity_id, details)"
                 " VALUES (:at, 'eva', 'save', 'case', :key, :details)"),
            [{"at": AT, "key": f"c-{n}", "details": '{"new": "žába", "n": 1.5}'}
             for n in range(ENTRIES)],
        )  # fmt: skip
        for key, state in (("en-1", "resolved"), ("en-2", "open")):
            connection.execute(
                text("""INSERT INTO "case" (id, language, channel, state, subject, facets, tried,
                resolution, articles, opened_at, updated_at, content_hash, version) VALUES
                (:key, 'en', 'chat', :state, 'Call 600 123 456', '{}', '', 'x', '[]', :at, :at,
                '', 1)"""),
                {"key": key, "state": state, "at": AT},
            )  # fmt: skip
    yield engine
    engine.dispose()


def test_old_entries_are_chained_and_guarded(old: Engine) -> None:
    migrate(old)
    sessions = session_factory(old)
    with sessions.begin() as session:
        audit.record(session, "jan", "save", "case", "new")
    with sessions() as session:
        report = verify_chain(session)
        assert (report.problem, report.entries) == (None, ENTRIES + 1)
        oldest = list_audit(session, paging=Paging(ENTRIES)).items[0]
        assert (oldest.number, oldest.entity_id) == (1, "c-0")
    with pytest.raises(DBAPIError, match="append-only"), old.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE entity_id = 'c-7'"))


def test_texts_stay_and_resolved_cases_are_indexed_again(old: Engine) -> None:
    migrate(old)
    with old.connect() as connection:
        texts = connection.execute(text('SELECT subject, redacted_with FROM "case"')).all()
        work = connection.execute(text("SELECT pool, document_id, done_at FROM outbox")).all()
    assert [tuple(row) for row in texts] == [("Call 600 123 456", None)] * 2
    assert [tuple(row) for row in work] == [("case", "en-1", None)]
