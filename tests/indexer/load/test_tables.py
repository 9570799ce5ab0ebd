"""Rows of JSONL and CSV, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.load import Limits, RawRecord, Rejection, read_csv, read_jsonl
from kb.errors import NotFound, TooLarge


def _file(tmp_path: Path, data: bytes, name: str = "rows.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_jsonl_gives_records_with_their_lines(tmp_path: Path) -> None:
    path = _file(tmp_path, b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}')
    found = [(r.source.line, r.values) for r in read_jsonl(path) if isinstance(r, RawRecord)]
    assert found == [(1, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "Not valid JSON"),
        (b"[1]", "Not a JSON object"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b'{"a": "\xff"}', "Not UTF-8 at byte 7"),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "Nested more than 12"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "Nested more than 12"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Not valid JSON"),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "limit is 1,048,576"),
    ],
)
def test_a_bad_line_is_rejected_and_the_next_is_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    bad, good = read_jsonl(_file(tmp_path, line + b'\n{"a": 2}\n'))
    assert isinstance(bad, Rejection)
    assert (bad.file, bad.line) == ("rows.jsonl", 1)
    assert reason in bad.reason
    assert isinstance(good, RawRecord)


def test_reading_stops_at_the_most_records(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"a": 1}\n' * 5)
    found = list(read_jsonl(path, Limits(records=3)))
    assert [isinstance(r, RawRecord) for r in found] == [True, True, True, False]
    assert isinstance(found[3], Rejection)
    assert "More than 3 records" in found[3].reason


def test_a_file_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"a": 1}\n')
    with pytest.raises(TooLarge, match="9 bytes, the limit is 8"):
        list(read_jsonl(path, Limits(table_bytes=8)))
    with pytest.raises(NotFound, match=r"other\.jsonl"):
        list(read_jsonl(tmp_path / "other.jsonl"))


def test_csv_gives_cells_by_header_and_the_line_each_row_starts_on(tmp_path: Path) -> None:
    data = '\ufeffQuestion,Answer,Empty\r\n"Kje je, paket?","Prva\nDruga",\r\n\r\nB,C,\r\n'
    found = list(read_csv(_file(tmp_path, data.encode(), "faq.csv")))
    assert [(r.source.line, dict(r.values)) for r in found if isinstance(r, RawRecord)] == [
        (2, {"Question": "Kje je, paket?", "Answer": "Prva\nDruga"}),
        (5, {"Question": "B", "Answer": "C"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_finds_the_separator(tmp_path: Path, delimiter: str) -> None:
    text = f"a{delimiter}b\n1{delimiter}2\n"
    (record,) = read_csv(_file(tmp_path, text.encode(), "x.csv"))
    assert isinstance(record, RawRecord)
    assert record.values == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1,2,3", "3 cells, but the header names 2"),
        (b'"1"x,2', "Not valid CSV"),
        (b"\xff,2", "not UTF-8"),
        (b"a\0b,2", "NUL"),
        (b"x" * 2_000_000 + b",2", "limit"),
    ],
)
def test_a_bad_row_is_rejected_and_the_next_is_read(
    tmp_path: Path, row: bytes, reason: str
) -> None:
    bad, good = read_csv(_file(tmp_path, b"a,b\n" + row + b"\n1,2\n", "x.csv"))
    assert isinstance(bad, Rejection)
    assert bad.line == 2
    assert reason in bad.reason
    assert isinstance(good, RawRecord)


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    (bad,) = read_csv(_file(tmp_path, b"a,a\n1,2\n", "x.csv"))
    assert isinstance(bad, Rejection)
    assert "no name twice" in bad.reason


def test_a_column_that_is_needed_and_not_there_is_told_once(tmp_path: Path) -> None:
    path = _file(tmp_path, b"Question,Answer\n1,2\n3,4\n", "x.csv")
    (bad,) = read_csv(path, columns=("question", "Topic"))
    assert isinstance(bad, Rejection)
    assert bad.line == 1
    assert bad.reason == "There is no column 'Topic': the file has Question, Answer."


def test_columns_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    path = _file(tmp_path, b"Question,Answer\n1,2\n", "x.csv")
    assert all(isinstance(row, RawRecord) for row in read_csv(path, columns=("question", "")))
