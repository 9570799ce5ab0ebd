"""Whole runs over small folders: real tables, indexer, snapshot and searcher, a small encoder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from eval.datasets import Document, Languages, Query
from eval.folders import read_crosslingual, read_retrieval, read_similar_cases
from eval.progress import Progress
from eval.report.quality import Heading, write_quality
from eval.report.targets import set_name
from eval.results import SYSTEMS, cross_json, known_json, retrieval_json
from eval.runs.ask import ask_all
from eval.runs.base import made_title, temporary_base
from eval.runs.baselines import Baselines, Question
from eval.runs.crosslingual import run_crosslingual
from eval.runs.everything import jobs_for, plan, run_all
from eval.runs.known import run_known
from eval.runs.retrieval import Asked, run_retrieval
from eval.runs.setup import Setup
from eval.splits import Split
from eval.turns import read_known
from kb.assist.types import Message
from kb.config import Settings
from kb.domain import Pool
from kb.errors import InvalidInput, NotFound
from tests.eval.test_folders import write
from tests.indexer.encoders import WordEncoder

TOPICS = {
    "locker": "Open the parcel locker with the code from the message on your phone.",
    "customs": "Duty is due on goods from outside the union, paid before delivery.",
    "invoice": "Download the invoice of your order as a file in your account.",
    "damage": "Take photographs of the broken box and report the damage within a week.",
    "address": "Change the delivery address before the courier has left the depot.",
    "packaging": "Choose a stronger carton when the contents are heavy or made of glass.",
}
POLISH = {
    "locker": "Otwórz automat paczkowy kodem z wiadomości na telefonie.",
    "customs": "Cło płaci się przed dostawą za towary spoza unii.",
    "invoice": "Pobierz fakturę za zamówienie jako plik na swoim koncie.",
    "damage": "Zrób zdjęcia uszkodzonego pudełka i zgłoś szkodę w ciągu tygodnia.",
    "address": "Zmień adres dostawy zanim kurier wyjedzie z magazynu.",
    "packaging": "Wybierz mocniejszy karton gdy zawartość jest ciężka lub szklana.",
}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    encoder = WordEncoder()
    return Setup(Settings(home=tmp_path / "home", _env_file=None), encoder, encoder)


@pytest.fixture
def progress() -> Progress:
    return Progress(Console(file=io.StringIO()))


def corpus_of(texts: dict[str, str]) -> list[object]:
    return [{"_id": key, "title": key.title(), "text": text} for key, text in texts.items()]


def shop(folder: Path) -> Path:
    write(folder / "corpus.jsonl", corpus_of(TOPICS))
    asked = [
        {"_id": f"{key}-{n}", "text": " ".join(text.split()[n : n + 7]), "relevant": [key]}
        for key, text in TOPICS.items()
        for n in range(5)
    ]
    write(folder / "queries.jsonl", asked)
    return folder


def test_retrieval_by_the_engine_and_beside_it(
    tmp_path: Path, setup: Setup, progress: Progress
) -> None:
    sets = read_retrieval(shop(tmp_path / "shop"), setup.languages)
    result = run_retrieval(sets, setup, progress, mode="open")
    assert (result.total.n, result.documents) == (30, 6)
    assert result.passages >= 12
    for system in SYSTEMS:
        assert result.total.value(system) > 0.7
    assert result.total.value("lexical") == 1.0
    found = retrieval_json(result)
    assert found["settings"] == {"split": "all", "pool": "article", "mode": "open"}
    assert set(result.languages) == {"en"}
    half = run_retrieval(sets, setup, progress, Asked(split=Split.test, limit=5))
    assert half.total.n == 5
    assert not list((tmp_path / "home").glob("potica*.db"))


def test_a_document_does_not_answer_itself(
    tmp_path: Path, setup: Setup, progress: Progress
) -> None:
    rows = corpus_of(TOPICS)
    twin = {"_id": "twin", "title": "Locker", "text": f"{TOPICS['locker']} Hurry up."}
    write(tmp_path / "tickets" / "corpus.jsonl", [*rows, twin])
    write(tmp_path / "tickets" / "qrels.tsv", ["locker\ttwin\t1", "twin\tlocker\t1"])
    sets = read_retrieval(tmp_path / "tickets", setup.languages)
    result = run_retrieval(sets, setup, progress, Asked(Pool.case))
    assert {system: result.total.value(system) for system in SYSTEMS} == dict.fromkeys(SYSTEMS, 1.0)


def test_a_known_entity_narrows_the_field_for_all(setup: Setup, progress: Progress) -> None:
    documents = [
        Document(name, "Wifi", "There is wifi for all guests.", "en", {"entity": [name]})
        for name in ("Sun", "Moon", "Star")
    ]
    anywhere = Document("anywhere", "Seats", "Seats can be chosen.", "en")
    query = Query("q", (Message("customer", "is there wifi?"),), "en", {}, {"entity": ["Moon"]})
    with temporary_base([*documents, anywhere], Pool.article, setup, progress) as base:
        (answer,) = ask_all(base, [query], progress)
        question = Question("is there wifi?", "en", {"entity": ["Moon"]})
        found = Baselines(base, progress).rank([question], progress)
    assert answer.ranking[0] == "Moon"
    assert {"Sun", "Star"}.isdisjoint(answer.ranking)
    assert found["lexical"] == [["Moon"]]
    assert set(found["dense"][0]) == {"Moon", "anywhere"}


def test_similar_cases(tmp_path: Path, setup: Setup, progress: Progress) -> None:
    train = [
        {"text": " ".join(text.split()[n:]), "intent": key}
        for key, text in TOPICS.items()
        for n in range(3)
    ]
    test = [{"text": " ".join(t.split()[2:9]), "intent": key} for key, t in TOPICS.items()]
    write(tmp_path / "train.jsonl", train)
    write(tmp_path / "test.jsonl", test)
    one = read_similar_cases(tmp_path, setup.languages)
    result = run_retrieval([one], setup, progress, Asked(Pool.case))
    assert result.total.value("engine", "R@5") >= 0.8
    assert "recall@10" in result.total.systems["engine"]


def test_across_languages_and_in_one_index(
    tmp_path: Path, setup: Setup, progress: Progress
) -> None:
    folder = tmp_path / "help"
    for tag, texts in (("en", TOPICS), ("pl", POLISH)):
        write(folder / f"corpus.{tag}.jsonl", corpus_of(texts))
        asked = [{"_id": key, "text": text, "relevant": [key]} for key, text in texts.items()]
        write(folder / f"queries.{tag}.jsonl", asked[: 6 if tag == "en" else 5])
    sets = read_crosslingual(folder, setup.languages)
    result = run_crosslingual(sets, setup, progress)
    assert result.languages == ("en", "pl")
    assert result.n == 5  # what both languages ask
    for tag in result.languages:
        assert result.matrix["engine"][tag][tag].value == 1.0
    cells = [result.matrix["dense"][a][b].value for a, b in (("en", "pl"), ("pl", "en"))]
    assert result.across["dense"].value == pytest.approx(sum(cells) / 2)
    assert result.pairs.n == 10
    assert result.mixed.n == 10
    assert result.mixed.value("lexical") == 1.0
    assert set(cross_json(result)["matrix"]) == {"en", "pl"}  # type: ignore[call-overload]


def test_nothing_known_with_a_base(tmp_path: Path, setup: Setup, progress: Progress) -> None:
    folder = shop(tmp_path / "shop")
    turns: list[object] = [
        {"text": f"How do I {text[0].lower()}{text[1:-1]}?", "known": True}
        for text in TOPICS.values()
    ]
    turns += [{"text": text, "asks": False} for text in ("hello", "thank you, bye", "ok")]
    write(folder / "turns.jsonl", turns)
    known = read_known(folder, setup.languages)
    result = run_known(known, setup, progress, split="all")
    assert (result.n, result.positive) == (9, 6)
    assert result.area.value > 0.8
    assert result.settings["score"] == "confidence x asks"
    assert 0 <= known_json(result)["coverage@95"] <= 1  # type: ignore[operator]


def test_nothing_known_without_a_base(tmp_path: Path, setup: Setup, progress: Progress) -> None:
    turns = [
        {"text": "hi", "intent": "openinggreeting"},
        {"text": "thank you very much", "intent": "thankyou"},
        {"text": "do you like cats", "intent": "outofdomain"},
        {"text": "I lost my card, can you block it?", "intent": "reportlostcard"},
    ]
    write(tmp_path / "bank.jsonl", [{"_id": "d", "turns": turns}])
    result = run_known(read_known(tmp_path, setup.languages), setup, progress)
    assert (result.n, result.positive) == (3, 1)
    assert result.area.value == 1.0
    assert result.settings["score"] == "asks"


def test_everything_by_its_form(tmp_path: Path, setup: Setup, progress: Progress) -> None:
    shop(tmp_path / "shop")
    write(tmp_path / "prices" / "table.csv", ["a,b"])
    rows = [{"_id": "d", "turns": [{"text": "hi", "intent": "openinggreeting"}]}]
    write(tmp_path / "talk" / "bank.jsonl", rows)
    train = [{"text": "x", "intent": "a"}]
    write(tmp_path / "scope" / "train.jsonl", train)
    write(tmp_path / "scope" / "test.jsonl", [*train, {"text": "y", "intent": "oos"}])
    write(tmp_path / "bank" / "train.jsonl", train)
    write(tmp_path / "bank" / "test.jsonl", train)
    jobs, left_out = plan(tmp_path, setup.languages)
    assert [job.name for job in jobs] == [
        "bank: similar cases",
        "scope: nothing known",
        "shop: retrieval, open",
        "talk: nothing known",
        "talk: nothing known, base of other dialogs",
    ]
    assert left_out == ["prices"]
    own = jobs_for(tmp_path / "shop", setup.languages)
    results = run_all(own, setup, progress, Asked(split=Split.test))
    assert [set_name(result) for result in results] == ["shop"]
    page = write_quality(tmp_path / "report", results, Heading("potica eval all x", "test"))
    assert "shop" in page.read_text(encoding="utf-8")


def test_a_folder_of_nothing(tmp_path: Path, setup: Setup) -> None:
    with pytest.raises(NotFound, match="holds no evaluation folder"):
        plan(tmp_path, setup.languages)


def test_an_empty_half_says_so(tmp_path: Path, setup: Setup, progress: Progress) -> None:
    write(tmp_path / "corpus.jsonl", corpus_of(TOPICS))
    asked = [{"_id": "q0", "text": "x", "relevant": ["locker"]}]
    write(tmp_path / "queries.jsonl", asked)
    sets = read_retrieval(tmp_path, Languages(("en", "pl")))
    empty = Split.dev if Split.test.has("q0") else Split.test
    with pytest.raises(InvalidInput, match="--split all"):
        run_retrieval(sets, setup, progress, Asked(split=empty))


def test_a_made_title_ends_at_a_word() -> None:
    assert made_title("  Short line \nmore") == "Short line"
    assert made_title("word " * 60) == "word " * 23 + "word …"
    assert len(made_title("x" * 500)) == 122


@pytest.fixture(autouse=True)
def no_leftovers(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Temporary homes are gone after each run."""
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    yield
    assert list(scratch.iterdir()) == []
