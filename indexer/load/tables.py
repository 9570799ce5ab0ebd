"""Rows of JSONL and CSV files, each on its own: a bad one never stops the rest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from indexer.load.limits import Limits, check_strings, read_bytes
from indexer.load.records import RawRecord
from indexer.load.report import Rejection, Source
from indexer.load.sniff import Kind, check_start
from kb.errors import InvalidInput, KbError

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"


def read_jsonl(
    path: Path, limits: Limits | None = None, name: str | None = None
) -> Iterator[RawRecord | Rejection]:
    """One record or rejection per line that is not blank; `name` stands for the file in reports.

    Raises KbError when the file as a whole cannot be read.
    """
    limits = limits or Limits()
    name = name or path.name
    data = read_bytes(path, limits.table_bytes).removeprefix(_BOM)
    check_start(data, Kind.jsonl)
    count = 0
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.strip():
            continue
        count += 1
        if count > limits.records:
            yield Rejection(name, number, _too_many(limits))
            return
        try:
            yield RawRecord(Source(name, number), parse_json_object(line, limits))
        except KbError as error:
            yield Rejection(name, number, error.message)


def parse_json_object(line: bytes, limits: Limits) -> dict[str, object]:
    """The JSON object on a line. Raises InvalidInput saying what is wrong with it."""
    if len(line) > limits.record_bytes:
        raise InvalidInput(_too_long(len(line), limits))
    try:
        value = parse_json(line.decode("utf-8"), limits)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"Not UTF-8 at byte {error.start} of the line: save the file in the encoding UTF-8."
        ) from error
    if not isinstance(value, dict):
        raise InvalidInput('Not a JSON object: write one {"...": ...} a line.')
    check_strings(value, limits.depth)
    return value


def parse_json(text: str, limits: Limits) -> object:
    """The value; keys given twice and numbers that are none are refused. Raises InvalidInput."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise InvalidInput(f"Nested more than {limits.depth} deep: flatten it.") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"Not valid JSON at character {error.pos + 1}: {error.msg}.") from error
    except ValueError as error:  # a number with thousands of digits
        raise InvalidInput(f"Not valid JSON: {error}.") from error


def read_csv(
    path: Path,
    limits: Limits | None = None,
    name: str | None = None,
    columns: Collection[str] = (),
) -> Iterator[RawRecord | Rejection]:
    """One record or rejection per row below the header; commas, semicolons, tabs or pipes.

    A header without one of `columns` (capitals do not matter) is rejected. Raises KbError when the
    file as a whole cannot be read.
    """
    limits = limits or Limits()
    name = name or path.name
    data = read_bytes(path, limits.table_bytes).removeprefix(_BOM)
    check_start(data, Kind.csv)
    # Bytes that are not UTF-8 become lone surrogates, which are refused row by row.
    text = data.decode("utf-8", "surrogateescape")
    csv.field_size_limit(limits.record_bytes)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] | None = None
    count, line = 0, 1
    while True:
        try:
            row = next(reader, None)
            if row is None:
                return
            if header is None:
                found = _header(row)
                _check_columns(found, columns)
                header = found
            elif any(row):
                count += 1
                if count > limits.records:
                    yield Rejection(name, line, _too_many(limits))
                    return
                yield RawRecord(Source(name, line), _cells(header, row, limits))
        except csv.Error as error:
            yield Rejection(name, line, f"Not valid CSV: {error}.")
        except KbError as error:
            yield Rejection(name, line, error.message)
            if header is None:
                return
        line = reader.line_num + 1


def _header(row: list[str]) -> list[str]:
    header = [cell.strip() for cell in row]
    check_strings(list(header), 1)
    names = [name for name in header if name]
    if not names or len(set(names)) < len(names):
        raise InvalidInput("The first line must name each column, no name twice.")
    return header


def _check_columns(header: list[str], wanted: Collection[str]) -> None:
    there = {name.lower() for name in header}
    for column in wanted:
        if column and column.lower() not in there:
            names = ", ".join(name for name in header if name)
            raise InvalidInput(f"There is no column {column!r}: the file has {names}.")


def _cells(header: list[str], row: list[str], limits: Limits) -> Mapping[str, object]:
    if len(row) > len(header):
        raise InvalidInput(
            f"{len(row)} cells, but the header names {len(header)}: quote cells that hold the"
            " separator."
        )
    size = sum(map(len, row))
    if size > limits.record_bytes:
        raise InvalidInput(_too_long(size, limits))
    values: dict[str, object] = {
        name: cell for name, cell in zip(header, row, strict=False) if name and cell.strip()
    }
    check_strings(values, 2)
    return values


def _delimiter(text: str) -> str:
    """The separator the header has most of, outside quotes; a comma when it has none."""
    first = text.split("\n", 1)[0]
    bare = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"The key {twice!r} stands twice: keep one.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise InvalidInput(f"{name} is not JSON: write a number or null.")


def _too_many(limits: Limits) -> str:
    return f"More than {limits.records:,} records: the rest was not read, split the file."


def _too_long(size: int, limits: Limits) -> str:
    return f"The record has {size:,} bytes, the limit is {limits.record_bytes:,}: shorten it."
