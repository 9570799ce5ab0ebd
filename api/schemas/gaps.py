"""Gaps: what is asked and not answered."""

from __future__ import annotations

from datetime import datetime

from api.schemas.common import Output
from kb.domain import GapState


class GapOut(Output):
    id: int
    question: str
    language: str
    reason: str
    count: int
    state: GapState
    suggestion_id: str
    first_at: datetime
    last_at: datetime


class GapsOut(Output):
    """Gaps, most asked first."""

    gaps: list[GapOut]
    total: int
    offset: int
    limit: int
