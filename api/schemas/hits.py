"""Answers: one article translation or one case, with its passage and the figures of its rank."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.common import Output
from kb.domain import Audience, Facets
from kb.search.types import Hit, Why


class WhyOut(Output):
    """Each part's share of the score; together they are the score."""

    dense: float = Field(description="meaning: the passage's vector is near the question's")
    title: float = Field(description="meaning: the title is near the question")
    lexical: float = Field(description="words in common, lemmatised and without diacritics")
    facet: float = Field(description="product, country and the like, as the dialog named them")
    pieces: float = Field(description="how well the pieces of a long letter agree on it, else 0")
    trust: float = Field(description="validated, reviewed, not flagged")
    use: float = Field(description="used by agents and followed by success")


class HighlightOut(Output):
    """Characters [start, end) of the passage's text."""

    start: int
    end: int


class PassageOut(Output):
    """`start` and `end` are characters in the revision's body (or in the part of the case)."""

    id: int
    part: str = Field(examples=["body"])
    heading: str
    text: str = Field(description="Markdown, exactly as it stands in the source")
    start: int
    end: int
    highlights: list[HighlightOut]


class RevisionOut(Output):
    id: int
    number: int


class AnswerOut(Output):
    """An answer with its source."""

    pool: str = Field(description="article or case")
    id: str
    document: str = Field(description="what feedback cites", examples=["article:locker-full"])
    revision: RevisionOut | None = None
    language: str
    other_languages: list[str]
    title: str
    summary: str
    passage: PassageOut
    permalink: str
    audience: str
    trust: str
    facets: Facets
    tags: list[str]
    updated_at: datetime | None
    outcome: str | None = Field(description="cases only")
    confidence: float = Field(description="calibrated probability that this answers, 0 to 1")
    score: float
    why: WhyOut


def permalink(public_url: str, hit: Hit) -> str:
    """Where the document can be read by those who were shown it."""
    base = public_url.rstrip("/")
    if hit.pool == "case":
        return f"{base}/c/{hit.document_id}"
    narrow = "" if hit.audience == Audience.public else f"&audience={hit.audience}"
    return f"{base}/a/{hit.document_id}?lang={hit.language}{narrow}"


def answer_out(hit: Hit, public_url: str) -> AnswerOut:
    """A hit as the API gives it."""
    revision = None
    if hit.revision_id is not None:
        revision = RevisionOut(id=hit.revision_id, number=hit.revision_number or 0)
    return AnswerOut(
        pool=str(hit.pool),
        id=hit.document_id,
        document=f"{hit.pool}:{hit.document_id}",
        revision=revision,
        language=hit.language,
        other_languages=list(hit.other_languages),
        title=hit.title,
        summary=hit.summary,
        passage=_passage(hit),
        permalink=permalink(public_url, hit),
        audience=str(hit.audience),
        trust=str(hit.trust),
        facets=dict(hit.facets),
        tags=list(hit.tags),
        updated_at=hit.updated_at,
        outcome=None if hit.outcome is None else str(hit.outcome),
        confidence=round(hit.confidence, 4),
        score=round(hit.score, 6),
        why=why_out(hit.why),
    )


def why_out(why: Why) -> WhyOut:
    """Rounded: six digits tell all there is to tell."""
    names = WhyOut.model_fields
    return WhyOut(**{name: round(getattr(why, name), 6) for name in names})


def _passage(hit: Hit) -> PassageOut:
    return PassageOut(
        id=hit.passage_id,
        part=str(hit.part),
        heading=hit.heading,
        text=hit.text,
        start=hit.start,
        end=hit.end,
        highlights=[HighlightOut(start=span.start, end=span.end) for span in hit.highlights],
    )
