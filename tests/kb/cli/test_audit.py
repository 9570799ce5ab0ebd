"""`potica audit`, run as an operator runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from kb.actions import audit
from kb.audit_head import FILE
from kb.cli import main
from kb.config import Settings, get_settings
from kb.db import create_engine_for, migrate, session_factory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A database with three entries."""
    monkeypatch.setenv("POTICA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    engine = create_engine_for(Settings(home=tmp_path, _env_file=None))
    migrate(engine)
    for key in ("a", "b", "c"):
        with session_factory(engine).begin() as session:
            audit.record(session, "eva", "publish", "article", key, version=2)
    engine.dispose()
    yield tmp_path
    get_settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def test_list_shows_what_is_asked_for(home: Path) -> None:
    found = run("list", "--id", "b")
    assert found.exit_code == 0
    assert "article b" in found.stdout
    assert "article a" not in found.stdout
    assert "1 of 1 entries" in found.stdout
    assert "whole-of-a-long-key" * 9 in _listed_after("whole-of-a-long-key" * 9, home)
    assert "0 of 0" in run("list", "--until", "2020-01-01").stdout


def _listed_after(key: str, home: Path) -> str:
    """What the list says once there is an entry for `key`: into a file, nothing is cut."""
    engine = create_engine_for(Settings(home=home, _env_file=None))
    with session_factory(engine).begin() as session:
        audit.record(session, "eva", "publish", "article", key, version=2)
    engine.dispose()
    return run("list").stdout


def test_a_whole_chain_and_its_head(home: Path) -> None:
    assert "whole: 3 entries" in run("verify").stdout
    head = run("head").stdout.strip()
    assert head.startswith("3:")
    assert run("verify", "--head", head).exit_code == 0
    assert run("verify", "--head", "3:zz").exit_code == 2
    (home / FILE).unlink()
    assert "cannot be seen" in run("verify").stdout


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audit WHERE number = 3", "cut off the end"),
        ("UPDATE audit SET actor = 'jan' WHERE number = 2", "entry 2 was changed"),
    ],
)
def test_what_is_wrong_ends_with_1(home: Path, statement: str, told: str) -> None:
    _change(home, statement)
    found = run("verify")
    assert found.exit_code == 1
    assert told in found.stdout


def test_a_head_noted_elsewhere_tells_when_the_file_was_cut_too(home: Path) -> None:
    noted = run("head").stdout.strip()
    _change(home, "DELETE FROM audit WHERE number = 3")
    (home / FILE).unlink()
    assert run("verify").exit_code == 0
    assert run("verify", "--head", noted).exit_code == 1


def _change(home: Path, statement: str) -> None:
    engine = create_engine_for(f"sqlite:///{home / 'potica.db'}")
    with engine.begin() as connection:
        for name in ("audit_no_update", "audit_no_delete"):
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement))
    engine.dispose()
