"""`potica privacy` and `potica backup`, run as an operator runs them."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from kb.cli import main
from kb.cli.doctor import examine
from kb.config import Settings, get_settings
from kb.db import create_engine_for, migrate
from kb.privacy.erase import Whom, erase_rows
from tests.kb.privacy.site import REF, Site, leftovers, make_site, rows_with


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    home = tmp_path / "home"
    monkeypatch.setenv("POTICA_HOME", str(home))
    monkeypatch.setenv("POTICA_PORT", "0")
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    settings = Settings(home=home, _env_file=None)
    engine = create_engine_for(settings)
    migrate(engine)
    engine.dispose()
    made = make_site(settings)
    yield made
    made.engine.dispose()
    get_settings.cache_clear()


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=answer)


def test_erase_tells_asks_and_does(site: Site) -> None:
    told = run("privacy", "erase", REF, "--dry-run")
    assert told.exit_code == 0
    assert "4 cases, 2 interactions" in told.stdout
    assert "en-1, en-2, en-3" in told.stdout
    assert run("privacy", "erase", REF, answer="n\n").exit_code == 1
    assert rows_with(site)
    done = run("privacy", "erase", REF, "--yes")
    assert done.exit_code == 0, done.output
    assert "4 cases, 2 interactions" in done.stdout
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert "Nothing" in run("privacy", "apply").stdout
    assert run("privacy", "erase", " ", "--yes").exit_code == 2


def test_export_to_a_file_of_ones_own(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "held.json"
    done = run("privacy", "export", REF, "--out", str(out))
    assert done.exit_code == 0
    assert "4 cases, 2 interactions" in done.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text())["customer_ref"] == REF
    assert run("privacy", "export", REF, "--out", str(out)).exit_code == 2  # not over another
    assert run("privacy", "export", REF, "--out", "held.doc").exit_code == 2


def test_retain_shows_what_it_would_do(site: Site) -> None:
    told = run("privacy", "retain", "--dry-run")
    assert told.exit_code == 0
    assert "suggestions" in told.stdout
    assert "for ever" in told.stdout


def test_backup_erase_restore_leaves_nothing(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "copy.zip"
    assert run("backup", "create", str(file)).exit_code == 0
    assert run("privacy", "erase", REF, "--yes").exit_code == 0
    site.engine.dispose()
    done = run("backup", "restore", str(file), "--yes")
    assert done.exit_code == 0, done.output
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert run("audit", "verify").exit_code == 0
    assert run("backup", "restore", str(tmp_path / "none.zip"), "--yes").exit_code == 2


def test_the_doctor_tells_of_what_is_not_finished(site: Site) -> None:
    def finding(name: str) -> str:
        line = next(found for found in examine(site.settings) if found.name == name)
        return f"{line.told} {line.mend}"

    assert finding("Erasures") == "none so far "
    erase_rows(site.settings, site.engine, Whom(REF), "cli")
    assert "potica privacy apply" in finding("Erasures")
    assert run("privacy", "apply").exit_code == 0
    assert finding("Erasures") == "1 in the ledger "
    assert "all cases" in finding("Redaction")
    with site.sessions.begin() as session:
        session.execute(text('UPDATE "case" SET redacted_with = NULL'))
    assert "rebuild --redact" in finding("Redaction")
