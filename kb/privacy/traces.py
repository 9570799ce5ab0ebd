"""What is left on disk of deleted rows, and taking it away."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.errors import Busy
from kb.privacy import scan
from kb.search.snapshot import forget_snapshots

PATIENCE = 30.0  # seconds to wait for readers of the write-ahead log, or for a table
TABLES = (
    "case", "case_message", "redaction", "passage", "embedding", "outbox",
    "suggestion", "feedback", "gap", "revision", "interaction", "interaction_message",
    "interaction_event", "flag", "contribution", "colleague_question", "webhook_delivery",
    "webhook_receipt", "article", "translation", "edit", "comment", "article_change", "review",
    "redirect", "task", "schedule", "bulk_change", "attachment", "attachment_use",
)  # fmt: skip


def remove_traces(settings: Settings, keep: Path | None = None) -> None:
    """Snapshots, copies of the database set aside (but `keep`), free pages, write-ahead log.

    Raises Busy when somebody reads or writes for so long that the database's file cannot be
    cleaned, SearchIndexError when the disk refuses; doing it again goes on from there.
    """
    engine = create_engine_for(settings)
    try:
        with session_factory(engine, read_only=True)() as session:
            forget_snapshots(session, settings.index_dir)
        for copy in copies(settings):
            if copy != keep:
                copy.unlink(missing_ok=True)
        engine.dispose()  # a connection that read cannot write
        if engine.dialect.name == "postgresql":
            _vacuum_postgres(engine)
        else:
            _vacuum_sqlite(engine)
    finally:
        engine.dispose()


def copies(settings: Settings) -> list[Path]:
    """Older states that were set aside in the home, or beside the database's file."""
    found = set(settings.home.glob("*.bak*"))
    url = make_url(settings.resolved_database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        database = Path(url.database)
        found |= set(database.parent.glob(f"{database.name}.*.bak"))
    return sorted(path for path in found if path.is_file())


def find_traces(home: Path, texts: Sequence[str]) -> list[Path]:
    """Files below `home` whose bytes hold one of the texts, as it is or as JSON escapes it.

    What is a link is not followed: the model's files are no data of the home. A process of its
    own reads them: whoever closes a file of SQLite's loses the locks that this process holds on it
    (sqlite.org/howtocorrupt.html, 2.2), and another one may then take the write-ahead log away.
    Raises OSError when a file cannot be read.
    """
    forms = {form for said in texts for form in (said, json.dumps(said)[1:-1]) if form}
    asked = json.dumps({"folder": str(home.absolute()), "forms": sorted(forms)})
    done = subprocess.run(
        [sys.executable, "-I", scan.__file__], input=asked.encode(), capture_output=True
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise OSError(f"The files in {home} could not be read: {''.join(last)}")
    return [Path(name) for name in json.loads(done.stdout)]


def _vacuum_sqlite(engine: Engine) -> None:
    """VACUUM writes the file anew, TRUNCATE empties the log that still had the old pages."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        end = time.monotonic() + PATIENCE
        try:
            cursor.execute("VACUUM")
            while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > end:
                    raise _busy()
                time.sleep(0.1)
        except Exception as error:
            if "locked" in str(error) or "busy" in str(error):
                raise _busy() from error
            raise
    finally:
        raw.close()


def _vacuum_postgres(engine: Engine) -> None:
    """VACUUM FULL writes the tables anew and gives the old files back to the system."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET lock_timeout = '{int(PATIENCE)}s'"))
        try:
            for table in TABLES:
                connection.execute(text(f'VACUUM (FULL) "{table}"'))
        except OperationalError as error:
            if "lock timeout" in str(error):
                raise _busy() from error
            raise


def _busy() -> Busy:
    return Busy(
        "The rows are deleted, but the database's file cannot be cleaned while somebody reads it"
        " all the time: run `potica privacy apply` when it is quiet, or stop the server first."
    )
