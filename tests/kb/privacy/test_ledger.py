"""The ledger survives what happens to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.domain import utc_now
from kb.errors import ConfigError
from kb.privacy.ledger import FILE, add_lines, note_begin, note_done, read_ledger
from kb.queries.privacy import ErasurePlan

KEY = "0123456789abcdef"
PLAN = ErasurePlan(at=utc_now(), customer="c" * 64, audited="a" * 64, suggestions=("sug_1",))


def test_what_is_noted_is_read_again(tmp_path: Path) -> None:
    assert read_ledger(tmp_path) == []
    first = note_begin(tmp_path, KEY, PLAN)
    second = note_begin(tmp_path, KEY, PLAN)
    note_done(tmp_path, [first])
    found = {entry.id: entry for entry in read_ledger(tmp_path)}
    assert (found[first.id].done, found[second.id].done) == (True, False)
    assert found[second.id].plan == PLAN


def test_a_line_that_was_torn_takes_no_other_with_it(tmp_path: Path) -> None:
    first = note_begin(tmp_path, KEY, PLAN)
    with (tmp_path / FILE).open("ab") as file:  # a writer killed in the midst
        file.write(b'{"id": "era_half", "step": "beg\xc5')
    second = note_begin(tmp_path, KEY, PLAN)
    assert [entry.id for entry in read_ledger(tmp_path)] == [first.id, second.id]


def test_another_copy_is_taken_over_once(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    entry = note_begin(other, KEY, PLAN)
    text = (other / FILE).read_text()
    assert add_lines(tmp_path, text) == 1
    assert add_lines(tmp_path, text) == 0
    assert read_ledger(tmp_path) == [entry]


def test_a_ledger_that_cannot_be_used_stops_everything(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigError, match="readable"):
        read_ledger(tmp_path)
    with pytest.raises(ConfigError, match="nothing was erased"):
        note_begin(tmp_path, KEY, PLAN)
