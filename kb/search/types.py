"""What is asked of search and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kb.domain import Audience, Facets
from kb.search.calibrate import Figures


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """`focus` is what is asked now (weighs most), `text` all that was said that still counts.

    `known` maps facet keys to values the dialog or the CRM already named: it narrows the field
    (documents without that facet stay). `languages` limits the documents' languages; `language`
    is the reader's and decides which translation is shown. `prefix` completes the last word.
    `scope` is what the reader may see of each facet (see `in_scope`). `counted`: SQL looks at all
    that was ranked, so that totals and pages count what the reader may see and nothing else.
    `pieces` are those of a letter that is longer than `text`.
    """

    text: str
    language: str
    focus: str = ""
    reader: Audience = Audience.public
    pools: frozenset[str] = frozenset({"article"})
    languages: frozenset[str] | None = None
    known: Facets = field(default_factory=dict)
    limit: int = 10
    offset: int = 0
    prefix: bool = False
    scope: Facets = field(default_factory=dict)
    counted: bool = False
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """The figures that made the rank: each is this part's share of the score."""

    dense: float
    title: float
    lexical: float
    facet: float
    trust: float
    use: float
    pieces: float = 0.0  # of a long letter

    @property
    def score(self) -> float:
        return self.matched + self.pieces + self.trust + self.use

    @property
    def matched(self) -> float:
        """What the query itself found: all that confidence is judged by."""
        return self.dense + self.title + self.lexical + self.facet


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One article translation or one case, with its best passage.

    `start`, `end` are the passage's characters in the revision's body (or the case part);
    `highlights` are spans inside `text`. `confidence` is the calibrated probability in [0, 1]
    that this answers the question.
    """

    pool: str
    document_id: str
    language: str
    title: str
    summary: str
    revision_id: int | None
    revision_number: int | None
    passage_id: int
    part: str
    heading: str
    text: str
    start: int
    end: int
    highlights: tuple[Span, ...]
    audience: str
    trust: str
    facets: Facets
    tags: tuple[str, ...]
    updated_at: datetime | None
    outcome: str | None
    other_languages: tuple[str, ...]
    score: float
    confidence: float
    why: Why
    figures: Figures | None = None  # what the confidence was judged by


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits, best first; `total` counts all that were ranked."""

    hits: tuple[Hit, ...]
    total: int
    language: str
    generation: str
    corrected: tuple[tuple[str, str], ...] = ()  # typed word -> word searched instead
