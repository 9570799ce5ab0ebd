"""potica keys add, list and revoke."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kb.cli import main
from kb.config import get_settings
from kb.db import create_engine_for, session_factory
from kb.domain import DEFAULT_ROLES, Permission
from kb.queries.keys import KeyView, list_keys

Run = Callable[..., Result]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path) -> Run:
    """`potica keys ...` on a database of its own."""
    monkeypatch.setenv("POTICA_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("POTICA_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")

    def run(*args: str, code: int = 0) -> Result:
        get_settings.cache_clear()
        result = CliRunner().invoke(main, ["keys", *args])
        get_settings.cache_clear()
        assert result.exit_code == code, result.output
        return result

    return run


def _stored(url: str) -> list[KeyView]:
    engine = create_engine_for(url)
    with session_factory(engine, read_only=True)() as session:
        found = list(list_keys(session).items)
    engine.dispose()
    return found


def test_a_key_is_made_listed_and_revoked(keys: Run, sqlite_url: str) -> None:
    made = keys(
        "add", "Help[desk]", "--may", "suggestions.ask", "--may", "cases.read", "--days", "90",
        "--facet", "country=GB", "--facet", "country=SI",
    )  # fmt: skip
    [key] = _stored(sqlite_url)
    token = made.stdout.strip()  # alone, for a script to keep
    assert token.startswith(f"potica_{key.id}_")
    assert token not in made.stderr
    assert key.permissions == {Permission.ask, Permission.read_cases}
    assert key.scope == {"country": ["GB", "SI"]}
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days in (89, 90)
    listed = keys("list").output
    for text in (key.id, "Help[desk]", "active", "cases.read", "country=GB,SI", "cli"):
        assert text in listed
    assert token.split("_")[2] not in listed
    keys("revoke", key.id)
    assert "revoked" in keys("list").output


def test_a_key_can_be_like_a_role(keys: Run, sqlite_url: str) -> None:
    keys("add", "Sidebar", "--like", "agent")
    [key] = _stored(sqlite_url)
    assert key.permissions == DEFAULT_ROLES["agent"]
    assert key.expires_at is None


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("add", "x", "--may", "everything"), "There is no permission 'everything'"),
        (("add", "x", "--like", "king"), "There is no role 'king'"),
        (("add", "x"), "name at least one"),
        (("add", "x", "--may", "cases.read", "--facet", "country"), "NAME=VALUE"),
        (("revoke", "nothing"), "There is no key 'nothing'"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    keys: Run, sqlite_url: str, args: tuple[str, ...], told: str
) -> None:
    result = keys(*args, code=2)
    assert told in " ".join(result.output.split())
    assert _stored(sqlite_url) == []
