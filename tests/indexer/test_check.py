"""Checking a content folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.check import check_content
from kb.errors import NotFound

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER = datetime(2035, 1, 1, tzinfo=UTC)


def test_the_demo_content_is_without_problems(content: Path) -> None:
    assert check_content(content, NOW) == []


@pytest.fixture
def folder(content: Path, tmp_path: Path) -> Path:
    """A small copy: two articles, one of them internal, and the data files."""
    for language in ("en", "sl"):
        (tmp_path / language).mkdir()
        for key in ("wrong-postcode", "postcode-relabel-procedure"):
            text = (content / language / f"{key}.md").read_text(encoding="utf-8")
            text = text.replace("](article:", "](https://lipa.example/")
            (tmp_path / language / f"{key}.md").write_text(text, encoding="utf-8")
    for name in ("offers", "incidents", "synonyms"):
        shutil.copytree(content / name, tmp_path / name)
    (tmp_path / "cases").mkdir()
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def _add(path: Path, text: str) -> None:
    path.write_bytes(path.read_bytes() + text.encode())


Change = Callable[[Path], None]
CASES: list[tuple[str, Change, str, str, str]] = [
    (
        "dead link",
        lambda f: _add(f / "sl/wrong-postcode.md", "\n[x](article:nowhere)\n"),
        "sl/wrong-postcode.md",
        "article:nowhere",
        "there is no article nowhere",
    ),
    (
        "internal link",
        lambda f: _add(f / "en/wrong-postcode.md", "\n[x](article:postcode-relabel-procedure)\n"),
        "en/wrong-postcode.md",
        "article:postcode-relabel",
        "postcode-relabel-procedure is internal",
    ),
    (
        "missing translation",
        lambda f: (f / "sl/wrong-postcode.md").unlink(),
        "en/wrong-postcode.md",
        "---",
        "no translation into sl",
    ),
    (
        "missing original",
        lambda f: (f / "en/wrong-postcode.md").unlink(),
        "sl/wrong-postcode.md",
        "---",
        "The original of wrong-postcode is not",
    ),
    (
        "two originals",
        lambda f: _edit(
            f / "sl/wrong-postcode.md", "translation_of: en", "original: true\nstate: draft"
        ),
        "sl/wrong-postcode.md",
        "original: true",
        "write translation_of here",
    ),
    (
        "wrong original",
        lambda f: _edit(f / "sl/wrong-postcode.md", "translation_of: en", "translation_of: pl"),
        "sl/wrong-postcode.md",
        "translation_of: pl",
        "is in en, not in pl",
    ),
    (
        "quotes nobody needs",
        lambda f: _edit(f / "sl/wrong-postcode.md", "- napačna pošta", "- 'napačna pošta'"),
        "sl/wrong-postcode.md",
        "'napačna pošta'",
        "Not in canonical form",
    ),
    (
        "two line feeds at the end",
        lambda f: _add(f / "en/wrong-postcode.md", "\r\n"),
        "en/wrong-postcode.md",
        "",
        "Not in canonical form",
    ),
    (
        "wrong place",
        lambda f: (f / "sl/wrong-postcode.md").rename(f / "sl/postcode.md") and None,
        "sl/postcode.md",
        "---",
        "belongs at sl/wrong-postcode.md",
    ),
    (
        "schema",
        lambda f: _edit(f / "en/wrong-postcode.md", "trust: validated", "trust: total"),
        "en/wrong-postcode.md",
        "trust: total",
        "trust: input should be",
    ),
    (
        "dates swapped",
        lambda f: _edit(
            f / "en/wrong-postcode.md",
            "review_by: '2027-03-31T00:00:00Z'",
            "valid_until: '2025-01-01T00:00:00Z'\nreview_by: '2027-03-31T00:00:00Z'",
        ),
        "en/wrong-postcode.md",
        "valid_until",
        "valid_until comes before valid_from",
    ),
    (
        "review passed",
        lambda f: _edit(f / "en/wrong-postcode.md", "'2027-03-31", "'2026-10-31"),
        "en/wrong-postcode.md",
        "review_by",
        "To be reviewed since 2026-10-31",
    ),
    (
        "offer without a language",
        lambda f: _edit(f / "offers/extra-cover.yaml", "  sl:\n", "  hr:\n"),
        "offers/extra-cover.yaml",
        "text:",
        "no text in sl",
    ),
    (
        "offer schema",
        lambda f: _edit(f / "offers/extra-cover.yaml", "kind: ", "kind: free "),
        "offers/extra-cover.yaml",
        "kind: free",
        "kind: input should be",
    ),
    (
        "offer dates",
        lambda f: _edit(f / "offers/extra-cover.yaml", "valid_from: '2026", "valid_from: '2036"),
        "offers/extra-cover.yaml",
        "valid_until",
        "valid_until comes before valid_from",
    ),
    (
        "incident schema",
        lambda f: _edit(f / "incidents/snow-brno-vienna.yaml", "severity: high", "severity: 11"),
        "incidents/snow-brno-vienna.yaml",
        "severity: 11",
        "severity: input should be",
    ),
    (
        "incident dates",
        lambda f: _edit(f / "incidents/snow-brno-vienna.yaml", "ends_at: '2026", "ends_at: '2016"),
        "incidents/snow-brno-vienna.yaml",
        "ends_at",
        "ends_at comes before starts_at",
    ),
    (
        "synonym in two groups",
        lambda f: _add(f / "synonyms/en.yaml", "- - PARCEL\n  - thing\n"),
        "synonyms/en.yaml",
        "PARCEL",
        "'PARCEL' stands in line",
    ),
    (
        "not YAML",
        lambda f: _add(f / "synonyms/en.yaml", "- - ["),
        "synonyms/en.yaml",
        "",
        "Not valid YAML",
    ),
]


@pytest.mark.parametrize(
    ("change", "file", "on_line", "message"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_problem_is_found_with_its_place(
    folder: Path, change: Change, file: str, on_line: str, message: str
) -> None:
    """`on_line` stands in the line the problem is given for."""
    assert check_content(folder, NOW) == []
    change(folder)
    found = [p for p in check_content(folder, NOW) if p.file == file and message in p.message]
    assert len(found) == 1
    lines = (folder / file).read_text(encoding="utf-8").split("\n")
    assert on_line in lines[found[0].line - 1]


CASE = (
    '{"case": "en-1", "language": "en", "channel": "chat", "subject": "no PIN",'
    ' "state": "resolved", "opened_at": "2026-01-19T17:20:00Z",'
    ' "resolved_at": "2026-01-19T17:41:00Z", "resolution": "Sent it again."}'
)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (CASE.replace(": ", ":") + "\n", 1, "Not in canonical form"),
        (CASE, 1, "must end with one line feed"),
        (CASE + "\n" + CASE.replace("en-1", "en-0") + "\n", 2, "sort by key"),
        (CASE.replace('"language": "en"', '"language": "sl"') + "\n", 1, "belongs in sl.jsonl"),
        (CASE.replace("T17:41", "T16:41") + "\n", 1, "resolved before it was opened"),
        (CASE[:-1] + ', "articles": ["nowhere"]}\n', 1, "there is no article nowhere"),
        (CASE.replace('"chat"', '"smoke"') + "\n", 1, "channel: input"),
        ("{\n", 1, "Not valid JSON"),
    ],
)
def test_each_problem_of_a_case_is_found(folder: Path, text: str, line: int, message: str) -> None:
    path = folder / "cases" / "en.jsonl"
    path.write_bytes((CASE + "\n").encode())
    assert check_content(folder, NOW) == []
    path.write_bytes(text.encode())
    found = [(p.file, p.line) for p in check_content(folder, NOW) if message in p.message]
    assert found == [("cases/en.jsonl", line)]


def test_dates_are_compared_with_now(folder: Path) -> None:
    assert any("To be reviewed" in p.message for p in check_content(folder, LATER))


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        check_content(tmp_path / "none")
