"""Importing incidents: `<key>.yaml`, what to say while it lasts and the words that point to it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.orm import Session, sessionmaker

from indexer.load.batches import save_in_batches
from indexer.load.limits import Limits, check_inside, check_strings, decode, read_bytes, walk
from indexer.load.records import IncidentMatter, complain
from indexer.load.report import ImportOptions, ImportReport, Source
from indexer.load.sniff import Kind, check_start
from indexer.load.synonyms import YAML
from indexer.load.yaml_text import parse_yaml
from kb.actions.incidents import IncidentInput, save_incident
from kb.actions.saved import SaveResult
from kb.domain import IncidentState, Severity
from kb.errors import InvalidInput, KbError

STATES = {
    "draft": IncidentState.planned,
    "active": IncidentState.active,
    "ended": IncidentState.over,
}
"""State in a file -> state here, and back in an export."""


def import_incidents(
    session_factory: sessionmaker[Session], folder: Path, options: ImportOptions | None = None
) -> ImportReport:
    """Save the incident in each YAML file of the folder.

    Raises KbError when the folder cannot be read.
    """
    options = options or ImportOptions()
    report = ImportReport(dry_run=options.dry_run)
    items: list[tuple[Source, IncidentInput]] = []
    for path in walk(folder, YAML, options.limits):
        name = path.relative_to(folder.parent).as_posix()
        try:
            check_inside(path, folder)
            items.append((Source(name), read_incident(path, options.limits)))
        except KbError as error:
            line = error.details.get("line")
            report.reject(Source(name, line if isinstance(line, int) else 1), error.message)

    def save(session: Session, item: tuple[Source, IncidentInput]) -> SaveResult:
        return save_incident(session, item[1], options.actor)

    save_in_batches(session_factory, items, save, lambda item: item[0], (options, report))
    return report


def read_incident(path: Path, limits: Limits) -> IncidentInput:
    """The incident in a file. Raises InvalidInput, with the `line` where it is known."""
    data = read_bytes(path, limits.yaml_bytes)
    check_start(data, Kind.yaml)
    document = parse_yaml(decode(data), limits.depth)
    check_strings(document.value, limits.depth)
    if not isinstance(document.value, dict):
        raise InvalidInput("Not a list of `key: value` lines.")
    try:
        matter = IncidentMatter.model_validate(document.value)
    except ValidationError as error:
        raise complain(error, document.lines) from error
    return IncidentInput(
        id=matter.incident,
        state=STATES[matter.state],
        severity=Severity(matter.severity),
        texts={language: text.model_dump() for language, text in matter.text.items()},
        starts_at=matter.starts_at,
        ends_at=matter.ends_at,
        countries=matter.countries,
        products=matter.products,
        match=matter.match,
    )
