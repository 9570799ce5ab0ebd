"""A whole content folder: articles, cases and synonyms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from indexer.load.articles import import_articles
from indexer.load.cases import import_cases
from indexer.load.report import ImportOptions, ImportReport, Progress
from indexer.load.synonyms import import_synonyms
from indexer.load.zipped import unpacked

CASES, SYNONYMS, OFFERS, INCIDENTS = "cases", "synonyms", "offers", "incidents"


@dataclass(frozen=True, slots=True)
class ContentReport:
    """What became of each kind of content."""

    articles: ImportReport
    cases: ImportReport
    synonyms: ImportReport

    @property
    def ok(self) -> bool:
        return self.articles.ok and self.cases.ok and self.synonyms.ok


def import_content(
    session_factory: sessionmaker[Session],
    source: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ContentReport:
    """Import articles from a file or folder and, from a folder, its `cases/` and `synonyms/`.

    The folder may be packed as ZIP; then all of it is checked before anything is imported.
    Column mapping, stand-ins and format apply to the articles. Raises KbError when the source
    cannot be read at all.
    """
    options = options or ImportOptions()
    if source.suffix.lower() == ".zip" and source.is_file():
        with unpacked(source) as folder:
            return import_content(session_factory, folder, options, progress)
    articles = import_articles(session_factory, source, options, progress)
    plain = replace(options, format=None, mapping={}, facets=(), language=None, channel=None)
    cases, synonyms = ImportReport(options.dry_run), ImportReport(options.dry_run)
    if (source / CASES).is_dir():
        cases = import_cases(session_factory, source / CASES, plain, progress)
    if (source / SYNONYMS).is_dir():
        synonyms = import_synonyms(session_factory, source / SYNONYMS, plain)
    return ContentReport(articles, cases, synonyms)
