"""Lines of evaluation files, each with its place, so that an error can say where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kb.errors import InvalidInput, NotFound

LONGEST_LINE = 5_000_000  # characters; a longer one is not a row but the wrong file


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object and where it stands."""

    path: Path
    line: int
    values: Mapping[str, object]

    def error(self, message: str) -> InvalidInput:
        """An error that names this row's file and line."""
        return InvalidInput(f"{self.path}:{self.line}: {message}")

    def text(self, *names: str) -> str:
        """The first of these fields that holds words; "" when none does."""
        for name in names:
            value = self.values.get(name)
            if value is not None and not isinstance(value, str):
                raise self.error(f"`{name}` must be a string, not {type(value).__name__}.")
            if value and value.strip():
                return value.strip()
        return ""

    def needed(self, *names: str) -> str:
        """Like `text`, but one of the fields must be there."""
        found = self.text(*names)
        if not found:
            raise self.error(f"there is no {' or '.join(f'`{n}`' for n in names)}: add it.")
        return found

    def flag(self, name: str) -> bool | None:
        """true or false; None when the field is not there."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.error(f"`{name}` must be true or false, not {value!r}.")
        return value

    def strings(self, name: str) -> list[str] | None:
        """A list of strings (a lone string counts as one); None when the field is not there."""
        value = self.values.get(name)
        if value is None:
            return None
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
            raise self.error(f"`{name}` must be a list of strings.")
        return found

    def objects(self, name: str) -> list[Row] | None:
        """A list of objects, each as a row of the same place; None when it is not there."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
            raise self.error(f"`{name}` must be a list of objects.")
        return [Row(self.path, self.line, x) for x in value]

    def key(self) -> str:
        """`_id` or `id`, else one made of file and line."""
        for name in ("_id", "id"):
            value = self.values.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value)
            if value is not None:
                raise self.error(f"`{name}` must be a string.")
        return f"{self.path.stem}-{self.line}"


def read_rows(path: Path) -> Iterator[Row]:
    """The objects of a JSONL file; blank lines are skipped.

    Raises NotFound when there is no such file, InvalidInput with file and line on a line that
    is not a JSON object or not UTF-8.
    """
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InvalidInput(f"{path}:{number}: this is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise InvalidInput(
                f"{path}:{number}: a JSON object is expected, not {type(values).__name__}."
            )
        yield Row(path, number, values)


def read_qrels(path: Path) -> dict[str, dict[str, float]]:
    """query id -> document id -> gain (> 0), from a table query-id, corpus-id, score.

    Tabs or spaces; a first line of column names is skipped; also the four columns of TREC
    (query, 0, document, gain). Errors as `read_rows`.
    """
    found: dict[str, dict[str, float]] = {}
    for number, line in _lines(path):
        cells = line.rstrip("\n").split("\t") if "\t" in line else line.split()
        cells = [cell.strip() for cell in cells if cell.strip()]
        if not cells:
            continue
        try:
            query, document, gain = _judgement(cells)
        except ValueError as error:
            if number == 1:  # the names of the columns
                continue
            raise InvalidInput(
                f"{path}:{number}: `query-id<tab>corpus-id<tab>score` is expected,"
                f" not {line.strip()[:80]!r}."
            ) from error
        judged = found.setdefault(query, {})
        if gain > 0:
            judged[document] = gain
    return found


def _judgement(cells: list[str]) -> tuple[str, str, float]:
    if len(cells) not in (2, 3, 4):
        raise ValueError(f"{len(cells)} columns")
    if len(cells) == 2:
        if cells[1].lower() in ("corpus-id", "corpus_id", "doc-id", "doc_id"):
            raise ValueError("column names")
        return cells[0], cells[1], 1.0
    return cells[0], cells[-2], float(cells[-1])


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    if not path.is_file():
        raise NotFound(f"There is no file {path}: check the folder and the names of its files.")
    number = 0
    with path.open("rb") as file:
        for raw in file:
            number += 1
            if len(raw) > LONGEST_LINE:
                raise InvalidInput(f"{path}:{number}: the line is longer than {LONGEST_LINE:,}.")
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InvalidInput(
                    f"{path}:{number}: this is not UTF-8: {error.reason}."
                ) from error
