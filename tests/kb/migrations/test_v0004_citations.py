"""What cases of older versions cite can be asked from the article's side."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from kb.db import create_engine_for, migrate, session_factory
from kb.queries.solved import solved_before

AT = "2026-03-01 10:00:00.123456"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database at 0003 with resolved cases."""
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
    migrate(engine, "0003")
    cases = {"en-1": '["a", "b", "a"]', "en-2": "[]", "en-3": '["b"]'}
    with engine.begin() as connection:
        for key, articles in cases.items():
            connection.execute(
                text("""INSERT INTO "case" (id, language, channel, state, outcome, subject, facets,
                tried, resolution, articles, opened_at, updated_at, content_hash, version) VALUES
                (:key, 'en', 'chat', 'resolved', 'solved', '', '{}', '', 'x', :articles, :at, :at,
                '', 1)"""),
                {"key": key, "articles": articles, "at": AT},
            )  # fmt: skip
    yield engine
    engine.dispose()


def test_what_was_cited_counts_at_once(old: Engine) -> None:
    migrate(old)
    with session_factory(old)() as session:
        rows = session.execute(text("SELECT * FROM case_article ORDER BY case_id, position")).all()
        assert [tuple(row) for row in rows] == [
            ("en-1", "a", 0),
            ("en-1", "b", 1),
            ("en-3", "b", 0),
        ]
        assert solved_before(session, ["article:a", "article:b"]) == {
            "article:a": 1,
            "article:b": 2,
        }
