"""What suggestions were good for, and what was painted on screens."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, StrictInt, StringConstraints

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.common import Input
from api.schemas.insights import InsightsOut, insights_out
from kb.actions.shown import note_shown
from kb.domain import Permission, Principal, utc_now
from kb.queries.outcomes import By, Period, suggestion_outcomes

router = APIRouter(prefix="/api/v1", tags=["insights"])
USUAL = timedelta(days=29)  # before today, when no days are asked for
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]
InteractionId = Annotated[str, Path(pattern=r"^int_[a-z0-9]{1,36}$", max_length=40)]


class ShownIn(Input):
    """A suggestion was painted on a screen."""

    suggestion_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
    milliseconds: Annotated[StrictInt, Field(ge=0, le=3_600_000)] = Field(
        description="from the arrival of what it answers to the screen"
    )


@router.get("/insights/suggestions", response_model=InsightsOut)
def read_insights(
    session: ReadSession,
    reader: Annotated[Principal, allow(Permission.read_insights)],
    first: Annotated[
        Day | None, Query(alias="from", description="a day, UTC; left out: 30 days up to `to`")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="included; left out: today")] = None,
    by: By | None = None,
) -> InsightsOut:
    """Time to the first useful suggestion, what was accepted, edited, dismissed, solved; silence.

    Of the interactions opened on these days, in the reader's scope.
    """
    last = last or utc_now().date()
    period = Period(first or last - USUAL, last)
    total, groups = suggestion_outcomes(session, period, reader.scope, by)
    return insights_out(period, by, total, groups)


@router.post("/interactions/{interaction_id}/shown", status_code=204)
def post_shown(
    app: App,
    reader: Annotated[Principal, allow(Permission.read_interactions)],
    interaction_id: InteractionId,
    given: ShownIn,
) -> None:
    """Note that a suggestion is on the screen now. The same again changes nothing."""
    with app.engine.session_factory.begin() as session:
        is_new = note_shown(
            session,
            interaction_id,
            given.suggestion_id,
            given.milliseconds,
            reader.actor,
            reader.scope,
        )
    if is_new:
        app.metrics.shown.observe(given.milliseconds / 1000)
