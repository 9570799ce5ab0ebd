"""Gaps: questions that nothing answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.common import LANGUAGE
from api.schemas.gaps import GapOut, GapsOut
from kb.actions.gaps import close_gap, reopen_gap
from kb.domain import GapKind, GapState, Permission, Principal
from kb.queries.gaps import GapView, get_gap, list_gaps
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["gaps"])

Closer = Annotated[Principal, allow(Permission.close_gaps)]
GapId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/gaps", response_model=GapsOut)
def read_gaps(
    session: ReadSession,
    _reader: Annotated[Principal, allow(Permission.read_gaps)],
    state: GapState | None = GapState.open,
    kind: Annotated[
        GapKind | None, Query(description="left out: conversations and searches")
    ] = None,
    language: Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> GapsOut:
    """What is asked or searched for and not answered, most asked first."""
    page = list_gaps(
        session, state=state, kind=kind, language=language, paging=Paging(offset, limit)
    )
    gaps = [_out(gap) for gap in page.items]
    return GapsOut(gaps=gaps, total=page.total, offset=offset, limit=limit)


@router.post("/gaps/{gap_id}/close", response_model=GapOut)
def post_gap_close(app: App, editor: Closer, gap_id: GapId) -> GapOut:
    """It is answered now, or needs no answer; asked again, it is open again."""
    return _changed(app, gap_id, lambda s: close_gap(s, gap_id, actor=editor.actor))


@router.post("/gaps/{gap_id}/reopen", response_model=GapOut)
def post_gap_reopen(app: App, editor: Closer, gap_id: GapId) -> GapOut:
    """It was closed by mistake: it waits for an answer again."""
    return _changed(app, gap_id, lambda s: reopen_gap(s, gap_id, actor=editor.actor))


def _changed(app: App, gap_id: int, change: Callable[[Session], None]) -> GapOut:
    def changed(session: Session) -> GapView:
        change(session)
        return get_gap(session, gap_id)

    return _out(app.change(changed))


def _out(gap: GapView) -> GapOut:
    return GapOut.model_validate(gap, from_attributes=True)
