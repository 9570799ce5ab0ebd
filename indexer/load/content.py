"""A whole content folder: articles, cases, synonyms and incidents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from indexer.load.articles import import_articles
from indexer.load.cases import import_cases
from indexer.load.incidents import import_incidents
from indexer.load.report import ImportOptions, ImportReport, Progress, Source
from indexer.load.synonyms import import_synonyms
from indexer.load.zipped import unpacked

CASES, SYNONYMS, OFFERS, INCIDENTS = "cases", "synonyms", "offers", "incidents"


@dataclass(frozen=True, slots=True)
class ContentReport:
    """What became of each kind of content."""

    articles: ImportReport
    cases: ImportReport
    synonyms: ImportReport
    incidents: ImportReport

    @property
    def ok(self) -> bool:
        return all(
            report.ok for report in (self.articles, self.cases, self.synonyms, self.incidents)
        )


def import_content(
    session_factory: sessionmaker[Session],
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ContentReport:
    """Import articles from a file or folder and, from a folder, its `cases/`, `synonyms/` and
    `incidents/` (a Help Center's folder has none).

    The folder may be packed as ZIP; then all of it is checked before anything is imported.
    Column mapping, stand-ins and format apply to the articles. Raises KbError when the source
    cannot be read at all.
    """
    options = options or ImportOptions()
    if source.suffix.lower() == ".zip" and source.is_file():
        with unpacked(source, options.zip_limits) as folder:
            found = import_content(session_factory, folder.path, options, progress)
        for path in folder.left_out:
            found.articles.note(Source(path), "The file was not taken: it is of another kind.")
        return found
    articles = import_articles(session_factory, source, options, progress)
    plain = replace(options, format=None, mapping={}, facets=(), language=None, channel=None)
    cases, synonyms, incidents = (ImportReport(options.dry_run) for _ in range(3))
    if (source / CASES).is_dir():
        cases = import_cases(session_factory, source / CASES, plain, progress)
    if (source / SYNONYMS).is_dir():
        synonyms = import_synonyms(session_factory, source / SYNONYMS, plain)
    if (source / INCIDENTS).is_dir():
        incidents = import_incidents(session_factory, source / INCIDENTS, plain)
    return ContentReport(articles, cases, synonyms, incidents)
