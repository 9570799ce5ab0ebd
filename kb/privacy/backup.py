"""Backups of a SQLite installation: one file with the database, its sums and the ledger."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from kb.actions import audit
from kb.audit_head import FILE as HEAD_FILE
from kb.audit_head import read_head
from kb.config import Settings
from kb.db import create_engine_for, current_revision, head_revision, migrate, session_factory
from kb.domain import utc_now
from kb.errors import ConfigError, InvalidInput
from kb.privacy.erase import apply_ledger, clean
from kb.privacy.ledger import FILE as LEDGER_FILE
from kb.privacy.ledger import add_lines
from kb.queries.audit import chain_end
from kb.secret_key import Marks

DATABASE = "potica.db"
MANIFEST = "manifest.json"
NOTE = (
    "The secret key is not in this file. Keep it apart (POTICA_SECRET_KEY, or secret.key of the"
    " home folder): without it people have to sign in again and erasures cannot be applied again."
)
PAGES = 1000  # copied at a time, so that writers get their turn


class BackupManifest(BaseModel):
    """What is in a backup and how to know that it is whole."""

    format: int = 1
    created_at: datetime
    revision: str  # of the schema
    key: str  # fingerprint of the secret key
    audit_head: str
    sha256: dict[str, str]
    note: str = NOTE


def create_backup(settings: Settings, target: Path) -> Path:
    """Copy the database while it is in use; gives the file, which only its owner may read.

    `target` is the file (.zip) or a folder for one named after the time. Raises InvalidInput
    when it cannot be written, ConfigError on PostgreSQL, with what to use there.
    """
    _check_sqlite(settings)
    now = utc_now()
    file = target / f"potica-{now:%Y%m%dT%H%M%SZ}.zip" if target.is_dir() else target
    if file.exists():
        raise InvalidInput(f"{file} is there already: choose another name.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as aside:
            copy = Path(aside) / DATABASE
            manifest = _copy(settings, copy, now)
            members = {DATABASE: copy}
            if (settings.home / LEDGER_FILE).exists():
                members[LEDGER_FILE] = settings.home / LEDGER_FILE
            sums = {name: _sum(path) for name, path in members.items()}
            whole = manifest.model_copy(update={"sha256": sums})
            _pack(Path(aside) / "made.zip", whole, members)
            os.replace(Path(aside) / "made.zip", file)
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be written ({error.strerror}): choose a folder with room for it."
        ) from error
    return file


def read_manifest(file: Path) -> BackupManifest:
    """Check a backup and tell what it is. Raises InvalidInput when it is not whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = BackupManifest.model_validate_json(archive.read(MANIFEST))
            for name, wanted in manifest.sha256.items():
                with archive.open(name) as member:
                    found = hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
                if found != wanted:
                    raise InvalidInput(f"{name} in {file} is damaged: use another backup.")
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no file {file}: name a backup.") from error
    except (OSError, zipfile.BadZipFile, KeyError, ValidationError, EOFError) as error:
        raise InvalidInput(f"{file} is no whole backup of Potica: use another one.") from error
    return manifest


def restore_backup(settings: Settings, file: Path, actor: str) -> Path | None:
    """Put a backup in place of the database, and erase again whoever was erased since.

    Stop the server first. Gives where the database that was there lies now: beside it, until
    the next erasure. Raises InvalidInput when the backup is not whole or of a newer version,
    ConfigError on PostgreSQL or another secret key.
    """
    _check_sqlite(settings)
    manifest = read_manifest(file)
    if int(manifest.revision) > int(head_revision()):
        raise InvalidInput(f"{file} was made by a newer version: install that one first.")
    if manifest.key != Marks.of(settings).fingerprint:
        raise ConfigError(
            "The backup was made with another secret key: set POTICA_SECRET_KEY to that one (or"
            " put its secret.key into the home folder)."
        )
    database = _database(settings)
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent) as aside:
        copy = Path(aside) / DATABASE
        _unpack(settings, file, copy)
        with _opened(f"sqlite:///{copy}") as engine:
            migrate(engine)
        kept = _set_aside(database)
        os.replace(copy, database)
    shutil.rmtree(settings.index_dir, ignore_errors=True)  # of the other database
    _go_on(settings, actor, manifest, kept)
    return kept


def _go_on(settings: Settings, actor: str, manifest: BackupManifest, kept: Path | None) -> None:
    """Erase again, and let the audit tell of the step back."""
    with _opened(settings) as engine:
        before = read_head(settings.home)
        (settings.home / HEAD_FILE).unlink(missing_ok=True)
        with session_factory(engine).begin() as session:
            made = manifest.created_at.isoformat(timespec="seconds")
            audit.record(
                session, actor, "restore", "database", "potica",
                made_at=made, head_before=str(before or ""),
            )  # fmt: skip
        dirty = apply_ledger(settings, engine)
    if dirty:
        clean(settings, keep=kept)  # it was in use until now: whoever was erased is not in it


def _copy(settings: Settings, copy: Path, now: datetime) -> BackupManifest:
    """SQLite's own online backup: a state of one moment, whoever writes meanwhile."""
    with _opened(settings) as engine:
        raw = engine.raw_connection()
        try:
            driver = raw.driver_connection
            assert driver is not None
            from pysqlite3 import dbapi2

            os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            target = dbapi2.connect(str(copy))
            try:
                driver.backup(target, pages=PAGES)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
            finally:
                target.close()
        finally:
            raw.close()
    with _opened(f"sqlite:///{copy}") as engine:
        revision = current_revision(engine)
        if revision is None:
            raise ConfigError("The database is not set up: there is nothing to back up.")
        with session_factory(engine, read_only=True)() as session:
            end = chain_end(session)
            sound = session.connection().exec_driver_sql("PRAGMA quick_check").scalar()
    if sound != "ok":
        raise ConfigError(f"The database is damaged ({sound}): a backup of it would be, too.")
    key = Marks.of(settings).fingerprint
    return BackupManifest(
        created_at=now, revision=revision, key=key, audit_head=str(end), sha256={}
    )


def _pack(made: Path, manifest: BackupManifest, members: dict[str, Path]) -> None:
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
            for name, path in members.items():
                archive.write(path, name)
        out.flush()
        os.fsync(out.fileno())


def _unpack(settings: Settings, file: Path, copy: Path) -> None:
    """The database to `copy`, and what the ledger in the backup knows that ours does not."""
    with zipfile.ZipFile(file) as archive:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out, archive.open(DATABASE) as member:
            shutil.copyfileobj(member, out)
            out.flush()
            os.fsync(out.fileno())
        if LEDGER_FILE in archive.namelist():
            add_lines(settings.home, archive.read(LEDGER_FILE).decode("utf-8", "replace"))


def _set_aside(database: Path) -> Path | None:
    """The database that is there, closed and out of the way; None when there is none."""
    if not database.exists():
        return None
    with _opened(f"sqlite:///{database}") as engine:
        raw = engine.raw_connection()
        try:  # all of it into one file
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()
    kept = database.with_name(f"{database.name}.{utc_now():%Y%m%dT%H%M%S%fZ}.bak")
    os.replace(database, kept)
    for name in ("-wal", "-shm"):
        database.with_name(database.name + name).unlink(missing_ok=True)
    return kept


@contextmanager
def _opened(target: Settings | str) -> Iterator[Engine]:
    engine = create_engine_for(target)
    try:
        yield engine
    finally:
        engine.dispose()


def _database(settings: Settings) -> Path:
    return Path(make_url(settings.resolved_database_url).database or "")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_sqlite(settings: Settings) -> None:
    if not settings.resolved_database_url.startswith("sqlite"):
        raise ConfigError(
            "PostgreSQL has its own tools: pg_dump -Fc -f potica.dump NAME makes a backup,"
            " pg_restore --clean --if-exists -d NAME potica.dump puts it back; then run"
            " `potica privacy apply`, so that whoever was erased since is erased again. Keep"
            f" {settings.home / LEDGER_FILE} and the secret key beside it."
        )
