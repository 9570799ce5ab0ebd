"""Writing content back, byte for byte."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.check import check_content
from indexer.export import export_content
from indexer.load import ImportOptions, import_content
from kb.actions.article_input import Origin
from kb.actions.articles import (
    ArticleFields,
    ArticleInput,
    TranslationInput,
    archive,
    publish,
    save_article,
)
from kb.actions.attachments import keep_image
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.actions.redirects import merge, redirect
from kb.actions.schedules import plan
from kb.db import create_engine_for, session_factory
from kb.domain import (
    ArticleState,
    Attachment,
    Channel,
    Redirect,
    Role,
    Schedule,
    ScheduledAction,
    image_address,
)
from kb.errors import InvalidInput
from kb.queries.articles import load_article
from kb.queries.languages import load_board
from kb.queries.redirects import list_redirects

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


@pytest.fixture
def elsewhere(tmp_path: Path, sqlite_template: Path) -> Iterator[Sessions]:
    """Another installation, empty."""
    path = tmp_path / "elsewhere.db"
    shutil.copy(sqlite_template, path)
    engine = create_engine_for(f"sqlite:///{path}")
    yield session_factory(engine)
    engine.dispose()


def _picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, format="PNG")
    return out.getvalue()


def _fill(session: Session) -> None:
    """One of everything that an article can have."""
    key = keep_image(session, _picture((200, 0, 0)), "red.png", "test")
    soon = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    published = [
        TranslationInput("en", "A", f"Published.\n\n![Red]({image_address(key)})"),
        TranslationInput("pl", "A", "Wydane.", origin=Origin("small-model", "eva")),
        TranslationInput("cs", "A", "Stare.", origin=Origin(is_outdated=True)),
    ]
    save_article(session, ArticleInput("a", published, FIELDS, ArticleState.published), "test")
    under_way = [TranslationInput("en", "A", "Draft."), TranslationInput("sl", "A", "Osnutek.",
                 origin=Origin("small-model"))]  # fmt: skip
    save_article(session, ArticleInput("a", under_way), "test")
    plan(session, "a", ScheduledAction.publish, soon, "test", languages=["en"], note="after fair")
    plan(session, "a", ScheduledAction.archive, soon + timedelta(days=9), "test")
    for name in ("b", "c"):
        save_article(
            session, ArticleInput(name, [TranslationInput("en", "B", "Text.")], FIELDS), "test"
        )
    merge(session, "b", "a", "test", note="the same")
    redirect(session, "360001-where.html", "a", "test")
    redirect(session, "36000", "c", "test")
    archive(session, "c", "test")
    plan_of = [TranslationInput("en", "D", "All of it.")]
    save_article(session, ArticleInput("d", plan_of, FIELDS), "test")
    plan(session, "d", ScheduledAction.publish, soon, "test")
    save_article(session, ArticleInput("e", [TranslationInput("en", "E", "Original.")], FIELDS),
                 "test")  # fmt: skip
    save_article(session, ArticleInput("e", [TranslationInput("hu", "E", "Csak ez.")]), "test")
    publish(session, "e", ["hu"], "test")


def test_everything_of_an_article_comes_back_in_another_place(
    tmp_path: Path, sessions: Sessions, elsewhere: Sessions
) -> None:
    with sessions.begin() as session:
        _fill(session)
    first = _export(sessions, tmp_path / "one")
    assert {"en/a.md", "drafts/en/a.md", "drafts/sl/a.md", "drafts/en/e.md", "hu/e.md"} < set(first)
    report = import_content(elsewhere, tmp_path / "one").articles
    assert (report.rejected, report.notices, sorted(report.created)) == ([], [], list("abcde"))
    assert _export(elsewhere, tmp_path / "two") == first
    again = import_content(elsewhere, tmp_path / "one").articles
    assert (sorted(again.unchanged), again.notices) == (list("abcde"), [])
    with elsewhere() as session:
        a = load_article(session, "a")
        redirects = {row.old_id: row for row in list_redirects(session).items}
        plans = session.scalars(select(Schedule).order_by(col(Schedule.at))).all()
        statuses = _statuses(session, "a")
        image = session.scalars(select(Attachment)).one()
    assert [(t.language, t.is_published) for t in a.translations] == [
        ("en", False), ("cs", True), ("pl", True), ("sl", False)]  # fmt: skip
    assert {old: row.article_id for old, row in redirects.items()} == {
        "b": "a", "360001-where.html": "a", "36000": "c"}  # fmt: skip
    assert (redirects["b"].kind, redirects["b"].note) == ("merged", "the same")
    assert [(p.article_id, p.action, p.note, list(p.revisions)) for p in plans] == [
        ("a", "publish", "after fair", ["en"]), ("d", "publish", "", ["en"]),
        ("a", "archive", "", [])]  # fmt: skip
    assert statuses == {"cs": "outdated", "pl": "outdated", "sl": "unchecked"}
    assert image.data == _picture((200, 0, 0))


def _statuses(session: Session, key: str) -> dict[str, str]:
    (row,) = [r for r in load_board(session, ["cs", "pl", "sl"]).page.items if r.id == key]
    return {cell.language: cell.status for cell in row.cells}


def test_a_dry_run_of_everything_tells_the_same(
    tmp_path: Path, sqlite_sessions: Sessions, elsewhere: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        _fill(session)
    _export(sqlite_sessions, tmp_path / "one")
    dry = import_content(elsewhere, tmp_path / "one", ImportOptions(dry_run=True)).articles
    assert (sorted(dry.created), dry.rejected, dry.notices) == (list("abcde"), [], [])
    with elsewhere() as session:
        assert session.scalars(select(Attachment)).all() == []
        assert session.scalars(select(Redirect)).all() == []


def test_a_plan_for_a_text_that_was_changed_since_is_named(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        save_article(session, ArticleInput("a", [TranslationInput("en", "A", "1")], FIELDS), "test")
        moment = datetime(2099, 1, 2, tzinfo=UTC)
        plan(session, "a", ScheduledAction.publish, moment, "test")
        save_article(session, ArticleInput("a", [TranslationInput("en", "A", "2")]), "test")
    with sqlite_sessions() as session:
        report = export_content(session, tmp_path)
    assert report.left_out == [
        "a: the plan for 2099-01-02T00:00:00Z, which publishes an older text in en"
    ]


def test_what_leads_elsewhere_already_is_told_and_stays(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        for name in ("a", "b", "c"):
            text = [TranslationInput("en", name, "Text.")]
            save_article(session, ArticleInput(name, text, FIELDS), "test")
        redirect(session, "old", "b", "test")
    _export(sqlite_sessions, tmp_path)
    path = tmp_path / "en" / "a.md"
    head = path.read_text().replace("original: true\n", "original: true\nredirects:\n- old\n- c\n"
                                    "- https://x.example/hc/17-New.html?a=b\n")  # fmt: skip
    path.write_text(head)
    report = import_content(sqlite_sessions, tmp_path).articles
    assert (report.changed, report.rejected) == (["a"], [])
    assert [note.message for note in report.notices] == [
        "old leads to b already, not to a: it stays so.",
        "There is an article c: merge it into a by hand, if it is the same.",
    ]
    with sqlite_sessions() as session:
        found = {row.old_id: row.article_id for row in list_redirects(session).items}
    assert found == {"old": "b", "17-new": "a"}


def test_a_folder_that_cannot_be_written_is_an_error(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    with sqlite_sessions.begin() as session:
        save_article(session, ArticleInput("a", [TranslationInput("en", "A", "B")], FIELDS), "test")
    (tmp_path / "en").write_text("a file in the way")
    with sqlite_sessions() as session, pytest.raises(InvalidInput, match="Choose a folder"):
        export_content(session, tmp_path)


def test_what_is_exported_is_tidy(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        _fill(session)
    _export(sqlite_sessions, tmp_path)
    told = [p.message for p in check_content(tmp_path) if "no translation" not in p.message]
    assert told == []
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    (tmp_path / "drafts" / "sl" / "a.md").rename(tmp_path / "sl-a.md")
    problems = [p.message for p in check_content(tmp_path) if "no translation" not in p.message]
    assert problems[1] == "The file belongs at drafts/sl/a.md."
    assert problems[0].startswith("There is no picture images/")
