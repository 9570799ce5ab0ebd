"""What a watch compares, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.domain import Incident, IncidentState, Interaction, Severity, utc_now
from kb.queries.live import Place, knowledge_mark, places
from kb.queries.suggestions import last_given, was_answered
from tests.kb import live


def test_places_of_those_that_are_there(session: Session) -> None:
    keys = [live.interaction(session, f"int_{number}") for number in range(3)]
    session.get_one(Interaction, keys[1]).sequence = 7
    session.flush()
    asked = [*keys, *(f"int_never{number}" for number in range(600))]
    found = places(session, asked)
    assert found == {"int_0": Place(1, 1), "int_1": Place(1, 7), "int_2": Place(1, 1)}
    assert places(session, []) == {}


def test_the_mark_moves_with_incidents_and_with_time(session: Session) -> None:
    now = utc_now()
    before = knowledge_mark(session, now)
    assert knowledge_mark(session, now) == before
    session.add(
        Incident(
            id="strike",
            state=IncidentState.active,
            severity=Severity.high,
            texts={"en": {"title": "Strike"}},
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(hours=2),
        )
    )
    session.flush()
    planned = knowledge_mark(session, now)
    assert planned != before
    begun = knowledge_mark(session, now + timedelta(hours=1))
    assert begun != planned
    assert knowledge_mark(session, now + timedelta(hours=2)) == planned
    session.get_one(Incident, "strike").updated_at = now + timedelta(seconds=1)
    session.flush()
    assert knowledge_mark(session, now) != planned


def test_the_last_suggestion_for_the_same_eyes(session: Session) -> None:
    key = live.interaction(session)
    for version, reader, nothing in (
        (1, "agents", "asks_nothing"),
        (2, "agents", None),
        (3, "agents", "not_sure"),
        (3, "agents", "nothing_found"),
        (4, "others", "asks_nothing"),
    ):
        _given(session, key, version, reader, nothing)
    found = [last_given(session, key, "agents", version) for version in (0, 1, 2, 3, 9)]
    told = [None if one is None else one.nothing_known for one in found]
    assert told == [None, "asks_nothing", None, "nothing_found", "nothing_found"]
    assert found[0] is None
    assert found[2] is not None
    assert was_answered(session, key, "agents")
    assert not was_answered(session, key, "others")
    assert last_given(session, "int_other", "agents", 9) is None


def _given(session: Session, key: str, version: int, reader: str, nothing: str | None) -> None:
    request: dict[str, Any] = {"reader_key": reader}
    record_suggestion(
        session,
        SuggestionRecord(
            "en",
            "internal",
            "where is it",
            request,
            {},
            nothing_known=nothing,
            interaction_id=key,
            interaction_version=version,
        ),
    )
