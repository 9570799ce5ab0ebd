"""The database: engines, sessions and migrations, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from kb.config import Settings
from kb.errors import ConfigError

SQLITE_MINIMUM = (3, 51, 3)
"""Older versions can lose or corrupt a write-ahead log when a checkpoint meets a writer."""

BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 10
POOL_OVERFLOW = 40  # a web server runs up to 40 request threads beside its workers

_READ_ONLY = "potica_read_only"
_SETTINGS = "potica_settings"


def create_engine_for(target: Settings | str) -> Engine:
    """The engine of a database, from settings or a URL (`sqlite:///file`, `postgresql://...`).

    Connects to nothing yet; the folder of a SQLite file is made if it is not there.
    Raises ConfigError on a URL that cannot serve or a SQLite library that is too old.
    """
    url = _parse(target.resolved_database_url if isinstance(target, Settings) else target)
    backend = url.get_backend_name()
    if backend in MAKERS:
        engine = MAKERS[backend](url)
        if isinstance(target, Settings):
            engine.update_execution_options(**{_SETTINGS: target})
        return engine
    raise ConfigError(
        f"The database must be SQLite or PostgreSQL, not {backend!r}: set POTICA_DATABASE_URL"
        " to sqlite:///path/to/potica.db or postgresql://user@host/name."
    )


def session_factory(engine: Engine, *, read_only: bool = False) -> sessionmaker[Session]:
    """Sessions on `engine`, used as `with factory() as session` or `with factory.begin()`.

    The default is for writing: on SQLite its transactions start with BEGIN IMMEDIATE, so that
    writers queue up to ten seconds instead of failing half-way. `read_only=True` gives sessions
    that wait for no writer, see one consistent snapshot per transaction, and refuse to write.
    """
    if read_only:
        engine = engine.execution_options(**_read_only_options(engine))
    return sessionmaker(engine, expire_on_commit=False)


def settings_of(session: Session) -> Settings | None:
    """The settings its engine was made from; None when that was a bare URL."""
    found: Settings | None = session.get_bind().get_execution_options().get(_SETTINGS)
    return found


def advisory_lock(session: Session, name: str) -> None:
    """Let one transaction at a time past `name`, until it ends.

    SQLite needs nothing: its writers already come one at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to the newest revision (or up to another one): all of it or none of it."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # two servers may start at once
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('potica.migrate'))"))
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """The schema revision the database stands at; None when it was never migrated."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The schema revision this version of Potica works with."""
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    if head is None:
        raise ConfigError("No migrations are installed: reinstall the potica package.")
    return head


def is_current(engine: Engine) -> bool:
    """Whether the database's schema is the one this version works with."""
    return current_revision(engine) == head_revision()


def check_sqlite(version: tuple[int, ...]) -> None:
    """Raises ConfigError when this SQLite library is too old to be trusted with a WAL."""
    if version < SQLITE_MINIMUM:
        raise ConfigError(
            f"SQLite {'.'.join(map(str, version))} can corrupt its write-ahead log;"
            f" {'.'.join(map(str, SQLITE_MINIMUM))} or newer is needed: pip install -U pysqlite3."
        )


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "POTICA_DATABASE_URL is not a URL: write sqlite:///path/to/potica.db"
            " or postgresql://user@host/name."
        ) from error


def _sqlite_driver() -> ModuleType:
    try:
        from pysqlite3 import dbapi2
    except ImportError as error:
        raise ConfigError("pysqlite3 is missing: pip install pysqlite3.") from error
    check_sqlite(dbapi2.sqlite_version_info)
    module: ModuleType = dbapi2
    return module


def _sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            "An in-memory SQLite database cannot be shared by threads or survive a restart:"
            " give a file, as in sqlite:///var/potica.db."
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=_sqlite_driver(),
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        hide_parameters=True,  # values in the messages of exceptions are what people wrote
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # _begin_sqlite starts transactions, not the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    # Asking first: setting the mode takes a lock, even where it is set already.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        mode = cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise ConfigError(
                "SQLite cannot keep a write-ahead log here (a network folder?):"
                " put the database on a local disk."
            )
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted leaves no text in free space
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = bool(connection.get_execution_options().get(_READ_ONLY, False))
    if connection.info.get(_READ_ONLY, False) != read_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        connection.info[_READ_ONLY] = read_only
    # A transaction that reads first and writes later cannot wait for another writer: its
    # snapshot would be stale. So writers take their place in the queue at the start.
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _postgres_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"application_name": "potica"},
        )
    except ImportError as error:
        raise ConfigError(
            "The PostgreSQL driver is missing: pip install 'potica[postgres]'."
        ) from error


def _read_only_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {_READ_ONLY: True}


def insert_into(session: Session, table: type[Any]) -> sqlite.Insert | postgresql.Insert:
    """The database's own INSERT, which knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


MAKERS: dict[str, Callable[[URL], Engine]] = {
    "sqlite": _sqlite_engine,
    "postgresql": _postgres_engine,
    "postgres": _postgres_engine,
}
