"""Colleagues to name in a comment, or to ask for a review."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rules import allow
from api.deps import ReadSession
from api.schemas.common import Text
from api.schemas.editor import ColleagueOut, ColleaguesOut
from kb.domain import Permission, Principal
from kb.queries.colleagues import list_colleagues
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["editors"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]


@router.get("/colleagues", response_model=ColleaguesOut)
def get_colleagues(
    session: ReadSession,
    _reader: Reader,
    q: Annotated[Text, Query(max_length=200, description="what their name begins with")] = "",
    may: Annotated[Permission, Query(description="what they may do")] = Permission.read_drafts,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ColleaguesOut:
    """Active people by name, to be named in a comment or asked for a review."""
    page = list_colleagues(session, text=q, may=may, paging=Paging(offset, limit))
    found = [ColleagueOut.model_validate(x, from_attributes=True) for x in page.items]
    return ColleaguesOut(colleagues=found, total=page.total, offset=offset, limit=limit)
