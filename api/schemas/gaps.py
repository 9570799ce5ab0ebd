"""Gaps: what is asked and not answered."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.common import Output
from kb.domain import GapKind, GapState


class GapOut(Output):
    id: int
    kind: GapKind = Field(description="from a conversation, or typed into a search")
    question: str = Field(description="what is personal is masked")
    language: str = Field(description="the most frequent one")
    languages: dict[str, int] = Field(description="how often in each, the most frequent first")
    readers: dict[str, int] = Field(description="of searches: how often for each audience")
    reason: str = Field(description="nothing_found or not_sure")
    count: int
    state: GapState
    suggestion_id: str | None = Field(description="the last without an answer; of searches: null")
    first_at: datetime
    last_at: datetime


class GapsOut(Output):
    """Gaps, most asked first."""

    gaps: list[GapOut]
    total: int
    offset: int
    limit: int
