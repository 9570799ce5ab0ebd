"""Checking cases, offers, incidents and synonyms of a content folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from indexer.load.columns import case_input
from indexer.load.limits import Limits, check_inside, check_strings, decode, read_bytes
from indexer.load.records import CaseRow, IncidentMatter, OfferMatter, RawRecord, complain
from indexer.load.report import ImportOptions, Rejection, Source
from indexer.load.synonyms import read_synonyms
from indexer.load.tables import read_jsonl
from indexer.load.yaml_text import YamlDocument, dump_yaml, parse_yaml
from kb.actions.cases import CaseInput
from kb.errors import InvalidInput, KbError

Matter = TypeVar("Matter", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend, and where."""

    file: str
    line: int
    message: str


def first_difference(found: str, wanted: str) -> int:
    """The first line, from 1, in which the texts differ; 0 when they do not."""
    if found == wanted:
        return 0
    left, right = found.split("\n"), wanted.split("\n")
    same = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    return (min(len(left), len(right)) - 1 if same is None else same) + 1


def check_cases(
    path: Path, folder: Path, articles: Collection[str], options: ImportOptions
) -> Iterator[Problem]:
    """Cases an import would reject, in another form than an export writes, or out of order."""
    name = path.relative_to(folder).as_posix()
    last = ""
    try:
        check_inside(path, folder)
        for record in read_jsonl(path, options.limits, name):
            if isinstance(record, Rejection):
                yield Problem(record.file, record.line, record.reason)
                continue
            try:
                case = case_input(record, options)
            except KbError as error:
                yield Problem(name, record.source.line, error.message)
                continue
            yield from _check_case(case, record, path, articles)
            if case.id <= last:
                yield Problem(
                    name, record.source.line, f"{case.id} comes after {last}: sort by key."
                )
            last = case.id
        yield from _check_lines(path, name, options.limits)
    except KbError as error:
        yield Problem(name, 1, error.message)


def _check_case(
    case: CaseInput, record: RawRecord, path: Path, articles: Collection[str]
) -> Iterator[Problem]:
    source: Source = record.source
    if case.language != path.stem:
        message = f"{case.id} is in {case.language}: it belongs in {case.language}.jsonl."
        yield Problem(source.file, source.line, message)
    for key in case.articles:
        if key not in articles:
            yield Problem(source.file, source.line, f"{case.id}: there is no article {key}.")
    if case.opened_at and case.resolved_at and case.resolved_at < case.opened_at:
        yield Problem(source.file, source.line, f"{case.id} is resolved before it was opened.")
    if not case.resolution.strip() and record.values.get("state") == "resolved":
        yield Problem(source.file, source.line, f"{case.id} is resolved but says not how.")


def _check_lines(path: Path, name: str, limits: Limits) -> Iterator[Problem]:
    text = decode(read_bytes(path, limits.table_bytes))
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # reported already
        if not isinstance(row, dict):
            continue
        ordered = {key: row[key] for key in CaseRow.model_fields if row.get(key)}
        if json.dumps(ordered, ensure_ascii=False) != line:
            yield Problem(name, number, "Not in canonical form: an export writes it differently.")
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield Problem(name, text.count("\n") + 1, "The file must end with one line feed.")


def check_offer(
    path: Path, folder: Path, languages: Collection[str], limits: Limits
) -> Iterator[Problem]:
    """What is wrong with an offer."""

    def rules(offer: OfferMatter) -> Iterator[tuple[str, str]]:
        if offer.offer != path.stem:
            yield "offer", f"The file belongs at offers/{offer.offer}.yaml."
        yield from _order("valid_from", offer.valid_from, "valid_until", offer.valid_until)
        yield from _complete(languages, offer.text)

    return _check_yaml(path, folder, limits, OfferMatter, rules)


def check_incident(
    path: Path, folder: Path, languages: Collection[str], limits: Limits
) -> Iterator[Problem]:
    """What is wrong with an incident."""

    def rules(incident: IncidentMatter) -> Iterator[tuple[str, str]]:
        if incident.incident != path.stem:
            yield "incident", f"The file belongs at incidents/{incident.incident}.yaml."
        yield from _order("starts_at", incident.starts_at, "ends_at", incident.ends_at)
        yield from _complete(languages, incident.text)

    return _check_yaml(path, folder, limits, IncidentMatter, rules)


def check_synonyms(path: Path, folder: Path, limits: Limits) -> Iterator[Problem]:
    """What is wrong with a file of synonyms; no word may stand in two groups."""
    name = path.relative_to(folder).as_posix()
    try:
        check_inside(path, folder)
        groups = read_synonyms(path, limits)
    except KbError as error:
        yield _problem(name, error)
        return
    yield from _check_form(decode(read_bytes(path, limits.yaml_bytes)), name, groups)
    seen: dict[str, int] = {}
    line = 1
    for group in groups:
        for word in group:
            if word.lower() in seen:
                yield Problem(name, line, f"{word!r} stands in line {seen[word.lower()]} too.")
            seen.setdefault(word.lower(), line)
            line += 1


def _check_yaml(
    path: Path,
    folder: Path,
    limits: Limits,
    model: type[Matter],
    rules: Callable[[Matter], Iterator[tuple[str, str]]],
) -> Iterator[Problem]:
    name = path.relative_to(folder).as_posix()
    try:
        check_inside(path, folder)
        text = decode(read_bytes(path, limits.yaml_bytes))
        document = parse_yaml(text, limits.depth)
        matter = _validated(model, document, limits)
    except KbError as error:
        yield _problem(name, error)
        return
    for key, message in rules(matter):
        yield Problem(name, document.lines.get(key, 1), message)
    values = document.value
    if isinstance(values, dict):
        ordered = {key: values[key] for key in model.model_fields if key in values}
        yield from _check_form(text, name, ordered)


def _validated(model: type[Matter], document: YamlDocument, limits: Limits) -> Matter:
    if not isinstance(document.value, dict):
        raise InvalidInput("Not a list of `key: value` lines.")
    check_strings(document.value, limits.depth)
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise complain(error, document.lines) from error


def _check_form(text: str, name: str, value: object) -> Iterator[Problem]:
    line = first_difference(text, dump_yaml(value))
    if line:
        yield Problem(name, line, "Not in canonical form: keys in order, plain YAML as exported.")


def _order(
    first: str, start: datetime, second: str, end: datetime | None
) -> Iterator[tuple[str, str]]:
    if end is not None and end <= start:
        yield second, f"{second} comes before {first}."


def _complete(languages: Collection[str], given: Collection[str]) -> Iterator[tuple[str, str]]:
    for language in sorted(set(languages) - set(given)):
        yield "text", f"There is no text in {language}."


def _problem(name: str, error: KbError) -> Problem:
    line = error.details.get("line")
    return Problem(name, line if isinstance(line, int) else 1, error.message)
