"""`potica webhooks`, run as an operator runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kb.cli import main
from kb.config import Settings, get_settings
from kb.db import create_engine_for, migrate
from tests.kb.hooked import receiver


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    monkeypatch.setenv("POTICA_HOME", str(folder))
    monkeypatch.setenv("POTICA_PUBLIC_URL", "https://kb.example")
    monkeypatch.setenv("POTICA_WEBHOOK_HOSTS", '["127.0.0.1"]')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    get_settings.cache_clear()
    engine = create_engine_for(Settings(home=folder, _env_file=None))
    migrate(engine)
    engine.dispose()
    yield folder
    get_settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["webhooks", *arguments])


def made(*arguments: str) -> tuple[str, str]:
    """Id and secret of a new webhook."""
    done = run("add", *arguments)
    assert done.exit_code == 0, done.output
    return done.stderr.split()[1], done.stdout.strip()


def test_one_that_is_told_of_events_is_made_tried_and_listed() -> None:
    with receiver(lambda n: 204 if n == 0 else 500) as crm:
        key, secret = made("CRM", "--url", crm.url, "--event", "all", "--facet", "country=SI")
        assert secret.startswith("whsec_")
        tried = run("test", key)
        assert (tried.exit_code, "204" in tried.stdout) == (0, True)
        again = run("test", key)
        assert (again.exit_code, "500" in again.stdout) == (1, True)
        assert len(crm.got) == 2
    shown = run("deliveries", key).stdout
    assert "delivered" in shown
    assert "It answered 500." in shown
    assert "1 of 1." in run("deliveries", key, "--state", "waiting").stdout
    listed = run("list").stdout
    for text in (key, "CRM", "country=SI", "failing, 1x", "1 waiting", "colleague_answered"):
        assert text in listed
    assert secret not in listed


def test_one_that_sends_conversations_is_told_where_to() -> None:
    done = run("add", "Desk", "--source", "desk")
    assert "https://kb.example/api/v1/hooks/whk_" in done.stderr
    key = done.stderr.split()[1]
    other = run("rotate", key).stdout.strip()
    assert other.startswith("whsec_")
    assert other != done.stdout.strip()
    assert run("rotate", key, "--at-once").exit_code == 0
    assert run("test", key).exit_code == 1


def test_it_is_disabled_enabled_and_removed() -> None:
    key, _ = made("CRM", "--url", "https://crm.example/", "--event", "resolved")
    assert run("disable", key).exit_code == 0
    assert "disabled" in run("list").stdout
    assert run("test", key).exit_code == 1
    assert run("enable", key).exit_code == 0
    assert "good" in run("list").stdout
    assert run("remove", key).exit_code == 0
    for command in ("remove", "rotate", "test", "deliveries", "enable"):
        gone = run(command, key)
        assert (gone.exit_code, "no webhook" in gone.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["CRM"],
        ["CRM", "--url", "https://crm.example/", "--source", "crm"],
        ["CRM", "--url", "https://crm.example/"],
        ["CRM", "--url", "https://10.1.1.1:8/", "--event", "all"],
        ["CRM", "--url", "https://crm.example/", "--event", "sold"],
        ["CRM", "--source", "C R M"],
        ["CRM", "--source", "crm", "--facet", "country"],
    ],
)
def test_what_makes_no_webhook(arguments: list[str]) -> None:
    done = run("add", *arguments)
    assert done.exit_code in (1, 2)
    assert "whsec_" not in done.output
    assert run("deliveries", "whk_1", "--state", "lost").exit_code == 2
