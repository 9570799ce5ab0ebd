"""Contributions: what agents know, taken or refused by those who write."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.deps import App, ReadSession
from api.routes.flags import About_, Giver, InteractionId, Limit, Of, Offset, Writer, whose
from api.routes.suggest import IdempotencyKey
from api.schemas.contributions import (
    ContributionIn,
    ContributionOut,
    ContributionsOut,
    SettleIn,
)
from api.schemas.flags import GivenOut, SettledOut
from kb.actions.contributions import ContributionInput, contribute, settle_contribution
from kb.actions.given import About
from kb.domain import ContributionKind, ContributionState
from kb.queries.contributions import ContributionFilters, list_contributions
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["knowledge flow"])
ContributionId = Annotated[str, Path(pattern=r"^con_[a-z0-9]{1,36}$", max_length=40)]
COUNTED = {ContributionKind.fix: "fixed", ContributionKind.add: "added"}


@router.post(
    "/interactions/{interaction_id}/contributions", response_model=GivenOut, status_code=201
)
def post_contribution(
    app: App,
    giver: Giver,
    interaction_id: InteractionId,
    given: ContributionIn,
    idempotency_key: IdempotencyKey = None,
) -> GivenOut:
    """Give better words for a document, or add what was not known.

    They wait for somebody who writes articles. Also feedback on the suggestion cited. Nothing
    personal of the text is kept.
    """
    about = About(
        interaction_id,
        given.suggestion_id,
        given.document,
        given.revision,
        given.position,
        idempotency_key,
    )
    words = ContributionInput(about, given.kind, given.text, given.title, given.language)
    with app.engine.session_factory.begin() as session:
        new_id = contribute(session, words, giver)
    if given.suggestion_id is not None:
        app.metrics.feedback.labels(COUNTED[given.kind]).inc()
    return GivenOut(id=new_id)


@router.get("/contributions", response_model=ContributionsOut)
def read_contributions(
    session: ReadSession,
    reader: Giver,
    of: Of = None,
    state: ContributionState | None = ContributionState.open,
    kind: ContributionKind | None = None,
    document: About_ = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> ContributionsOut:
    """Contributions, the newest first: one's own, or everybody's within one's scope."""
    filters = ContributionFilters(state, kind, document, whose(reader, of))
    page = list_contributions(session, filters, reader.scope, Paging(offset, limit))
    found = [ContributionOut.model_validate(one, from_attributes=True) for one in page.items]
    return ContributionsOut(contributions=found, total=page.total, offset=offset, limit=limit)


@router.post("/contributions/{contribution_id}/settle", response_model=SettledOut)
def post_settle(
    app: App, writer: Writer, contribution_id: ContributionId, given: SettleIn
) -> SettledOut:
    """Take it, naming the article it went into, or refuse it."""
    state = ContributionState(given.state)
    with app.engine.session_factory.begin() as session:
        changed = settle_contribution(session, contribution_id, state, writer, given.article_id)
    return SettledOut(id=contribution_id, changed=changed)
