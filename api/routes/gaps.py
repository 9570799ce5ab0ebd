"""Gaps: questions that nothing answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rules import allow
from api.deps import ReadSession
from api.schemas.common import LANGUAGE
from api.schemas.gaps import GapOut, GapsOut
from kb.domain import GapState, Permission, Principal
from kb.queries.gaps import list_gaps
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["gaps"])


@router.get("/gaps", response_model=GapsOut)
def read_gaps(
    session: ReadSession,
    _reader: Annotated[Principal, allow(Permission.read_gaps)],
    state: GapState | None = GapState.open,
    language: Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> GapsOut:
    """What is asked and not answered, most asked first."""
    page = list_gaps(session, state=state, language=language, paging=Paging(offset, limit))
    gaps = [GapOut.model_validate(gap, from_attributes=True) for gap in page.items]
    return GapsOut(gaps=gaps, total=page.total, offset=offset, limit=limit)
