"""The commands that import, export and check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kb.cli import cases, content
from kb.config import get_settings

CONTENT = Path(__file__).parents[3] / "content"
runner = CliRunner()


@pytest.fixture(autouse=True)
def _settings(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POTICA_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("POTICA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def _run(app: typer.Typer, *args: str | Path) -> tuple[int, str]:
    result = runner.invoke(app, [str(arg) for arg in args])
    return result.exit_code, " ".join(result.output.split())


def _row(output: str, name: str) -> list[int]:
    """The figures of a row: created, changed, unchanged, rejected."""
    cells = output.split(name, 1)[1].split("│")[1:5]
    return [int(cell.replace(",", "")) for cell in cells]


def test_a_content_folder_goes_in_and_comes_out(tmp_path: Path) -> None:
    code, output = _run(content.app, "import", CONTENT, "--dry-run")
    assert code == 0
    assert "What would be imported" in output
    articles = _row(output, "articles")
    assert articles[0] >= 30
    code, output = _run(content.app, "import", CONTENT)
    assert (code, _row(output, "articles")) == (0, articles)
    assert _row(output, "cases")[0] >= 120
    assert _row(output, "synonyms") == [5, 0, 0, 0]
    assert _row(output, "incidents") == [2, 0, 0, 0]
    code, output = _run(content.app, "import", CONTENT)
    assert (code, _row(output, "articles")) == (0, [0, 0, articles[0], 0])
    code, output = _run(content.app, "export", tmp_path / "out")
    assert code == 0
    assert f"Wrote {articles[0]} articles" in output
    first = "en/wrong-postcode.md"
    assert (tmp_path / "out" / first).read_bytes() == (CONTENT / first).read_bytes()


def test_rejections_are_listed_and_the_exit_code_says_so(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("Question,Answer\nKje?,Tu\nPrazno?,\n", encoding="utf-8")
    columns = ["--map", "title=Question", "--map", "body=Answer", "--language", "sl"]
    code, output = _run(content.app, "import", path, *columns, "--state", "published")
    assert code == 1
    assert _row(output, "articles") == [1, 0, 0, 1]
    assert "faq.csv:3: No text" in output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--map", "title"], "write FIELD=COLUMN"),
        (["--map", "headline=Question"], "There is no field"),
        (["--format", "odt"], "markdown, jsonl, csv, html, docx or zendesk"),
        (["--body", "rtf"], "markdown or html"),
        (["--state", "lost"], "lost"),
        (["--language", "xx"], "'xx' is none of the languages here"),
    ],
)
def test_wrong_options_are_usage_errors(tmp_path: Path, args: list[str], message: str) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("Question,Answer\nKje?,Tu\n")
    code, output = _run(content.app, "import", path, *args)
    assert code == 2
    assert message in output.replace("│ ", "")


def test_a_missing_source_or_database_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = _run(content.app, "import", tmp_path / "none.csv")
    assert code == 2
    assert f"There is no file or folder {tmp_path / 'none.csv'}" in output
    monkeypatch.setenv("POTICA_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    get_settings.cache_clear()
    code, output = _run(content.app, "import", CONTENT)
    assert code == 2
    assert "potica init" in output


def test_check_lists_problems_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    text = (CONTENT / "en" / "wrong-postcode.md").read_text(encoding="utf-8")
    (tmp_path / "en" / "wrong-postcode.md").write_text(text, encoding="utf-8")
    code, output = _run(content.app, "check", tmp_path)
    assert code == 1
    assert "A dead link: there is no article print-label." in output
    assert "en/wrong-postcode.md:" in output
    assert _run(content.app, "check", tmp_path / "none")[0] == 2


def test_check_finds_nothing_in_a_tidy_folder(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    file = "---\narticle: a\nlanguage: en\ntitle: A\noriginal: true\nstate: draft\n---\n\nText.\n"
    (tmp_path / "en" / "a.md").write_text(file)
    assert _run(content.app, "check", tmp_path) == (0, "No problems found.")


def test_cases_are_imported_with_mapped_columns(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    rows = [{"Nr": "t1", "problem": "Help", "Fix": "Done"}, {"Nr": "t2", "mood": "sad"}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    args = ["--map", "case=Nr", "--map", "resolution=Fix", "--language", "en"]
    code, output = _run(cases.app, "import", path, *args, "--channel", "phone")
    assert code == 1
    assert _row(output, "cases") == [1, 0, 0, 1]
    assert "tickets.jsonl:2: mood: not a field here" in output
    assert _run(cases.app, "import", path, "--format", "markdown")[0] == 2


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    for app in (content.app, cases.app):
        code, output = _run(app, "import", tmp_path / "nowhere")
        assert code == 2
        assert "There is no file or folder" in output


def test_a_folder_without_articles_says_what_is_taken(tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text("title,body\na,b\n", encoding="utf-8")
    code, output = _run(content.app, "import", tmp_path)
    assert code == 0
    assert "*.md" in output
