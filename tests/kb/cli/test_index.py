"""The commands about the index, with the real encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col
from typer.testing import CliRunner

from indexer.load import ImportOptions, import_articles
from kb.actions.outbox import mark_failed
from kb.cli import index
from kb.config import get_settings
from kb.db import create_engine_for, session_factory
from kb.domain import ArticleState, OutboxEvent, Passage
from tests.models import MODELS

runner = CliRunner()


@pytest.fixture
def sessions(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sessionmaker[Session]]:
    """Two articles waiting to be indexed, in the database the commands use."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(MODELS)
    monkeypatch.setenv("POTICA_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("POTICA_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    engine = create_engine_for(sqlite_url)
    factory = session_factory(engine)
    path = tmp_path / "faq.csv"
    path.write_text("id,title,body\na,Lost key,Ask at the desk.\nb,Opening hours,From seven.\n")
    options = ImportOptions(language="en", state=ArticleState.published)
    import_articles(factory, path, options)
    yield factory
    engine.dispose()
    get_settings.cache_clear()


def _run(command: str) -> tuple[int, str]:
    result = runner.invoke(index.app, [command])
    return result.exit_code, " ".join(result.output.split())


def test_rebuild_makes_all_there_is_and_verify_agrees(sessions: sessionmaker[Session]) -> None:
    code, output = _run("verify")
    assert code == 1
    assert "Missing or outdated: 4." in output
    assert "Texts without a vector: 4." in output
    code, output = _run("rebuild")
    assert code == 0
    assert "Indexed 2 documents; 0 failed." in output
    assert (get_settings().index_dir / "CURRENT").is_file()
    code, output = _run("verify")
    assert code == 0
    assert "2 documents with 4 passages expected. The index holds exactly that." in output


def test_status_counts_and_names_what_was_given_up(sessions: sessionmaker[Session]) -> None:
    code, output = _run("status")
    assert code == 0
    assert "Pending: 2, of these failed before: 0." in output
    assert _run("rebuild")[0] == 0
    with sessions.begin() as session:
        session.add(event := OutboxEvent(pool="article", document_id="a"))
        session.flush()
        for _ in range(5):
            mark_failed(session, [event.id or 0], "too strange")
    code, output = _run("status")
    assert code == 1
    assert "Given up: article a: too strange" in output
    assert "│ article │ en │ 4 │" in output.replace("│ article │ en       │", "│ article │ en │")


def test_rebuild_mends_what_was_lost(sessions: sessionmaker[Session]) -> None:
    assert _run("rebuild")[0] == 0
    with sessions.begin() as session:
        session.execute(delete(Passage).where(col(Passage.document_id) == "b"))
    code, output = _run("rebuild")
    assert code == 0
    assert "Missing or outdated: 2." in output
    assert "Mended." in output
    assert "article b" in output
    assert _run("verify")[0] == 0


def test_verify_sees_a_damaged_snapshot(sessions: sessionmaker[Session]) -> None:
    assert _run("rebuild")[0] == 0
    (get_settings().index_dir / "CURRENT").write_text("nowhere")
    code, output = _run("verify")
    assert code == 1
    assert "Snapshot:" in output
