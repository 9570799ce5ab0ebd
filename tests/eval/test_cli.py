"""The commands: options of several files, clear ends, figures in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from kb.config import get_settings
from tests.eval.test_folders import write
from tests.eval.test_runs import shop

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A home of its own with the model that is there already."""
    models = get_settings().models_dir.resolve()
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(models)
    monkeypatch.setenv("POTICA_HOME", str(home))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def run(*words: object) -> tuple[int, str]:
    result = runner.invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_figures_go_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out" / "figures.json"
    code, output = run("retrieval", shop(tmp_path / "shop"), "--json", out, "--split", "test")
    assert code == 0, output
    assert "engine" in output
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert set(figures["engine"]) == {"R@1", "R@5", "MRR@5", "nDCG@10"}
    assert figures["settings"]["split"] == "test"


@pytest.mark.parametrize("repeated", [True, False])
def test_several_files_for_one_option(tmp_path: Path, repeated: bool) -> None:
    folder = shop(tmp_path / "shop")
    more = [{"_id": "extra", "title": "Extra", "text": "Something else entirely."}]
    write(folder / "more.jsonl", more)
    write(folder / "asked.jsonl", [{"_id": "e", "text": "something else", "relevant": ["extra"]}])
    corpus: Sequence[object] = ("--corpus", folder / "corpus.jsonl", folder / "more.jsonl")
    if repeated:
        corpus = ("--corpus", folder / "corpus.jsonl", "--corpus", folder / "more.jsonl")
    out = tmp_path / "out.json"
    queries = ("--queries", "queries.jsonl", folder / "asked.jsonl")
    words = ("retrieval", *corpus, *(queries if not repeated else queries[:2]), folder)
    code, output = run(*words, "--json", out)
    assert code == 0, output
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["documents"] == 7
    assert figures["n"] == (30 if repeated else 31)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("retrieval", "holds no corpus"),
        ("similar-cases", "neither train.jsonl"),
        ("nothing-known", "holds no turns"),
        ("crosslingual", "in at least two of"),
        ("all", "holds no evaluation folder"),
    ],
)
def test_missing_data_ends_with_a_sentence(tmp_path: Path, command: str, message: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, output = run(command, empty)
    assert code == 1
    assert message in " ".join(output.split())
    assert "Traceback" not in output
    code, output = run(command, tmp_path / "nowhere")
    assert code == 1
    assert "There is no folder" in output


def test_everything_with_a_report(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shop(data / "shop")
    code, output = run("all", data, "--report", tmp_path / "report", "--limit", "5")
    assert code == 0, output
    assert "R@1 at least that of the best" in output
    text = (tmp_path / "report" / "quality.md").read_text(encoding="utf-8")
    assert "**test half**" in text
    assert (tmp_path / "report" / "quality.json").is_file()
