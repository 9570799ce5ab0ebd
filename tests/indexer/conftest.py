"""A SQLite database where the kind of database makes no difference, and the demo content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kb.db import create_engine_for, session_factory

CONTENT = Path(__file__).parents[2] / "content"


@pytest.fixture
def sqlite_sessions(sqlite_url: str) -> Iterator[sessionmaker[Session]]:
    engine = create_engine_for(sqlite_url)
    yield session_factory(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def content() -> Path:
    """The demo company's folder; read, never written."""
    return CONTENT
