"""Hits: ranked documents that passed the gate, with trust, use, highlights and confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from kb.domain import Trust, utc_now
from kb.queries.passages import VisiblePassage
from kb.queries.use import UseCounts
from kb.search.calibrate import Figures, packaged_calibration
from kb.search.expand import Asked
from kb.search.fuse import Weights
from kb.search.rank import Ranked
from kb.search.types import Hit, SearchQuery, Span, Why
from kb.text.terms import TermSpan, is_stop, term_spans

BLOCK = 25  # documents that trust and use may reorder among themselves
Standing = Mapping[str, UseCounts]
Visible = Mapping[int, VisiblePassage]
SPANS_KEPT = 1_000  # passages whose words were found last
LEAST_WEIGHT = 0.2  # of a query term that is worth highlighting
MANY_USES = 20.0  # uses at which use has nearly its full say


@dataclass(frozen=True, slots=True)
class _Judged:
    """A page that passed the gate; `trust` and `use` are their shares of the score."""

    page: Ranked
    passage: VisiblePassage
    trust: float
    use: float

    @property
    def score(self) -> float:
        return sum(self.page.shares.values()) + self.trust + self.use

    @property
    def matched(self) -> float:
        """Without what the pieces of a letter add: confidence is judged by the query itself."""
        return self.score - self.page.shares.get("pieces", 0.0)


def make_hits(
    ranked: Sequence[tuple[Ranked, int]],
    visible: Visible,
    standing: Standing,
    query: SearchQuery,
    asked: Asked,
    languages_of: Mapping[tuple[str, str], tuple[str, ...]],
    weights: Weights,
) -> tuple[list[Hit], int]:
    """The asked page of hits in their final order, and how many passed the gate.

    The order is the index's score plus what trust and use add, within blocks of BLOCK documents:
    so a later page of the same search never shows again what an earlier one had.
    """
    now = utc_now()
    found = []
    for place, (page, passage_id) in enumerate(ranked):
        passage = visible.get(passage_id)
        if passage is None:
            continue
        use = standing.get(f"{passage.pool}:{passage.document_id}")
        trust = weights.trust * _trust(passage, now)
        judged = _Judged(page, passage, trust, weights.use * _use(use) if use else 0.0)
        found.append((place // BLOCK, -judged.score, page.key, judged))
    found.sort(key=lambda f: f[:3])
    scores = [judged.matched for _, _, _, judged in found]
    shown = range(query.offset, min(len(found), query.offset + query.limit))
    hits = [_hit(found[i][3], query, asked, languages_of, _margin(scores, i)) for i in shown]
    return hits, len(found)


def _margin(scores: Sequence[float], i: int) -> float:
    """The lead over the best other; a lone hit leads by nothing known: 0.1."""
    if len(scores) == 1:
        return 0.1
    return scores[i] - (scores[1] if i == 0 else scores[0])


def _trust(passage: VisiblePassage, now: datetime) -> float:
    """In [-1, 1]: validated or not, review overdue or not."""
    value = 0.0
    if passage.trust is not None:
        value += 0.5 if passage.trust == Trust.validated else -0.5
    if passage.review_by is not None and passage.review_by < now:
        value -= 0.5
    if passage.outcome is not None:
        value += -0.5 if passage.outcome == "not_solved" else 0.25
    return max(-1.0, min(1.0, value))


def _use(use: UseCounts) -> float:
    """In [-1, 1]: good against bad use, surer the more there was (add-one smoothing)."""
    good, bad = use.used + 2 * use.solved, 2 * use.wrong + use.dismissed
    total = good + bad
    return (good - bad) / (total + 2) * math.tanh(total / MANY_USES) if total else 0.0


def _hit(
    judged: _Judged,
    query: SearchQuery,
    asked: Asked,
    languages_of: Mapping[tuple[str, str], tuple[str, ...]],
    margin: float,
) -> Hit:
    page, passage = judged.page, judged.passage
    why = Why(**page.shares, trust=judged.trust, use=judged.use)
    figures = Figures(why.matched, page.body, page.title, page.words, margin)
    confidence = packaged_calibration(str(passage.pool)).confidence(
        figures, query.language, page.key.language
    )
    languages = languages_of.get((str(passage.pool), passage.document_id), ())
    return Hit(
        pool=str(passage.pool),
        document_id=passage.document_id,
        language=passage.language,
        title=passage.title,
        summary=passage.summary,
        revision_id=passage.revision_id,
        revision_number=passage.revision,
        passage_id=passage.id,
        part=str(passage.part),
        heading=passage.heading,
        text=passage.text,
        start=passage.start,
        end=passage.end,
        highlights=highlights(passage.text, passage.language, asked),
        audience=str(passage.audience),
        trust=str(passage.trust or ""),
        facets=passage.facets,
        tags=passage.tags,
        updated_at=passage.resolved_at or passage.updated_at,
        outcome=str(passage.outcome) if passage.outcome else None,
        other_languages=tuple(x for x in languages if x != passage.language),
        score=why.score,
        confidence=confidence,
        why=why,
        figures=figures,
    )


def highlights(text: str, language: str, asked: Asked) -> tuple[Span, ...]:
    """Where the query's words stand in the text, as spans that do not overlap."""
    wanted = {
        term
        for term, weight in asked.terms.items()
        if weight >= LEAST_WEIGHT and not is_stop(term, language)
    }
    spans: list[Span] = []
    for found in _spans(text, language):
        if found.term in wanted and (not spans or found.start >= spans[-1].end):
            spans.append(Span(found.start, found.end))
    return tuple(spans)


@lru_cache(maxsize=SPANS_KEPT)
def _spans(text: str, language: str) -> tuple[TermSpan, ...]:
    """A few passages answer most questions: about 10 KB each."""
    return tuple(term_spans(text, language))
