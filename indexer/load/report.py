"""What an import did, or would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from indexer.load.limits import Limits
from indexer.load.sniff import UploadLimits
from kb.actions.saved import SaveResult, SaveStatus
from kb.domain import ArticleState, Audience

FORMATS = ("markdown", "jsonl", "csv", "html", "docx", "zendesk")

Progress = Callable[[int, int], None]
"""Called with (done, all) now and then."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands: the file, relative to what was imported, and the line from 1."""

    file: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that was not taken, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something of a record that was taken could not be carried over, or only otherwise."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read the source.

    `mapping` names the column of a field ({"title": "Question"}); `facets` are columns to keep
    as facets; `language`, `audience`, `state` and `channel` stand in where a record has none.
    """

    dry_run: bool = False
    format: str | None = None  # one of `FORMATS`; None: by the files' suffixes
    mapping: Mapping[str, str] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    language: str | None = None
    audience: Audience | None = None
    state: ArticleState | None = None
    channel: str | None = None
    actor: str = "import"
    batch: int = 200  # records in one transaction
    limits: Limits = field(default_factory=Limits)
    body_html: bool = False  # the texts in a table are HTML
    zip_limits: UploadLimits = field(default_factory=UploadLimits)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that a table must have."""
        return (*self.mapping.values(), *self.facets)


@dataclass(slots=True)
class ImportReport:
    """Documents by what happened to them, and what was not taken."""

    dry_run: bool = False
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)  # what did not come along as it was
    redacted: list[str] = field(default_factory=list)  # cases in which something is hidden
    pictures: set[str] = field(default_factory=set)  # that came along with articles, by key
    redirects: list[str] = field(default_factory=list)  # old keys that lead to articles from now on

    @property
    def total(self) -> int:
        taken = len(self.created) + len(self.changed) + len(self.unchanged)
        return taken + len(self.rejected)

    @property
    def ok(self) -> bool:
        return not self.rejected

    def count(self, saved: SaveResult) -> None:
        """Take in one document's result."""
        {
            SaveStatus.created: self.created,
            SaveStatus.changed: self.changed,
            SaveStatus.unchanged: self.unchanged,
        }[saved.status].append(saved.id)
        if saved.redacted:
            self.redacted.append(saved.id)

    def note(self, source: Source, message: str) -> None:
        self.notices.append(Notice(source.file, source.line, message))

    def reject(self, source: Source, reason: str) -> None:
        self.rejected.append(Rejection(source.file, source.line, reason))
