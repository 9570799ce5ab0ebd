"""Importing articles: each on its own, in batches, the same twice over changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from indexer.load.batches import save_in_batches
from indexer.load.columns import article_part, check_mapping
from indexer.load.folder import MARKDOWN, read_markdown_file, read_markdown_folder
from indexer.load.records import ArticlePart
from indexer.load.report import ImportOptions, ImportReport, Progress, Rejection
from indexer.load.tables import read_csv, read_jsonl
from kb.actions.articles import ArticleFields, ArticleInput, save_article
from kb.actions.saved import SaveResult
from kb.domain import Article, ArticleState
from kb.errors import InvalidInput, KbError, NotFound

JSONL = frozenset({".jsonl", ".ndjson"})
CSV = frozenset({".csv", ".tsv"})


def import_articles(
    session_factory: sessionmaker[Session],
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a folder of Markdown, or a Markdown, JSONL or CSV file; commits batch by batch.

    A record that cannot be taken is reported with its file and line and stops nothing. A dry
    run gives the same report and writes nothing. Raises KbError when the source as a whole
    cannot be read or the options make no sense.
    """
    options = options or ImportOptions()
    report = ImportReport(dry_run=options.dry_run)
    parts = []
    for found in read_articles(source, options):
        if isinstance(found, Rejection):
            report.rejected.append(found)
        else:
            parts.append(found)
    groups = _grouped(parts, report)

    def save(session: Session, group: list[ArticlePart]) -> SaveResult:
        return save_article(session, _article(session, group), options.actor)

    save_in_batches(session_factory, groups, save, lambda group: group[0].source, (options, report),
                    progress)  # fmt: skip
    return report


def read_articles(source: Path, options: ImportOptions) -> Iterator[ArticlePart | Rejection]:
    """The article parts in a folder or a file. Raises KbError when it cannot be read at all."""
    if source.is_dir():
        yield from read_markdown_folder(source, options)
        return
    kind = options.format or kind_of(source)
    if kind == "markdown":
        try:
            yield read_markdown_file(source, source.name, options)
        except KbError as error:
            line = error.details.get("line")
            yield Rejection(source.name, line if isinstance(line, int) else 1, error.message)
        return
    check_mapping(options, cases=False)
    read = read_jsonl if kind == "jsonl" else read_csv
    for record in read(source, options.limits):
        if isinstance(record, Rejection):
            yield record
            continue
        try:
            yield article_part(record, options)
        except KbError as error:
            yield Rejection(record.source.file, record.source.line, error.message)


def kind_of(source: Path) -> str:
    """markdown, jsonl or csv, by the file's suffix. Raises InvalidInput, NotFound."""
    suffix = source.suffix.lower()
    for kind, suffixes in (("markdown", MARKDOWN), ("jsonl", JSONL), ("csv", CSV)):
        if suffix in suffixes:
            return kind
    if not source.exists():
        raise NotFound(f"There is no file or folder {source}: check the path.")
    raise InvalidInput(f"Cannot tell what {source.name} is: give --format markdown, jsonl or csv.")


def _grouped(parts: Sequence[ArticlePart], report: ImportReport) -> list[list[ArticlePart]]:
    """Parts by article, each language once, the original first."""
    groups: dict[str, dict[str, ArticlePart]] = {}
    for part in parts:
        group = groups.setdefault(part.key, {})
        other = group.get(part.text.language)
        if other is not None:
            report.reject(
                part.source,
                f"The article {part.key} has its {part.text.language} text already in"
                f" {other.source.file}, line {other.source.line}: keep one of them.",
            )
            continue
        if part.fields is not None:
            first = next((p for p in group.values() if p.fields is not None), None)
            if first is not None and part.given is None:
                report.reject(
                    part.source,
                    f"The article {part.key} has its original in {first.source.file}:"
                    " write translation_of here.",
                )
                continue
            if first is not None:  # in a table, later languages of the same key are translations
                part = replace(part, fields=None, state=None)
        group[part.text.language] = part
    return [
        sorted(group.values(), key=lambda part: part.fields is None)
        for group in groups.values()
        if group
    ]


def _article(session: Session, group: Sequence[ArticlePart]) -> ArticleInput:
    """What to save. Raises InvalidInput when the original is nowhere."""
    first = group[0]
    texts = tuple(part.text for part in group)
    row = session.get(Article, first.key)
    if first.fields is None:
        if row is None:
            raise InvalidInput(
                f"A translation, but the original of {first.key} is neither here nor in the"
                " database: import it too, and mend it if it was rejected."
            )
        state = ArticleState.published if row.state == ArticleState.published else None
        return ArticleInput(first.key, texts, state=state)
    fields = first.fields if row is None else _kept(first.fields, first.given, row)
    return ArticleInput(first.key, texts, fields, first.state)


def _kept(fields: ArticleFields, given: frozenset[str] | None, row: Article) -> ArticleFields:
    """The fields, those the source says nothing of as they are in the database."""
    if given is None:
        return fields
    names = set(ArticleFields.__dataclass_fields__) - given
    return replace(fields, **{name: getattr(row, name) for name in names})
