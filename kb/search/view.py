"""View: the snapshot plus what came after it, less what was removed since. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kb.queries.passages import IndexState
from kb.search.centre import Means
from kb.search.expand import Synonyms, Vocabulary
from kb.search.named import FacetNames
from kb.search.segment import PageKey, Segment


@dataclass(frozen=True)
class Part:
    """One segment of a view, with what of it no longer counts."""

    segment: Segment
    names: FacetNames
    vocabulary: Vocabulary
    hidden_rows: NDArray[np.bool_]  # passages removed since the segment was built
    hidden_pages: NDArray[np.bool_]  # pages with no passage left


@dataclass(frozen=True)
class View:
    """All that one search sees."""

    generation: str
    state: IndexState
    means: Means
    parts: tuple[Part, ...]
    synonyms: Synonyms
    languages_of: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def passages(self) -> int:
        return sum(int((~p.hidden_rows).sum()) for p in self.parts)


def make_part(segment: Segment, removed: NDArray[np.int64], base: Part | None = None) -> Part:
    """A part with the names and words of its segment, less the removed passage ids.

    `base` is the part that a small one goes with: how rare a name is, is told by both.
    """
    names = FacetNames.of(segment.rows.labels, base.names if base else None)
    part = Part(
        segment,
        names,
        Vocabulary(segment.channels.words),
        np.zeros(len(segment.rows.ids), np.bool_),
        np.zeros(segment.size, np.bool_),
    )
    return hide(part, removed)


def hide(part: Part, removed: NDArray[np.int64]) -> Part:
    """The same part less these passage ids."""
    rows = np.isin(part.segment.rows.ids, removed)
    if np.array_equal(rows, part.hidden_rows):
        return part
    for store in part.segment.stores.values():
        # Removed for good: else the nearest that a store finds could all be hidden ones.
        store.remove(removed)
    left = np.bincount(part.segment.rows.page_of[~rows], minlength=part.segment.size)
    return Part(part.segment, part.names, part.vocabulary, rows, left == 0)


def languages_by_document(parts: tuple[Part, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(pool, document) -> the languages it can be read in."""
    found: dict[tuple[str, str], set[str]] = {}
    for part in parts:
        for page, key in enumerate(part.segment.rows.pages):
            if not part.hidden_pages[page]:
                found.setdefault(key[:2], set()).add(key.language)
    return {document: tuple(sorted(languages)) for document, languages in found.items()}


def page_of(part: Part, key: PageKey) -> int | None:
    """The page's number in this part, unless nothing of it is left."""
    page = part.segment.position.get(key)
    return None if page is None or part.hidden_pages[page] else page
