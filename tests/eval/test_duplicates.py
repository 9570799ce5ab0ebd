"""Figures of near-duplicates, and what is learned from candidates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.datasets import Languages
from eval.duplicate_sets import read_sets
from eval.learn_duplicates import learned
from eval.pair_sets import read_pair_sets
from eval.report.duplicates import figures_of, write_report
from eval.runs.duplicates import Answer, Proposal
from eval.runs.pairs import PairList
from eval.splits import Split
from kb.assist.duplicates import NAMES


def proposal(right: bool, *, likely: bool = True, score: float = 0.5) -> Proposal:
    figures = (score,) + (0.0,) * (len(NAMES) - 1)
    return Proposal("d", "en", figures, 0.9 if likely else 0.2, likely, right)


def answer(*engine: Proposal, new: bool = False, lexical: tuple[Proposal, ...] = ()) -> Answer:
    return Answer("set", "article.short", "cs", "en", new, engine, lexical)


def test_figures_count_what_is_shown_and_what_is_new() -> None:
    answers = [
        answer(proposal(True), proposal(False), lexical=(proposal(True, score=0.9),)),
        answer(proposal(False), proposal(True, likely=False), lexical=(proposal(False),)),
        answer(proposal(False), new=True, lexical=(proposal(False, score=0.1),)),
        answer(proposal(False, likely=False), new=True),
    ]
    found = figures_of(answers)
    assert (found.texts, found.new, found.shown) == (4, 2, 4)
    assert (found.r1, found.r5, found.lexical_r1) == (0.5, 1.0, 0.5)
    assert (found.precision, found.recall, found.false_alarm) == (0.25, 0.5, 0.5)
    assert (found.lexical_precision, found.lexical_recall) == (1.0, 0.5)


def test_the_report_has_a_line_for_each_set_and_pair(tmp_path: Path) -> None:
    answers = {"help": [answer(proposal(True))] * 20 + [answer(proposal(True), new=False)] * 20}
    path = tmp_path / "report.md"
    write_report(path, answers, "potica eval duplicates data", "a machine")
    assert "| help | 40 | 0 | 1.00 |" in path.read_text("utf-8")


def test_the_editors_list_is_judged_by_known_pairs(tmp_path: Path) -> None:
    found = PairList(articles=9, known=4, right=(True, True, False, True, False))
    assert (found.shown, found.precision, found.found, found.r_precision) == (5, 0.6, 0.75, 0.75)
    long = PairList(articles=900, known=200, right=(True,) * 50 + (False,) * 150)
    assert (long.shown, long.precision, long.found, long.r_precision) == (100, 0.5, 0.25, 0.25)
    path = tmp_path / "report.md"
    write_report(path, {}, "potica eval duplicates data", "a machine", {"faq": found})
    assert "| faq | 9 | 4 | 5 | 5 | .600 | .750 | .750 |" in path.read_text("utf-8")


def test_known_pairs_are_parted_from_articles_that_stand_alone(tmp_path: Path) -> None:
    def write(folder: str, **files: list[dict[str, object]]) -> None:
        (tmp_path / folder).mkdir()
        for name, rows in files.items():
            text = "\n".join(json.dumps(row) for row in rows)
            (tmp_path / folder / f"{name.replace('_', '.')}.jsonl").write_text(text, "utf-8")

    numbers = range(60)
    pages = [{"_id": f"d{n}", "title": f"Page {n}", "text": f"text {n}"} for n in numbers]
    asked: list[dict[str, object]] = [
        {"_id": f"q{n}_{k}", "text": f"about {n} {k}", "relevant": [f"d{n}"]}
        for n in numbers
        for k in range(8)
    ]
    write("stackfaq", corpus=pages, queries=asked)
    train = [
        {"text": f"intent {n} said {k}", "intent": f"i{n}"} for n in range(9) for k in range(40)
    ]
    write("banking77", train=train, test=train[::40])
    tickets: list[dict[str, object]] = [
        {"_id": f"t{n}", "text": f"ticket {n}", "relevant": [f"d{n}"], "title": "x"}
        for n in numbers
    ]
    write("hadoop_duplicates", corpus=[*pages, *tickets], queries=tickets)
    write("libreoffice_help", corpus_en=pages, corpus_sl=pages, queries_en=asked, queries_sl=asked)
    found = list(read_pair_sets(tmp_path, Languages(("en", "sl")), Split.test))
    assert len(found) == 4
    for one in found:
        ids = [document.id for document in one.documents]
        assert len(set(ids)) == len(ids), one.name
        assert one.pairs, one.name
        paired = {key for pair in one.pairs for key in pair}
        assert paired < set(ids), one.name
        assert {len(pair) for pair in one.pairs} == {2}, one.name


def test_what_separates_right_from_wrong_is_learned() -> None:
    good, bad = proposal(True, score=0.9), proposal(False, score=0.1)
    found = learned([answer(good, bad)] * 60)["article.short"]
    weights = found["weights"]
    assert isinstance(weights, dict)
    assert weights["score"] > 1
    threshold = found["threshold"]
    assert isinstance(threshold, float)
    assert 0.5 <= threshold < 0.9


def test_new_texts_have_no_answer_in_the_base(tmp_path: Path) -> None:
    rows = [{"_id": f"d{n}", "title": f"Page {n}", "text": f"text {n}"} for n in range(60)]
    asked = [{"_id": f"q{n}", "text": f"about {n}", "relevant": [f"d{n}"]} for n in range(60)]
    folder = tmp_path / "stackfaq"
    folder.mkdir()
    for name, found in (("corpus", rows), ("queries", asked)):
        text = "\n".join(json.dumps(row) for row in found)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    one = next(read_sets(tmp_path, Languages(("en",)), Split.test))
    held = {document.id for document in one.documents}
    assert {text.new for text in one.asked} == {True, False}
    assert all(text.right.isdisjoint(held) == text.new for text in one.asked)
    with pytest.raises(Exception, match="folder"):
        list(read_sets(tmp_path, Languages(("en",)), Split.test))
