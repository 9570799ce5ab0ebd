"""Recall, precision and their intervals; the command and its report."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.personal.fill import Text, Truth
from eval.personal.measure import Outcome, measure, share
from kb.text.redact import PersonalKind, PersonalSpan

WORDS = "call 041 234 567 or ask Zqxv"


def text(*truths: tuple[int, int, PersonalKind], words: str = WORDS) -> Text:
    spans = tuple(Truth(PersonalSpan(*truth), known=False) for truth in truths)
    return Text("en", 0, "chat", words, (), spans)


def outcome(good: bool, template: int = 0) -> Outcome:
    return Outcome("en", template, PersonalKind.phone, False, good, good, "")


def test_what_is_covered_is_found_and_what_is_not_is_missed() -> None:
    phone, name = PersonalKind.phone, PersonalKind.name
    measured = measure([text((5, 16, phone), (24, 28, name))])
    assert [(one.kind, one.good) for one in measured.true] == [(phone, True), (name, False)]
    assert [(one.kind, one.good, one.same) for one in measured.said] == [(phone, True, True)]
    assert (measured.empty, measured.empty_hit) == (0, 0)


def test_another_kind_hides_as_well_but_is_not_named() -> None:
    [true] = measure([text((5, 16, PersonalKind.national_id))]).true
    assert (true.good, true.same) == (True, False)


def test_a_part_is_not_enough_and_more_than_there_is_is_not_right() -> None:
    measured = measure([text((5, 20, PersonalKind.phone))])
    assert [one.good for one in measured.true] == [False]
    assert [one.good for one in measure([text((5, 12, PersonalKind.phone))]).said] == [False]


def test_texts_without_personal_data_are_counted() -> None:
    measured = measure([text(), text(words="the parcel is 60x40x38")])
    assert (measured.texts, measured.empty, measured.empty_hit) == (2, 2, 1)


def test_intervals_are_wider_where_texts_are_alike() -> None:
    apart = share(outcome(place % 4 > 0, template=place) for place in range(40))
    alike = share(outcome(place // 4 % 4 > 0, template=place // 4) for place in range(40))
    assert (apart.good, apart.count) == (30, 40)
    assert apart.low == pytest.approx(0.598, abs=0.005)  # Wilson's interval of 30 of 40
    assert apart.high == pytest.approx(0.858, abs=0.005)
    assert alike.low < apart.low
    assert share([]).count == 0
    assert share([outcome(True)] * 10).low == pytest.approx(0.722, abs=0.002)


def test_the_command_writes_its_report(tmp_path: Path) -> None:
    words = ["personal", "--report", str(tmp_path), "--copies", "1", "--no-speed"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "personal.md").read_text(encoding="utf-8")
    assert "numbers and e-mail, hu" in page
    assert "## What was missed" in page
