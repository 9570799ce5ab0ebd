"""init, demo, serve, ask and doctor, on a home of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from kb.cli import main
from kb.cli.doctor import examine
from kb.config import Settings, get_settings
from kb.db import create_engine_for, session_factory
from kb.domain import Embedding
from kb.encoders.packaged import MODEL_ID
from tests.site import copy_home, make_home

runner = CliRunner()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("commands") / "home")


def _run(monkeypatch: pytest.MonkeyPatch, settings: Settings, *args: str) -> tuple[int, str]:
    monkeypatch.setenv("POTICA_HOME", str(settings.home))
    monkeypatch.setenv("POTICA_CONTENT_DIR", str(settings.content_dir))
    monkeypatch.setenv("POTICA_PORT", str(settings.port))
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    result = runner.invoke(main, list(args))
    get_settings.cache_clear()
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def empty(site: Settings, tmp_path: Path) -> Settings:
    """A home with nothing but the model."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to((site.home / "models").resolve())
    return site.model_copy(update={"home": home})


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        yield own.getsockname()[1]


def test_every_command_has_help(monkeypatch: pytest.MonkeyPatch, site: Settings) -> None:
    code, output = _run(monkeypatch, site, "--help")
    assert code == 0
    for name in ("init", "demo", "serve", "ask", "doctor", "content", "cases", "index"):
        assert name in output
    for name in ("eval", "bench"):
        assert _run(monkeypatch, site, name, "--help")[0] == 0


def test_init_sets_up_and_changes_nothing_the_second_time(
    monkeypatch: pytest.MonkeyPatch, empty: Settings
) -> None:
    assert _run(monkeypatch, empty, "serve")[0] == 2  # not set up: says so, does not start
    for _ in range(2):
        code, output = _run(monkeypatch, empty, "init")
        assert (code, "Ready" in output) == (0, True)
    assert (empty.home / "potica.db").is_file()


def test_init_for_the_model_only(monkeypatch: pytest.MonkeyPatch, empty: Settings) -> None:
    assert _run(monkeypatch, empty, "init", "--model-only")[0] == 0
    assert not (empty.home / "potica.db").exists()


def test_the_demo_fills_once(monkeypatch: pytest.MonkeyPatch, empty: Settings) -> None:
    code, output = _run(monkeypatch, empty, "demo", "--no-serve")
    assert code == 0
    assert "6 articles, 6 new" in output
    assert "25 cases, 25 new" in output
    assert "/try" in output
    assert "curl" in output
    before = (empty.home / "index" / "CURRENT").read_text(encoding="utf-8")
    code, output = _run(monkeypatch, empty, "demo", "--no-serve")
    assert (code, "6 articles, 0 new, 0 changed" in output) == (0, True)
    assert (empty.home / "index" / "CURRENT").read_text(encoding="utf-8") == before


def test_a_demo_without_content_says_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, empty: Settings, tmp_path: Path
) -> None:
    lost = empty.model_copy(update={"content_dir": tmp_path / "nowhere"})
    code, output = _run(monkeypatch, lost, "demo", "--no-serve")
    assert code == 2
    assert "POTICA_CONTENT_DIR" in output


def test_ask_answers_with_source_reply_and_reasons(
    monkeypatch: pytest.MonkeyPatch, site: Settings
) -> None:
    code, output = _run(monkeypatch, site, "ask", "PIN-a za paketnik nisem dobil", "--why")
    assert code == 0
    assert "Nisem prejel PIN-a za paketnik" in output
    assert "[1] article:locker-pin-missing" in output
    assert "Similar cases" in output
    for part in ("dense", "title", "lexical", "facet", "trust", "use", "score"):
        assert part in output


def test_ask_as_a_customer_and_in_a_language(
    monkeypatch: pytest.MonkeyPatch, site: Settings
) -> None:
    command = ("ask", "goodwill credit", "--reader", "public", "--lang", "en")
    code, output = _run(monkeypatch, site, *command)
    assert code in (0, 1)
    assert "Language en" in output
    assert "goodwill-credit-procedure" not in output
    assert "Similar cases" not in output


def test_ask_in_a_language_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, site: Settings
) -> None:
    code, output = _run(monkeypatch, site, "ask", "goodwill credit", "--lang", "xx")
    assert code == 2
    assert "none of the languages here" in output
    assert _run(monkeypatch, site, "ask", "goodwill credit", "--lang", "en-GB")[0] in (0, 1)


def test_ask_says_when_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, site: Settings) -> None:
    code, output = _run(monkeypatch, site, "ask", "hvala lepa")
    assert code == 1
    assert "Nothing known" in output
    assert "asks_nothing" in output


def test_a_healthy_installation(
    monkeypatch: pytest.MonkeyPatch, site: Settings, free_port: int
) -> None:
    # The fixture holds the port without listening: what is bound can be told from what is free.
    taken = {finding.name: finding for finding in examine(_at(site, free_port))}
    assert "POTICA_PORT" in taken["Port"].mend
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
    code, output = _run(monkeypatch, _at(site, port), "doctor")
    assert (code, "All is well." in output) == (0, True), output
    assert "31 documents, as in SQL" in output


def _at(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"port": port})


def _mend(settings: Settings) -> dict[str, str]:
    return {finding.name: finding.mend for finding in examine(settings) if finding.mend}


def test_nothing_set_up(tmp_path: Path) -> None:
    mend = _mend(Settings(home=tmp_path / "none", _env_file=None, port=1))
    assert mend["Home"] == "Run `potica init`."
    assert mend["Model"] == "Run `potica init --model-only`."
    assert mend["Database"] == "Run `potica init`."


def test_an_index_that_was_never_built_and_one_that_is_damaged(
    monkeypatch: pytest.MonkeyPatch, empty: Settings
) -> None:
    _run(monkeypatch, empty, "init")
    assert "index rebuild" in _mend(empty)["Index"]
    _run(monkeypatch, empty, "content", "import", str(empty.content_dir))
    mend = _mend(empty)
    assert "index rebuild" in mend["Index"]
    assert "index rebuild" in mend["Outbox"]
    _run(monkeypatch, empty, "demo", "--no-serve")
    assert "Index" not in _mend(empty)
    generation = (empty.home / "index" / "CURRENT").read_text(encoding="utf-8").strip()
    damaged = empty.home / "index" / generation / "rows.npz"
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    assert "index rebuild" in _mend(empty)["Index"]


def test_vectors_of_the_model_before(
    monkeypatch: pytest.MonkeyPatch, site: Settings, tmp_path: Path
) -> None:
    updated = copy_home(site, tmp_path / "home")
    engine = create_engine_for(updated)
    with session_factory(engine).begin() as session:
        session.execute(update(Embedding).values(model_id="the-model-before"))
    engine.dispose()
    found = {finding.name: finding for finding in examine(updated)}["Index"]
    assert f"31 documents have no vectors of the model {MODEL_ID}" in found.told
    assert "index rebuild" in found.mend
    assert _run(monkeypatch, updated, "index", "rebuild")[0] == 0
    assert "Index" not in _mend(updated)


def test_a_damaged_model(site: Settings, tmp_path: Path) -> None:
    import shutil

    home = tmp_path / "home"
    source = site.models_dir / MODEL_ID / "onnx"
    folder = home / "models" / MODEL_ID / "onnx"
    shutil.copytree(source, folder)
    with (folder / "tokenizer.json").open("ab") as file:
        file.write(b" ")
    assert _mend(Settings(home=home, _env_file=None))["Model"] == "Run `potica init --model-only`."


@pytest.mark.parametrize("command", [["serve"], ["demo"]])
def test_a_port_that_is_taken_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, site: Settings, free_port: int, command: list[str]
) -> None:
    code, output = _run(monkeypatch, _at(site, free_port), *command)
    assert code == 2
    assert f"127.0.0.1:{free_port} cannot be used" in output
    assert "POTICA_PORT" in output


@pytest.mark.parametrize(
    "command",
    [
        ["init"],
        ["serve"],
        ["ask", "where is my PIN"],
        ["content", "import", "x.md"],
        ["index", "status"],
    ],
)
def test_a_database_that_is_away_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, site: Settings, command: list[str]
) -> None:
    monkeypatch.setenv("POTICA_DATABASE_URL", "postgresql://u:secret@127.0.0.1:9/x")
    code, output = _run(monkeypatch, site, *command)
    assert code == 1
    assert "The database is not available" in output
    assert "POTICA_DATABASE_URL" in output
    assert "secret" not in output


def test_the_doctor_finds_a_database_that_is_away(site: Settings) -> None:
    away = site.model_copy(update={"database_url": "postgresql://u:secret@127.0.0.1:9/x"})
    found = {finding.name: finding for finding in examine(away)}
    assert found["Database"].told == "The database is not available"
    assert "POTICA_DATABASE_URL" in found["Database"].mend
    assert "secret" not in found["Database"].mend
