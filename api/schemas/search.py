"""`GET /api/v1/search`."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import Output
from api.schemas.hits import AnswerOut


class CorrectedOut(Output):
    typed: str
    searched: str


class SearchOut(Output):
    """One page of answers, best first."""

    hits: list[AnswerOut]
    total: int = Field(description="all that were ranked and pass the filters")
    offset: int
    limit: int
    language: str
    corrected: list[CorrectedOut] = Field(description="misspelt words and what was searched")
    generation: str = Field(description="the index that answered")
    next: str | None = Field(description="the next page's address, if there is one")
