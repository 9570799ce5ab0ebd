"""Figures for managers. Nothing personal is in them; each share comes with its counts."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.schemas.common import Output
from kb.queries.outcomes import By, Outcomes, Period, Spread


class ShareOut(Output):
    """`n` of `of`; `share` is null when there are none."""

    n: int
    of: int
    share: float | None


class SpreadOut(Output):
    """Of `n` values, by nearest rank; null when there are none."""

    n: int
    p50: float | None
    p90: float | None
    p95: float | None


class OutcomesOut(Output):
    """What suggestions were good for in some interactions."""

    interactions: int
    resolved: int
    useful: ShareOut = Field(
        description="of the interactions in which something was asked, those with a suggestion"
        " that was used, edited or solved it"
    )
    seconds_to_first_useful: SpreadOut = Field(
        description="from the receipt of the first message that asked something"
    )
    suggestions: int = Field(description="states answered or not; the same again is none")
    answered: ShareOut
    silent: dict[str, int] = Field(description="nothing suggested, by reason")
    accepted: ShareOut = Field(description="of the answered: used, edited or solved")
    edited: ShareOut
    dismissed: ShareOut
    dismissed_because: dict[str, int]
    solved: ShareOut
    feedback: dict[str, int] = Field(description="answered suggestions with each kind of feedback")
    mrr: float | None = Field(description="mean of 1 / place of accepted answers, the first is 1")
    mrr_n: int
    milliseconds_to_screen: SpreadOut
    outcomes: dict[str, int]
    reuse: dict[str, int] = Field(description="what was noted when interactions were closed")
    gaps: int = Field(description="new questions that nothing answered")


class GroupOut(Output):
    """The same, of one language, channel or day."""

    name: str
    figures: OutcomesOut


class InsightsOut(Output):
    """Figures of the interactions opened from `first` to `last`, both included, in UTC."""

    first: date
    last: date
    by: By | None
    total: OutcomesOut
    groups: list[GroupOut]


def insights_out(
    period: Period, by: By | None, total: Outcomes, groups: dict[str, Outcomes]
) -> InsightsOut:
    """Figures as the API gives them."""
    rows = [GroupOut(name=name, figures=_out(found)) for name, found in groups.items()]
    return InsightsOut(first=period.first, last=period.last, by=by, total=_out(total), groups=rows)


def _out(found: Outcomes) -> OutcomesOut:
    def of_answered(kind: str) -> ShareOut:
        return _share(found.feedback.get(kind, 0), found.answered)

    return OutcomesOut(
        interactions=found.interactions,
        resolved=found.resolved,
        useful=_share(found.useful, found.asked),
        seconds_to_first_useful=_spread(found.first_useful, 3),
        suggestions=found.suggestions,
        answered=_share(found.answered, found.suggestions),
        silent=dict(found.silent),
        accepted=_share(found.accepted, found.answered),
        edited=of_answered("edited"),
        dismissed=of_answered("dismissed"),
        dismissed_because=dict(found.dismissed),
        solved=of_answered("solved"),
        feedback=dict(found.feedback),
        mrr=None if found.mrr is None else round(found.mrr, 4),
        mrr_n=found.placed,
        milliseconds_to_screen=_spread(found.shown, 0),
        outcomes=dict(found.outcomes),
        reuse=dict(found.reuse),
        gaps=found.gaps,
    )


def _share(n: int, of: int) -> ShareOut:
    return ShareOut(n=n, of=of, share=round(n / of, 4) if of else None)


def _spread(found: Spread, digits: int) -> SpreadOut:
    p50, p90, p95 = (
        None if value is None else round(value, digits)
        for value in (found.p50, found.p90, found.p95)
    )
    return SpreadOut(n=found.n, p50=p50, p90=p90, p95=p95)
