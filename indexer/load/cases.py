"""Importing cases from JSONL and CSV."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from indexer.load.articles import CSV, JSONL, kind_of
from indexer.load.batches import save_in_batches
from indexer.load.columns import case_input, check_mapping
from indexer.load.limits import check_inside, walk
from indexer.load.report import ImportOptions, ImportReport, Progress, Rejection, Source
from indexer.load.tables import read_csv, read_jsonl
from kb.actions.cases import CaseInput, save_case
from kb.actions.saved import SaveResult
from kb.errors import InvalidInput, KbError

SourcedCase = tuple[Source, CaseInput]


def import_cases(
    session_factory: sessionmaker[Session],
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a JSONL or CSV file of cases, or every one in a folder; commits batch by batch.

    As with articles: one bad record stops nothing, a re-run changes nothing, a dry run gives
    the same report. Raises KbError when the source cannot be read at all.
    """
    options = options or ImportOptions()
    check_mapping(options, cases=True)
    report = ImportReport(dry_run=options.dry_run)
    cases: list[SourcedCase] = []
    seen: dict[str, Source] = {}
    for found in read_cases(source, options):
        if isinstance(found, Rejection):
            report.rejected.append(found)
            continue
        place, case = found
        if case.id in seen:
            first = seen[case.id]
            reason = f"The case {case.id} stands in {first.file}, line {first.line}, too."
            report.reject(place, reason + " Keep one of them.")
            continue
        seen[case.id] = place
        cases.append(found)

    def save(session: Session, item: SourcedCase) -> SaveResult:
        return save_case(session, item[1], options.actor)

    save_in_batches(session_factory, cases, save, lambda item: item[0], (options, report), progress)
    return report


def read_cases(source: Path, options: ImportOptions) -> Iterator[SourcedCase | Rejection]:
    """Each case with its place, or why it is none. Raises KbError when nothing can be read."""
    if not source.is_dir():
        yield from _file(source, source.name, options, options.columns)
        return
    for path in walk(source, JSONL | CSV, options.limits):
        name = path.relative_to(source).as_posix()
        try:
            check_inside(path, source)
            yield from _file(path, name, options)
        except KbError as error:
            yield Rejection(name, 1, error.message)


def _file(
    path: Path, name: str, options: ImportOptions, columns: Collection[str] = ()
) -> Iterator[SourcedCase | Rejection]:
    kind = options.format or kind_of(path)
    if kind == "markdown":
        raise InvalidInput("Cases come as JSONL or CSV: convert the file.")
    if kind == "jsonl":
        records = read_jsonl(path, options.limits, name)
    else:
        records = read_csv(path, options.limits, name, columns)
    for record in records:
        if isinstance(record, Rejection):
            yield record
            continue
        try:
            yield record.source, case_input(record, options)
        except KbError as error:
            yield Rejection(name, record.source.line, error.message)
