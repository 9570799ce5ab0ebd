"""Flags on documents, raised in a conversation and closed by those who write."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from api.auth.rules import allow, require
from api.deps import App, ReadSession
from api.routes.suggest import IdempotencyKey
from api.schemas.flags import FlagIn, FlagOut, FlagsOut, GivenOut, SettledOut
from api.schemas.suggest import DOCUMENT
from kb.actions.flags import FlagInput, close_flag, raise_flag
from kb.actions.given import About
from kb.domain import FlagKind, FlagState, Permission, Principal
from kb.queries.flags import FlagFilters, list_flags
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["knowledge flow"])
Giver = Annotated[Principal, allow(Permission.contribute)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
InteractionId = Annotated[str, Path(pattern=r"^int_[a-z0-9]{1,36}$", max_length=40)]
Of = Annotated[
    Literal["me", "all"] | None,
    Query(description="whose; left out: everybody's for those who read drafts, else one's own"),
]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=200)]
About_ = Annotated[str | None, Query(pattern=DOCUMENT, max_length=140)]


@router.post("/interactions/{interaction_id}/flags", response_model=GivenOut, status_code=201)
def post_flag(
    app: App,
    giver: Giver,
    interaction_id: InteractionId,
    given: FlagIn,
    idempotency_key: IdempotencyKey = None,
) -> GivenOut:
    """Say that a document is wrong, stale, unclear, a duplicate, or tells something personal.

    Also feedback on the suggestion cited. Nothing personal of the text is kept.
    """
    about = About(
        interaction_id,
        given.suggestion_id,
        given.document,
        given.revision,
        given.position,
        idempotency_key,
    )
    with app.engine.session_factory.begin() as session:
        flag = FlagInput(about, given.kind, given.text, given.language)
        new_id = raise_flag(session, flag, giver)
    if given.suggestion_id is not None:
        app.metrics.feedback.labels("flagged").inc()
    return GivenOut(id=new_id)


@router.get("/flags", response_model=FlagsOut)
def read_flags(
    session: ReadSession,
    reader: Giver,
    of: Of = None,
    state: FlagState | None = FlagState.open,
    kind: FlagKind | None = None,
    document: About_ = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> FlagsOut:
    """Flags, the newest first: one's own, or everybody's within one's scope."""
    filters = FlagFilters(state, kind, document, whose(reader, of))
    page = list_flags(session, filters, reader.scope, Paging(offset, limit))
    flags = [FlagOut.model_validate(flag, from_attributes=True) for flag in page.items]
    return FlagsOut(flags=flags, total=page.total, offset=offset, limit=limit)


@router.post("/flags/{flag_id}/close", response_model=SettledOut)
def post_close(
    app: App,
    writer: Writer,
    flag_id: Annotated[str, Path(pattern=r"^flg_[a-z0-9]{1,36}$", max_length=40)],
) -> SettledOut:
    """It is seen to."""
    with app.engine.session_factory.begin() as session:
        changed = close_flag(session, flag_id, writer)
    return SettledOut(id=flag_id, changed=changed)


def whose(reader: Principal, of: Literal["me", "all"] | None) -> str | None:
    """The actor whose things are listed; None for everybody's. Raises Forbidden."""
    if of == "all":
        require(reader, Permission.read_drafts)
        return None
    may_all = reader.may(Permission.read_drafts)
    return None if of is None and may_all else reader.actor
