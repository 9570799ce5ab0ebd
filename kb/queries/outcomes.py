"""What suggestions were good for: how soon, how often, at which place, and where they were silent.

All figures are of interactions that were opened in a period, with everything that became of them
since. There is nothing personal in them, and small counts are given as they are.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Facets,
    Feedback,
    FeedbackKind,
    Gap,
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    InteractionMessage,
    InteractionState,
    Role,
    Suggestion,
    in_scope,
)
from kb.errors import InvalidInput

MAX_DAYS = 400
REASONS = frozenset(
    {
        "other question",
        "already tried",
        "out of date",
        "hard to understand",
        "not for this customer",
    }
)
"""Ready-made reasons of a dismissal; what people wrote themselves is counted as `other`."""

USEFUL = frozenset({FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved})
NOT_ASKED = frozenset({"asks_nothing", "empty"})
UNKNOWN = "unknown"


Rows = Select[*tuple[Any, ...]]


class By(StrEnum):
    language = "language"
    channel = "channel"
    day = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not timedelta() <= self.last - self.first < timedelta(days=MAX_DAYS):
            raise InvalidInput(f"Ask for 1 to {MAX_DAYS} days, the first one first.")

    @property
    def start(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Not included."""
        last = datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC)
        return last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of `n` values; None when there are none. Nearest rank, so each is a value that was."""

    n: int = 0
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        ordered = sorted(values)
        if not ordered:
            return cls()
        ranks = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.9, 0.95))
        return cls(len(ordered), *ranks)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Figures of some interactions.

    `asked`: interactions in which the customer asked something. `useful`: those of them with a
    suggestion that was used, edited or solved it; `first_useful`: seconds from the receipt of
    the first message that asked to the first such suggestion. `suggestions`: states that were
    answered or not (a state that brings the same again is none); `silent`: those of them in
    which nothing was suggested, by reason. The feedback counts are of answered suggestions;
    `accepted` were used, edited or solved it. `mrr`: mean of 1 / place (from 1) of the answers
    that were accepted, over `placed` of them. `shown`: milliseconds to the screen. `gaps`:
    questions that were new when nothing was known of them.
    """

    interactions: int = 0
    resolved: int = 0
    asked: int = 0
    useful: int = 0
    first_useful: Spread = field(default_factory=Spread)
    suggestions: int = 0
    answered: int = 0
    silent: Mapping[str, int] = field(default_factory=dict)
    accepted: int = 0
    feedback: Mapping[str, int] = field(default_factory=dict)
    dismissed: Mapping[str, int] = field(default_factory=dict)
    placed: int = 0
    mrr: float | None = None
    shown: Spread = field(default_factory=Spread)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    reuse: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0


@dataclass(slots=True)
class _Suggested:
    id: str
    at: datetime
    milliseconds: float
    language: str
    nothing: str | None
    feedback: list[tuple[FeedbackKind, int | None, str]] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    gaps: int = 0

    @property
    def is_useful(self) -> bool:
        return any(kind in USEFUL for kind, _, _ in self.feedback)


@dataclass(slots=True)
class _Seen:
    """An interaction and what became of it."""

    channel: str
    language: str | None
    opened_at: datetime
    state: InteractionState
    outcome: str | None
    reuse: str | None
    heard: list[datetime] = field(default_factory=list)  # receipts of the customer's messages
    suggested: list[_Suggested] = field(default_factory=list)

    def group(self, by: By) -> str:
        if by == By.channel:
            return self.channel
        if by == By.day:
            return self.opened_at.astimezone(UTC).date().isoformat()
        last = self.suggested[-1].language if self.suggested else UNKNOWN
        return self.language or last

    @property
    def asked(self) -> _Suggested | None:
        """The first state in which something was asked."""
        return next((one for one in self.suggested if one.nothing not in NOT_ASKED), None)

    @property
    def seconds_to_useful(self) -> float | None:
        asked = self.asked
        useful = next((one for one in self.suggested if one.is_useful), None)
        if asked is None or useful is None or not self.heard:
            return None
        # What was heard when the engine began to look; what came meanwhile it did not know.
        began = asked.at - timedelta(milliseconds=asked.milliseconds)
        known = [at for at in self.heard if at <= began]
        return max(0.0, (useful.at - max(known, default=min(self.heard))).total_seconds())


def suggestion_outcomes(
    session: Session, period: Period, scope: Facets, by: By | None = None
) -> tuple[Outcomes, dict[str, Outcomes]]:
    """Of all interactions in scope, and of each group in the order of their names."""
    seen = _load(session, period, scope)
    groups: dict[str, list[_Seen]] = defaultdict(list)
    if by is not None:
        for one in seen:
            groups[one.group(by)].append(one)
    return _figures(seen), {name: _figures(groups[name]) for name in sorted(groups)}


def _figures(seen: Sequence[_Seen]) -> Outcomes:
    suggested = [one for found in seen for one in found.suggested]
    answered = [one for one in suggested if one.nothing is None]
    asked = [found for found in seen if found.asked is not None]
    times = [time for found in asked if (time := found.seconds_to_useful) is not None]
    kinds = Counter(str(k) for one in answered for k in {kind for kind, _, _ in one.feedback})
    reasons = [r for one in answered for k, _, r in one.feedback if k == FeedbackKind.dismissed]
    places = [
        place
        for one in answered
        for kind, place, _ in one.feedback
        if kind in USEFUL and place is not None
    ]
    return Outcomes(
        interactions=len(seen),
        resolved=sum(found.state == InteractionState.resolved for found in seen),
        asked=len(asked),
        useful=sum(any(one.is_useful for one in found.suggested) for found in asked),
        first_useful=Spread.of(times),
        suggestions=len(suggested),
        answered=len(answered),
        silent=_sorted(one.nothing for one in suggested),
        accepted=sum(one.is_useful for one in answered),
        feedback=dict(sorted(kinds.items())),
        dismissed=_sorted(reason if reason in REASONS else "other" for reason in reasons),
        placed=len(places),
        mrr=sum(1 / (place + 1) for place in places) / len(places) if places else None,
        shown=Spread.of(value for one in suggested for value in one.shown),
        outcomes=_sorted(found.outcome for found in seen),
        reuse=_sorted(found.reuse for found in seen),
        gaps=sum(one.gaps for one in suggested),
    )


def _sorted(values: Iterable[str | None]) -> dict[str, int]:
    """How often each, the most frequent first."""
    counts = Counter(value for value in values if value is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _load(session: Session, period: Period, scope: Facets) -> list[_Seen]:
    seen: dict[str, _Seen] = {}
    columns = ("id", "facets", "channel", "language", "opened_at", "state", "outcome", "reuse")
    query: Rows = select(*(getattr(Interaction, name) for name in columns))
    query = query.where(_within(period))
    for key, facets, *rest in session.execute(query):
        if in_scope(facets, scope):
            channel, language, opened_at, state, outcome, reuse = rest
            seen[key] = _Seen(str(channel), language, opened_at, state, outcome, reuse)
    suggested = _load_suggested(session, period, seen)
    _load_heard(session, period, seen)
    _load_feedback(session, period, suggested)
    _load_shown(session, period, suggested)
    return list(seen.values())


def _load_suggested(
    session: Session, period: Period, seen: Mapping[str, _Seen]
) -> dict[str, _Suggested]:
    found: dict[str, _Suggested] = {}
    query: Rows = select(
        col(Suggestion.interaction_id),
        col(Suggestion.id),
        col(Suggestion.created_at),
        col(Suggestion.milliseconds),
        col(Suggestion.language),
        col(Suggestion.nothing_known),
    ).join(Interaction, col(Interaction.id) == col(Suggestion.interaction_id))
    order = (col(Suggestion.interaction_version), col(Suggestion.created_at), col(Suggestion.id))
    for interaction_id, *values in session.execute(query.where(_within(period)).order_by(*order)):
        if interaction_id in seen:
            one = _Suggested(*values)
            found[one.id] = one
            seen[interaction_id].suggested.append(one)
    return found


def _load_heard(session: Session, period: Period, seen: Mapping[str, _Seen]) -> None:
    query = (
        select(col(InteractionMessage.interaction_id), col(InteractionMessage.received_at))
        .join(Interaction, col(Interaction.id) == col(InteractionMessage.interaction_id))
        .where(_within(period), col(InteractionMessage.role) == Role.customer)
    )
    for interaction_id, at in session.execute(query):
        if interaction_id in seen:
            seen[interaction_id].heard.append(at)


def _load_feedback(session: Session, period: Period, suggested: Mapping[str, _Suggested]) -> None:
    columns = [Feedback.suggestion_id, Feedback.kind, Feedback.position, Feedback.reason]
    query = _of_suggestions(select(*map(col, columns)), col(Feedback.suggestion_id))
    for suggestion_id, kind, position, reason in session.execute(query.where(_within(period))):
        if suggestion_id in suggested:
            suggested[suggestion_id].feedback.append((kind, position, reason))
    gaps = _of_suggestions(select(col(Gap.suggestion_id)), col(Gap.suggestion_id))
    for suggestion_id in session.scalars(gaps.where(_within(period))):
        if suggestion_id in suggested:
            suggested[suggestion_id].gaps += 1


def _load_shown(session: Session, period: Period, suggested: Mapping[str, _Suggested]) -> None:
    query: Rows = (
        select(col(InteractionEvent.suggestion_id), col(InteractionEvent.details))
        .join(Interaction, col(Interaction.id) == col(InteractionEvent.interaction_id))
        .where(_within(period), col(InteractionEvent.kind) == InteractionEventKind.shown)
    )
    for suggestion_id, details in session.execute(query):
        if suggestion_id in suggested and isinstance(details.get("milliseconds"), int | float):
            suggested[suggestion_id].shown.append(float(details["milliseconds"]))


def _of_suggestions(query: Rows, key: Any) -> Rows:
    return query.join(Suggestion, col(Suggestion.id) == key).join(
        Interaction, col(Interaction.id) == col(Suggestion.interaction_id)
    )


def _within(period: Period) -> ColumnElement[bool]:
    opened = col(Interaction.opened_at)
    return and_(opened >= period.start, opened < period.end)
