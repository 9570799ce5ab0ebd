"""What suggestions were good for, counted by hand and by the query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.gaps import record_gap
from kb.actions.shown import note_shown
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import (
    Channel,
    FeedbackKind,
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    InteractionMessage,
    InteractionState,
    Outcome,
    Reuse,
    Role,
    Suggestion,
)
from kb.errors import InvalidInput, NotFound
from kb.queries.outcomes import By, Outcomes, Period, Spread, suggestion_outcomes
from tests.kb.builders import suggestion
from tests.kb.hooked import interaction

DAY = date(2026, 3, 1)
NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
PERIOD = Period(DAY, DAY)
USED, EDITED, SOLVED = FeedbackKind.used, FeedbackKind.edited, FeedbackKind.solved


@dataclass
class Day:
    """One interaction put together by hand; seconds after nine."""

    session: Session
    key: str = "int_1"

    def opens(self, **changes: Any) -> None:
        interaction(self.session, self.key, **({"opened_at": NINE} | changes))

    def hears(self, seconds: float, role: Role = Role.customer) -> None:
        at = NINE + timedelta(seconds=seconds)
        values = {"interaction_id": self.key, "key": f"m{seconds}", "role": role, "text": "x"}
        values |= {"at": NINE, "edited_at": NINE, "received_at": at}
        self.session.add(InteractionMessage.model_validate(values))
        self.session.flush()

    def suggests(self, seconds: float, nothing: str | None = None, **changes: Any) -> str:
        """Given at that moment, after the engine took a tenth of a second."""
        made = suggestion(
            self.session,
            interaction_id=self.key,
            interaction_version=int(seconds * 10) + 1,
            nothing_known=nothing,
            milliseconds=100.0,
            **changes,
        )
        at = NINE + timedelta(seconds=seconds)
        self.session.execute(
            update(Suggestion).where(col(Suggestion.id) == made).values(created_at=at)
        )
        return made

    def gives(self, made: str, kind: FeedbackKind, position: int | None = 0, why: str = "") -> None:
        given = FeedbackInput(kind, "article:x", position, reason=why, actor="usr_1")
        record_feedback(self.session, made, given)


@pytest.fixture
def day(session: Session) -> Day:
    return Day(session)


def _total(session: Session, period: Period = PERIOD) -> Outcomes:
    return suggestion_outcomes(session, period, {})[0]


def test_time_runs_from_the_first_message_that_asks_to_what_was_used(day: Day) -> None:
    day.opens()
    day.hears(0)  # hello
    day.suggests(0.2, "asks_nothing")
    day.hears(10)  # asks
    day.hears(10.35)  # while the engine looks: not known to it
    day.suggests(10.4, "not_sure")
    day.hears(20, Role.agent)
    day.suggests(20.3)
    used = day.suggests(25.5)
    day.gives(used, EDITED)
    day.gives(used, SOLVED)
    found = _total(day.session)
    assert (found.interactions, found.asked, found.useful) == (1, 1, 1)
    assert found.first_useful == Spread(1, 15.5, 15.5, 15.5)
    assert (found.suggestions, found.answered, found.accepted) == (4, 2, 1)
    assert found.silent == {"asks_nothing": 1, "not_sure": 1}
    assert found.feedback == {"edited": 1, "solved": 1}


def test_who_only_says_hello_asked_nothing(day: Day) -> None:
    day.opens()
    day.hears(0)
    day.suggests(0.2, "asks_nothing")
    found = _total(day.session)
    assert (found.interactions, found.asked, found.useful) == (1, 0, 0)
    assert found.first_useful == Spread()
    assert found.mrr is None


def test_places_reasons_and_screens(day: Day) -> None:
    day.opens()
    day.hears(0)
    first, second, third = (day.suggests(n) for n in (1, 2, 3))
    day.gives(first, USED, 0)
    day.gives(second, USED, 3)
    day.gives(third, FeedbackKind.dismissed, 0, "out of date")
    day.gives(third, FeedbackKind.dismissed, 1, "Anna Novak said so")
    day.gives(third, FeedbackKind.wrong, 1)
    for milliseconds in (40, 90):  # the second is a repetition
        note_shown(day.session, day.key, first, milliseconds, "usr_1", {})
    note_shown(day.session, day.key, first, 60, "usr_2", {})
    note_shown(day.session, day.key, second, 80, "usr_1", {})
    found = _total(day.session)
    assert (found.placed, found.mrr) == (2, pytest.approx((1 + 1 / 4) / 2))
    assert found.dismissed == {"other": 1, "out of date": 1}
    assert found.feedback == {"dismissed": 1, "used": 2, "wrong": 1}
    assert found.shown == Spread(3, 60, 80, 80)


def test_what_became_of_interactions_and_what_nobody_knew(day: Day) -> None:
    done = {"state": InteractionState.resolved, "outcome": Outcome.solved, "reuse": Reuse.fixed}
    day.opens(**done)
    made = day.suggests(1, "nothing_found")
    record_gap(day.session, "is it open on sundays", "en", "nothing_found", made)
    again = day.suggests(2, "nothing_found")
    record_gap(day.session, "is it open on sundays", "en", "nothing_found", again)
    Day(day.session, "int_2").opens()
    found = _total(day.session)
    assert (found.interactions, found.resolved, found.gaps) == (2, 1, 1)
    assert (found.outcomes, found.reuse) == ({"solved": 1}, {"fixed": 1})


def test_groups(session: Session) -> None:
    for number, (channel, language, days) in enumerate(
        [(Channel.chat, "sl", 0), (Channel.chat, None, 1), (Channel.phone, None, 1)]
    ):
        day = Day(session, f"int_{number}")
        day.opens(channel=channel, language=language, opened_at=NINE + timedelta(days=days))
        if number == 1:
            day.suggests(1, language="pl")
    period = Period(DAY, DAY + timedelta(days=1))
    counts = {
        by: {
            name: found.interactions
            for name, found in suggestion_outcomes(session, period, {}, by)[1].items()
        }
        for by in By
    }
    assert counts == {
        By.language: {"pl": 1, "sl": 1, "unknown": 1},
        By.channel: {"chat": 2, "phone": 1},
        By.day: {"2026-03-01": 1, "2026-03-02": 2},
    }
    assert suggestion_outcomes(session, period, {})[1] == {}


def test_only_the_days_asked_for_and_only_what_is_in_scope(session: Session) -> None:
    for number, (seconds, country) in enumerate(
        [(-1, "SI"), (0, "SI"), (86_399, "PL"), (86_400, "SI")]
    ):
        midnight = datetime(2026, 3, 1, tzinfo=UTC)
        day = Day(session, f"int_{number}")
        day.opens(opened_at=midnight + timedelta(seconds=seconds), facets={"country": [country]})
        day.gives(day.suggests(1), USED)
    assert _total(session).interactions == 2
    scoped, _ = suggestion_outcomes(session, PERIOD, {"country": ["SI"]})
    assert (scoped.interactions, scoped.accepted) == (1, 1)


def test_days_that_make_no_period() -> None:
    for days in (-1, 400):
        with pytest.raises(InvalidInput, match="400 days"):
            Period(DAY, DAY + timedelta(days=days))


def test_percentiles_are_values_that_were() -> None:
    assert Spread.of(range(1, 101)) == Spread(100, 50, 90, 95)
    assert Spread.of([3.0, 1.0]) == Spread(2, 1.0, 3.0, 3.0)


def test_feedback_is_an_event_of_its_interaction_once(day: Day) -> None:
    day.opens()
    made = day.suggests(1)
    given = FeedbackInput(USED, "article:x", 2, actor="usr_1", idempotency_key="k")
    for _ in range(2):
        record_feedback(day.session, made, given)
    day.gives(made, FeedbackKind.flagged)  # has an event of its own
    (event,) = day.session.scalars(select(InteractionEvent))
    assert (event.kind, event.suggestion_id) == (InteractionEventKind.feedback, made)
    assert event.details == {"kind": "used", "document": "article:x", "position": 2}


def test_only_an_own_suggestion_is_shown(day: Day) -> None:
    day.opens(facets={"country": ["SI"]})
    made = day.suggests(1)
    Day(day.session, "int_2").opens()
    for key, suggestion_id, scope in (
        ("int_2", made, {}),
        ("int_1", "sug_never", {}),
        ("int_9", made, {}),
        ("int_1", made, {"country": ["PL"]}),
    ):
        with pytest.raises(NotFound):
            note_shown(day.session, key, suggestion_id, 5, "usr_1", scope)
    assert day.session.get(Interaction, "int_1") is not None
    assert note_shown(day.session, "int_1", made, 5, "usr_1", {})
    assert not note_shown(day.session, "int_1", made, 9, "usr_1", {})
