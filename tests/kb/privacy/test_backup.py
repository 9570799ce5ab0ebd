"""Backups: whole, of one moment, and no way around an erasure."""

from __future__ import annotations

import shutil
import stat
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.actions import audit
from kb.audit_head import read_head
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.errors import ConfigError, InvalidInput
from kb.privacy.backup import create_backup, read_manifest, restore_backup
from kb.privacy.erase import Whom, erase_customer
from kb.queries.audit import AuditFilter, list_audit, verify_chain
from kb.queries.cases import get_case_view
from tests.kb.privacy.site import REF, Site, leftovers, make_site, rows_with


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.move(tmp_path / "potica.db", home / "potica.db")
    made = make_site(Settings(home=home, _env_file=None))
    yield made
    made.engine.dispose()


def test_a_backup_holds_the_database_and_not_the_key(site: Site, tmp_path: Path) -> None:
    made = create_backup(site.settings, tmp_path)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    manifest = read_manifest(made)
    assert set(manifest.sha256) == {"potica.db"}
    assert "secret key is not in this file" in manifest.note
    with zipfile.ZipFile(made) as archive:
        packed = b"".join(archive.read(name) for name in archive.namelist())
    assert (site.home / "secret.key").read_bytes().strip() not in packed
    with pytest.raises(InvalidInput, match="already"):
        create_backup(site.settings, made)


def test_it_is_made_while_others_write(site: Site, tmp_path: Path) -> None:
    stop, failures = threading.Event(), []

    def write() -> None:
        try:
            while not stop.is_set():
                with site.sessions.begin() as session:
                    audit.record(session, "ann", "save", "case", "a")
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    made = [create_backup(site.settings, tmp_path / f"{n}.zip") for n in range(3)]
    stop.set()
    writer.join()
    assert failures == []
    assert restore_backup(site.settings, made[-1], "cli") is not None
    engine = create_engine_for(site.settings)
    with session_factory(engine)() as session:
        assert verify_chain(session).problem is None
    engine.dispose()


def test_restore_puts_it_back_and_says_so(site: Site, tmp_path: Path) -> None:
    made = create_backup(site.settings, tmp_path)
    before = read_head(site.home)
    with site.sessions.begin() as session:
        audit.record(session, "ann", "save", "case", "later")
    site.engine.dispose()
    kept = restore_backup(site.settings, made, "cli")
    assert kept is not None
    assert kept.exists()
    assert rows_with(site)
    with site.sessions() as session:
        assert get_case_view(session, "en-1")
        (noted,) = list_audit(session, AuditFilter(action="restore")).items
        head = read_head(site.home)
        assert head is not None
        assert verify_chain(session, (head,)).problem is None
    assert before is not None
    assert str(noted.details["head_before"]).startswith(f"{before.number + 1}:")


def test_whoever_was_erased_since_stays_erased(site: Site, tmp_path: Path) -> None:
    made = create_backup(site.settings, tmp_path)
    erase_customer(site.settings, site.engine, Whom(REF), "ann")
    site.engine.dispose()
    kept = restore_backup(site.settings, made, "cli")
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert kept is not None
    assert kept.exists()  # nobody who was erased is in it
    with site.sessions() as session:
        assert get_case_view(session, "en-9")


def test_the_ledger_travels_with_the_backup(site: Site, tmp_path: Path) -> None:
    first = create_backup(site.settings, tmp_path / "first.zip")
    erase_customer(site.settings, site.engine, Whom(REF), "ann")
    second = create_backup(site.settings, tmp_path / "second.zip")
    key = (site.home / "secret.key").read_text().strip()
    elsewhere = Settings(home=tmp_path / "elsewhere", secret_key=key, _env_file=None)
    elsewhere.home.mkdir()
    restore_backup(elsewhere, second, "cli")
    restore_backup(elsewhere, first, "cli")
    other = Site(elsewhere, create_engine_for(elsewhere), site.planted)
    assert rows_with(other) == []
    assert leftovers(other) == {}
    other.engine.dispose()


def test_what_cannot_be_restored(site: Site, tmp_path: Path) -> None:
    made = create_backup(site.settings, tmp_path)
    with pytest.raises(InvalidInput, match="no file"):
        restore_backup(site.settings, tmp_path / "none.zip", "cli")
    (tmp_path / "text.zip").write_text("no backup")
    with pytest.raises(InvalidInput, match="no whole backup"):
        restore_backup(site.settings, tmp_path / "text.zip", "cli")
    with zipfile.ZipFile(made) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["potica.db"] = members["potica.db"][:-1] + b"x"
    with zipfile.ZipFile(tmp_path / "damaged.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(InvalidInput, match="damaged"):
        restore_backup(site.settings, tmp_path / "damaged.zip", "cli")
    other = site.settings.model_copy(update={"secret_key": "k" * 40})
    with pytest.raises(ConfigError, match="another secret key"):
        restore_backup(other, made, "cli")
    assert rows_with(site)


def test_on_postgres_it_says_what_to_use(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://x/y", _env_file=None)
    with pytest.raises(ConfigError, match=r"pg_dump.*pg_restore.*privacy apply"):
        create_backup(settings, tmp_path)
