"""Writing content back, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.export import export_content
from indexer.load import import_content
from kb.actions.articles import ArticleFields, ArticleInput, TranslationInput, save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.domain import ArticleState, Channel, Role
from kb.errors import InvalidInput

Sessions = sessionmaker[Session]
FIELDS = ArticleFields("en")


def _export(sessions: Sessions, folder: Path) -> dict[str, bytes]:
    with sessions() as session:
        export_content(session, folder)
    return _bytes(folder)


def _bytes(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_demo_content_comes_back_byte_for_byte(
    content: Path, tmp_path: Path, sessions: Sessions
) -> None:
    report = import_content(sessions, content)
    assert report.ok
    before = _bytes(content)
    wanted = {name: data for name, data in before.items() if not name.startswith("offers/")}
    assert len(wanted) > 200
    assert _export(sessions, tmp_path / "out") == wanted


AWKWARD = [
    "Plain.",
    "\n\n  indented first line\n\ntrailing\n\n\n",
    "---\nnot: front matter\n---\n",
    "tab\there \u00a0 nbsp \u2028 separator",
    "emoji 🙃 and žluťoučký",
]


@pytest.mark.parametrize("body", AWKWARD)
def test_any_text_survives_the_way_out_and_in(
    tmp_path: Path, sqlite_sessions: Sessions, body: str
) -> None:
    title = "yes: no # 'maybe' \"so\" 2026-01-01"
    text = TranslationInput("en", title, body, "- null", ("true", "12:30", "a: b", "~"))
    fields = ArticleFields(
        "en",
        tags=("on", "1e3"),
        facets={"no": ("yes", "0x1F")},
        owner="null",
        review_by=datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    )
    with sqlite_sessions.begin() as session:
        save_article(session, ArticleInput("a.b_c-1", [text], fields), "test")
    first = _export(sqlite_sessions, tmp_path / "one")
    report = import_content(sqlite_sessions, tmp_path / "one")
    assert report.articles.rejected == []
    assert report.articles.unchanged == ["a.b_c-1"]
    assert _export(sqlite_sessions, tmp_path / "two") == first


def test_cases_survive_too(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    case = CaseInput(
        id="en-1",
        language="en",
        channel=Channel.email,
        messages=(MessageInput(Role.customer, "line\nbreak \u2028 \"quoted\" \\ 🙃"),
                  MessageInput(Role.system, "", datetime(2026, 1, 1, tzinfo=UTC))),
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    with sqlite_sessions.begin() as session:
        save_case(session, case, "test")
    first = _export(sqlite_sessions, tmp_path / "one")
    (tmp_path / "one" / "en").mkdir()
    report = import_content(sqlite_sessions, tmp_path / "one")
    assert (report.cases.unchanged, report.cases.rejected) == (["en-1"], [])
    assert list(first) == ["cases/en.jsonl"]


def test_readers_texts_are_written_and_what_is_under_way_is_named(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        published = [TranslationInput("en", "A", "Published.")]
        save_article(session, ArticleInput("a", published, FIELDS, ArticleState.published), "test")
        drafts = [TranslationInput("en", "A", "Draft."), TranslationInput("sl", "A", "Osnutek.")]
        save_article(session, ArticleInput("a", drafts), "test")
    out = tmp_path / "out"
    with sqlite_sessions() as session:
        report = export_content(session, out)
    assert list(_bytes(out)) == ["en/a.md"]
    assert b"Published." in (out / "en" / "a.md").read_bytes()
    assert report.left_out == ["a (en): the change under way", "a (sl): not published yet"]


def test_a_folder_that_cannot_be_written_is_an_error(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        save_article(session, ArticleInput("a", [TranslationInput("en", "A", "B")], FIELDS), "test")
    (tmp_path / "en").write_text("a file in the way")
    with sqlite_sessions() as session, pytest.raises(InvalidInput, match="Choose a folder"):
        export_content(session, tmp_path)
