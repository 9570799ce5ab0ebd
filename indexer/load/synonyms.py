"""Importing synonyms: `<language>.yaml`, a list of groups of words that mean the same."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session, sessionmaker

from indexer.load.batches import save_in_batches
from indexer.load.limits import Limits, check_inside, check_strings, decode, read_bytes, walk
from indexer.load.records import SynonymGroups, complain
from indexer.load.report import ImportOptions, ImportReport, Source
from indexer.load.sniff import Kind, check_start
from indexer.load.yaml_text import parse_yaml
from kb.actions.checks import check_language
from kb.actions.saved import SaveResult, SaveStatus
from kb.actions.synonyms import replace_synonyms
from kb.errors import KbError
from kb.queries.synonyms import load_synonyms

Groups = list[list[str]]
SourcedGroups = tuple[Source, str, Groups]
YAML = frozenset({".yaml", ".yml"})
_GROUPS = TypeAdapter(SynonymGroups)


def import_synonyms(
    session_factory: sessionmaker[Session], folder: Path, options: ImportOptions | None = None
) -> ImportReport:
    """Make the groups in each `<language>.yaml` of the folder the language's synonyms.

    Raises KbError when the folder cannot be read.
    """
    options = options or ImportOptions()
    report = ImportReport(dry_run=options.dry_run)
    items: list[SourcedGroups] = []
    for path in walk(folder, YAML, options.limits):
        name = path.relative_to(folder.parent).as_posix()
        try:
            check_inside(path, folder)
            items.append((Source(name), path.stem, read_synonyms(path, options.limits)))
        except KbError as error:
            line = error.details.get("line")
            report.reject(Source(name, line if isinstance(line, int) else 1), error.message)

    def save(session: Session, item: SourcedGroups) -> SaveResult:
        return _save(session, item, options.actor)

    save_in_batches(session_factory, items, save, lambda item: item[0], (options, report))
    return report


def read_synonyms(path: Path, limits: Limits) -> Groups:
    """The groups in a file. Raises InvalidInput, with the `line` where it is known."""
    check_language(path.stem)
    data = read_bytes(path, limits.yaml_bytes)
    check_start(data, Kind.yaml)
    document = parse_yaml(decode(data), limits.depth)
    check_strings(document.value, limits.depth)
    try:
        return _GROUPS.validate_python(document.value)
    except ValidationError as error:
        raise complain(error) from error


def _save(session: Session, item: SourcedGroups, actor: str) -> SaveResult:
    _, language, groups = item
    old = load_synonyms(session).get(language, ())
    new = tuple(tuple(dict.fromkeys(word.strip() for word in group)) for group in groups)
    if old == new:
        return SaveResult(language, SaveStatus.unchanged, 1)
    replace_synonyms(session, language, groups, actor=actor)
    return SaveResult(language, SaveStatus.changed if old else SaveStatus.created, 1)
