"""Importing articles from folders, JSONL and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, Limits, import_articles
from kb.actions.articles import set_audience
from kb.domain import Article, ArticleState, Audience, AuditEntry, OutboxEvent, Revision
from kb.errors import InvalidInput, NotFound, TooLarge
from kb.queries.articles import load_article, load_published

Sessions = sessionmaker[Session]

ORIGINAL = """---
article: lost-key
language: en
title: I lost my key
summary: Ask for a new one.
keywords:
- no key
original: true
state: published
audience: public
trust: validated
governance: compliance
tags:
- keys
facets:
  product:
  - locker
owner: desk
valid_from: '2026-01-01T00:00:00Z'
---

Ask at the desk.
"""
TRANSLATION = """---
article: lost-key
language: sl
title: Izgubil sem ključ
translation_of: en
---

Vprašajte pri okencu.
"""


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def _count(sessions: Sessions, table: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_folder_becomes_articles_with_all_they_state(tmp_path: Path, sessions: Sessions) -> None:
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    _write(tmp_path, "sl/lost-key.md", TRANSLATION)
    report = import_articles(sessions, tmp_path)
    assert (report.created, report.rejected) == (["lost-key"], [])
    with sessions() as session:
        view = load_published(session, "lost-key")
    assert view is not None
    assert (view.audience, view.trust, view.governance) == ("public", "validated", "compliance")
    assert (view.tags, view.facets, view.owner) == (("keys",), {"product": ["locker"]}, "desk")
    assert view.valid_from is not None
    assert view.valid_from.isoformat() == "2026-01-01T00:00:00+00:00"
    assert [(t.language, t.title, t.body) for t in view.translations] == [
        ("en", "I lost my key", "Ask at the desk."),
        ("sl", "Izgubil sem ključ", "Vprašajte pri okencu."),
    ]
    assert view.translations[0].keywords == ("no key",)


def test_importing_again_writes_nothing(tmp_path: Path, sessions: Sessions) -> None:
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    import_articles(sessions, tmp_path)
    before = [_count(sessions, table) for table in (Revision, AuditEntry, OutboxEvent)]
    report = import_articles(sessions, tmp_path)
    assert report.unchanged == ["lost-key"]
    assert [_count(sessions, table) for table in (Revision, AuditEntry, OutboxEvent)] == before


def test_a_dry_run_tells_the_same_and_writes_nothing(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    _write(tmp_path, "en/bad.md", "no front matter")
    dry = import_articles(sqlite_sessions, tmp_path, ImportOptions(dry_run=True))
    assert _count(sqlite_sessions, Article) == 0
    wet = import_articles(sqlite_sessions, tmp_path)
    assert (dry.created, dry.rejected) == (wet.created, wet.rejected)
    assert dry.dry_run
    assert _count(sqlite_sessions, Article) == 1


def test_a_changed_text_is_published_with_its_article(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    import_articles(sqlite_sessions, tmp_path)
    (tmp_path / "en/lost-key.md").unlink()
    _write(tmp_path, "sl/lost-key.md", TRANSLATION)
    report = import_articles(sqlite_sessions, tmp_path)  # the original is in the database
    assert report.changed == ["lost-key"]
    with sqlite_sessions() as session:
        view = load_published(session, "lost-key")
    assert view is not None
    assert [t.language for t in view.translations] == ["en", "sl"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("Just text\n", 1, "No front matter"),
        ("---\ntitle: x\n", 1, "has no end"),
        ("---\n- a\n---\n\nx\n", 2, "not a list of"),
        ("---\ntitle: [\n---\n\nx\n", 2, "Not valid YAML"),
        ("---\ntitle: x\ntitle: y\n---\n\nx\n", 3, "'title' stands twice"),
        ("---\ntitle: &a x\nsummary: *a\n---\n\nx\n", 2, "anchors and aliases"),
        ("---\ntitle: !!python/name:os.system x\n---\n\nx\n", 2, "tags are not taken"),
        (f"---\ntags: {'[' * 5000}{']' * 5000}\n---\n\nx\n", 2, "nested more than 12"),
        ("---\ntitle: x\n---\n\n \n", 5, "has no text"),
        ("---\ntitle: x\ncolour: red\n---\n\nx\n", 3, "colour: not a field here"),
        ("---\ntitle: 5\n---\n\nx\n", 2, "title: input should be a valid string"),
        ("---\ntitle: x\nstate: gone\n---\n\nx\n", 3, "state: input should be"),
        ("---\ntitle: x\nvalid_from: '2026-01-01'\n---\n\nx\n", 3, "valid_from:"),
        ("---\ntitle: x\ntranslation_of: sl\naudience: public\n---\n\nx\n", 4, "audience: not a"),
        ("---\ntitle: x\ntranslation_of: en\n---\n\nx\n", 3, "translation of itself"),
        ("---\narticle: Big Key\ntitle: x\n---\n\nx\n", 1, "cannot be the key"),
        ("---\ntitle: x\n---\n\na\0b\n", 1, "NUL"),
        (f"---\ntitle: {'x' * 70_000}\n---\n\nx\n", 1, "longer than 65,536 bytes"),
        ("---\nlanguage: english\ntitle: x\n---\n\nx\n", 1, "not a language"),
    ],
)
def test_a_bad_file_is_rejected_with_its_line_and_the_rest_comes_in(
    tmp_path: Path, sqlite_sessions: Sessions, text: str, line: int, reason: str
) -> None:
    _write(tmp_path, "en/aaa.md", text)
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    report = import_articles(sqlite_sessions, tmp_path)
    assert report.created == ["lost-key"]
    (rejected,) = report.rejected
    assert (rejected.file, rejected.line) == ("en/aaa.md", line)
    assert reason in rejected.reason


def test_a_file_in_another_encoding_is_rejected(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = tmp_path / "sl" / "x.md"
    path.parent.mkdir()
    path.write_bytes("---\ntitle: Ključ\n---\n\nčšž\n".encode("cp1250"))
    report = import_articles(sqlite_sessions, tmp_path)
    assert "Not UTF-8 at byte" in report.rejected[0].reason


def test_plain_files_need_little_and_tolerate_what_editors_leave(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    text = "\ufeff---\r\nx-team: desk\r\n---\r\n\r\n# Ključ\r\n\r\nVprašajte.\r\n"
    _write(tmp_path, "sl/kljuc.md", text)
    report = import_articles(sqlite_sessions, tmp_path, ImportOptions(audience=Audience.customer))
    assert report.rejected == []
    with sqlite_sessions() as session:
        view = load_article(session, "kljuc")
    assert (view.original_language, view.state, view.audience) == ("sl", "draft", "customer")
    assert view.translations[0].title == "Ključ"
    assert "\r" not in view.translations[0].body


def test_a_translation_without_its_original_is_rejected(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    _write(tmp_path, "sl/lost-key.md", TRANSLATION)
    report = import_articles(sqlite_sessions, tmp_path)
    assert report.rejected[0].file == "sl/lost-key.md"
    assert "neither here nor in the database" in report.rejected[0].reason


def test_a_language_or_an_original_given_twice_is_rejected(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    _write(tmp_path, "en/lost-key.md", ORIGINAL)
    _write(tmp_path, "old/lost-key.md", ORIGINAL)
    _write(tmp_path, "sl/lost-key.md", ORIGINAL.replace("language: en", "language: sl"))
    report = import_articles(sqlite_sessions, tmp_path)
    assert report.created == ["lost-key"]
    assert "already in en/lost-key.md, line 1" in report.rejected[0].reason
    assert "write translation_of here" in report.rejected[1].reason


def test_links_out_of_the_folder_are_not_followed(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    outside = _write(tmp_path, "outside/secret.md", ORIGINAL)
    folder = tmp_path / "in"
    _write(folder, "en/mine.md", ORIGINAL)
    (folder / "en" / "secret.md").symlink_to(outside)
    (folder / "all").symlink_to(outside.parent)
    report = import_articles(sqlite_sessions, folder)
    assert report.created == ["lost-key"]
    assert [r.file for r in report.rejected] == ["all", "en/secret.md"]
    assert all("leads out of the folder" in r.reason for r in report.rejected)


def test_too_many_files_or_no_folder_is_an_error_of_its_own(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    for name in "abc":
        _write(tmp_path, f"en/{name}.md", ORIGINAL)
    with pytest.raises(TooLarge, match="more than 2 files"):
        import_articles(sqlite_sessions, tmp_path, ImportOptions(limits=Limits(files=2)))
    with pytest.raises(NotFound, match="no file"):
        import_articles(sqlite_sessions, tmp_path / "none.jsonl")
    with pytest.raises(NotFound, match="no file or folder"):
        import_articles(sqlite_sessions, tmp_path / "none.odt")
    (tmp_path / "some.odt").write_bytes(b"PK")
    with pytest.raises(InvalidInput, match="--format"):
        import_articles(sqlite_sessions, tmp_path / "some.odt")


def test_a_move_the_article_may_not_make_is_rejected(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    path = _write(tmp_path, "en/lost-key.md", ORIGINAL.replace("published", "archived"))
    import_articles(sqlite_sessions, tmp_path)
    path.write_text(ORIGINAL)
    report = import_articles(sqlite_sessions, tmp_path)
    assert "restore it first" in report.rejected[0].reason


def test_markdown_without_front_matter_needs_a_language(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    text = "```sh\n# no heading\n```\n\n# The key in C# #\n\nAsk. [More](Lost_box.md)\n"
    _write(tmp_path, "Lost Key.md", text)
    _write(tmp_path, "Lost_box.md", "Look behind it.\n")
    _write(tmp_path, "sl/lost-box.md", "# Izgubljena škatla\n\nPoglejte.\n")
    _write(tmp_path, "heading.md", "# Only a heading\n")
    refused = import_articles(sqlite_sessions, tmp_path)
    assert (refused.created, len(refused.rejected)) == ([], 4)
    assert all("choose a language" in one.reason for one in refused.rejected)
    options = ImportOptions(language="en", audience=Audience.public)
    report = import_articles(sqlite_sessions, tmp_path, options)
    assert report.created == ["lost-key", "lost-box"]
    assert [(r.file, r.reason) for r in report.rejected] == [
        ("heading.md", "It has no text: leave it out.")
    ]
    with sqlite_sessions() as session:
        key, box = (load_article(session, key) for key in report.created)
    assert (key.audience, key.state) == ("public", "draft")
    assert [(t.title, t.body) for t in key.translations] == [
        ("The key in C#", "```sh\n# no heading\n```\n\n\nAsk. [More](article:lost-box)")
    ]
    assert [(t.language, t.title) for t in box.translations] == [
        ("en", "Lost box"),
        ("sl", "Izgubljena škatla"),
    ]
    assert import_articles(sqlite_sessions, tmp_path, options).unchanged == report.created


def test_jsonl_of_the_usual_shapes(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    rows = [
        {"_id": "d1", "title": "Lost key", "text": "Ask.", "lang": "en", "entity": "desk"},
        {"id": 17, "question": "Kje?", "answer": "Tu.", "language": "sl", "entity": ["a", "b"]},
        {"key": "d3", "text": "First line\nand the rest", "lang": "en", "metadata": {"x": 1}},
        {"_id": "d4", "title": "No text", "lang": "en"},
        {"_id": "d5", "text": "No language"},
        {"_id": "d1", "title": "Izgubljen ključ", "text": "Vprašajte.", "lang": "sl"},
    ]
    path = _write(tmp_path, "docs.jsonl", "\n".join(json.dumps(row) for row in rows))
    options = ImportOptions(facets=("entity",), state=ArticleState.published)
    report = import_articles(sqlite_sessions, path, options)
    assert report.created == ["d1", "17", "d3"]
    assert [(r.line, r.reason.split(":")[0]) for r in report.rejected] == [
        (4, "No text"),
        (5, "No language"),
    ]
    with sqlite_sessions() as session:
        first, second, third = (load_article(session, key) for key in report.created)
    assert first.facets == {"entity": ["desk"]}
    assert [t.language for t in first.translations] == ["en", "sl"]
    assert second.facets == {"entity": ["a", "b"]}
    assert third.translations[0].title == "First line"
    assert [(n.line, n.message) for n in report.notices] == [
        (3, "No title: the first line of the text became the title.")
    ]
    assert {a.state for a in (first, second, third)} == {ArticleState.published}
    again = import_articles(sqlite_sessions, path, options)
    assert again.unchanged == report.created


def test_csv_with_mapped_columns(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    text = (
        "Question;Answer;Topic;state\n"
        "Kje je moj paket?;Poglejte sledenje.;tracking|delivery;Ljubljana\n"
    )
    path = _write(tmp_path, "faq.csv", text)
    options = ImportOptions(
        mapping={"title": "Question", "body": "Answer", "tags": "Topic", "state": ""},
        language="sl",
    )
    report = import_articles(sqlite_sessions, path, options)
    assert report.rejected == []
    (key,) = report.created
    assert key.startswith("kje-je-moj-paket-")
    with sqlite_sessions() as session:
        view = load_article(session, key)
    assert (view.tags, view.state) == (("tracking", "delivery"), "draft")
    assert view.translations[0].body == "Poglejte sledenje."


def test_a_table_leaves_alone_what_it_does_not_state(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    path = _write(tmp_path, "docs.jsonl", '{"id": "d1", "title": "A", "text": "B", "lang": "en"}')
    import_articles(sqlite_sessions, path)
    with sqlite_sessions.begin() as session:
        set_audience(session, "d1", Audience.public, "editor")
    report = import_articles(sqlite_sessions, path)
    assert report.unchanged == ["d1"]
    report = import_articles(sqlite_sessions, path, ImportOptions(audience=Audience.internal))
    assert report.changed == ["d1"]


def test_mapping_to_a_column_that_is_not_there_takes_nothing(
    tmp_path: Path, sqlite_sessions: sessionmaker[Session]
) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("Question,Answer\nWhere is it?,In the box.\n", encoding="utf-8")
    options = ImportOptions(mapping={"title": "Heading", "body": "Answer"}, language="en")
    report = import_articles(sqlite_sessions, path, options)
    assert report.created == []
    assert [r.reason for r in report.rejected] == [
        "There is no column 'Heading': the file has Question, Answer."
    ]


def test_mapping_to_a_field_that_is_none_is_an_error(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    path = _write(tmp_path, "faq.csv", "a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="no field 'headline'"):
        import_articles(sqlite_sessions, path, ImportOptions(mapping={"headline": "a"}))


def test_batches_commit_one_by_one_and_report_progress(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    lines = [f'{{"id": "d{n}", "title": "A{n}", "text": "B", "lang": "en"}}' for n in range(5)]
    path = _write(tmp_path, "docs.jsonl", "\n".join(lines))
    seen: list[tuple[int, int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total, _count(sqlite_sessions, Article)))

    import_articles(sqlite_sessions, path, ImportOptions(batch=2), progress)
    assert seen == [(2, 5, 2), (4, 5, 4), (5, 5, 5)]
