"""Importers of what other systems and we ourselves export; all with a report, all repeatable."""

from indexer.load.articles import import_articles
from indexer.load.cases import import_cases
from indexer.load.content import ContentReport, import_content
from indexer.load.folder import read_markdown_folder
from indexer.load.incidents import import_incidents
from indexer.load.limits import Limits
from indexer.load.records import ArticlePart, RawRecord
from indexer.load.report import FORMATS, ImportOptions, ImportReport, Notice, Rejection, Source
from indexer.load.synonyms import import_synonyms
from indexer.load.tables import read_csv, read_jsonl

__all__ = [
    "FORMATS",
    "ArticlePart",
    "ContentReport",
    "ImportOptions",
    "ImportReport",
    "Limits",
    "Notice",
    "RawRecord",
    "Rejection",
    "Source",
    "import_articles",
    "import_cases",
    "import_content",
    "import_incidents",
    "import_synonyms",
    "read_csv",
    "read_jsonl",
    "read_markdown_folder",
]
