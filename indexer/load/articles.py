"""Importing articles: each on its own, in batches, the same twice over changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from indexer.load.batches import save_in_batches
from indexer.load.columns import check_mapping
from indexer.load.docx import DOCX, read_documents
from indexer.load.folder import MARKDOWN, read_markdown_file, read_markdown_folder
from indexer.load.limits import check_inside, walk
from indexer.load.pages import HTML, read_pages
from indexer.load.pictures import Pictures
from indexer.load.reading import Reading
from indexer.load.records import ArticlePart
from indexer.load.report import FORMATS, ImportOptions, ImportReport, Notice, Progress, Rejection
from indexer.load.saving import Saving, grouped, save_group
from indexer.load.table_texts import read_rows
from indexer.load.tables import read_csv, read_jsonl
from indexer.load.zendesk import read_zendesk
from indexer.load.zendesk_files import JSON
from kb.actions.saved import SaveResult
from kb.errors import InvalidInput, KbError, NotFound
from kb.queries.carried import load_keys

JSONL = frozenset({".jsonl", ".ndjson"})
CSV = frozenset({".csv", ".tsv"})
_SUFFIXES = {"markdown": MARKDOWN, "jsonl": JSONL, "csv": CSV, "html": HTML, "docx": DOCX,
             "zendesk": JSON}  # fmt: skip

Found = ArticlePart | Rejection | Notice


def import_articles(
    session_factory: sessionmaker[Session],
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a folder or a file of Markdown, HTML, DOCX, or of a Zendesk Help Center, or a
    JSONL or CSV file; commits batch by batch.

    A record that cannot be taken is reported with its file and line and stops nothing; what of
    a record cannot be carried over is noted. A dry run gives the same report and writes nothing.
    Raises KbError when the source as a whole cannot be read or the options make no sense.
    """
    options = options or ImportOptions()
    report = ImportReport(dry_run=options.dry_run)
    with session_factory() as session:
        keys = load_keys(session)
    root = source if source.is_dir() else source.parent
    with Pictures() as pictures:
        reading = Reading(options, root, pictures, keys.articles, keys.redirects)
        parts = []
        for found in read_articles(source, reading):
            if isinstance(found, ArticlePart):
                parts.append(found)
            elif isinstance(found, Notice):
                report.notices.append(found)
            elif found not in report.rejected[-20:]:  # one file of no kind is said once
                report.rejected.append(found)
        run = Saving(options, report, pictures)

        def save(session: Session, group: list[ArticlePart]) -> SaveResult:
            return save_group(session, group, run)

        save_in_batches(session_factory, grouped(parts, report), save,
                        lambda group: group[0].source, (options, report), progress)  # fmt: skip
    return report


def read_articles(source: Path, reading: Reading) -> Iterator[Found]:
    """The article parts in a folder or a file. Raises KbError when it cannot be read at all.

    Without a format a folder is searched for Markdown, HTML and DOCX files and the JSON of a
    Help Center; tables only with theirs.
    """
    kind = reading.options.format or (None if source.is_dir() else kind_of(source))
    if kind in ("jsonl", "csv"):
        check_mapping(reading.options, cases=False)
    if kind is None:
        yield from read_markdown_folder(source, reading)
        yield from read_pages(source, reading)
        yield from read_documents(source, reading)
        if any(True for _ in walk(source, JSON, reading.options.limits)):
            yield from read_zendesk(source, reading)
    elif kind == "zendesk":
        yield from read_zendesk(source, reading)
    elif kind == "html":
        yield from read_pages(source, reading)
    elif kind == "docx":
        yield from read_documents(source, reading)
    elif kind == "markdown":
        yield from _markdown(source, reading)
    else:
        yield from _tables(source, kind, reading)


def kind_of(source: Path, *, there: bool = False) -> str:
    """One of `FORMATS`, by the file's suffix. Raises InvalidInput, and NotFound unless `there`."""
    suffix = source.suffix.lower()
    if not there and not source.exists():
        raise NotFound(f"There is no file or folder {source}: check the path.")
    for kind, suffixes in _SUFFIXES.items():
        if suffix in suffixes:
            return kind
    told = ", ".join(FORMATS[:-1])
    raise InvalidInput(f"Cannot tell what {source.name} is: give --format {told} or {FORMATS[-1]}.")


def _markdown(source: Path, reading: Reading) -> Iterator[Found]:
    if source.is_dir():
        yield from read_markdown_folder(source, reading)
        return
    try:
        part, notices = read_markdown_file(source, source.name, reading)
    except KbError as error:
        line = error.details.get("line")
        yield Rejection(source.name, line if isinstance(line, int) else 1, error.message)
        return
    yield from notices
    yield part


def _tables(source: Path, kind: str, reading: Reading) -> Iterator[Found]:
    """The rows of a file, or of each of its kind in a folder."""
    limits = reading.options.limits
    is_folder = source.is_dir()
    for path in walk(source, _SUFFIXES[kind], limits) if is_folder else [source]:
        name = path.relative_to(source).as_posix() if is_folder else path.name
        try:
            if is_folder:
                check_inside(path, source)
            if kind == "jsonl":
                records = read_jsonl(path, limits, name)
            else:
                needed = () if is_folder else reading.options.columns
                records = read_csv(path, limits, name, needed)
            yield from read_rows(path, records, reading)
        except KbError as error:
            if not is_folder:
                raise
            yield Rejection(name, 1, error.message)
