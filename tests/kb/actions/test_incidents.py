"""Saving incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.actions.incidents import IncidentInput, save_incident
from kb.actions.saved import SaveStatus
from kb.domain import Incident, IncidentState, Severity
from kb.errors import InvalidInput
from tests.kb.builders import audited

START = datetime(2026, 11, 20, 4, tzinfo=UTC)
TEXT = {"title": "Snow", "statement": "The road is closed.", "what_to_say": "It waits."}
SNOW = IncidentInput(
    "snow",
    IncidentState.planned,
    Severity.high,
    texts={"sl": TEXT, "en": TEXT},
    starts_at=START,
    countries=["CZ"],
    match={"en": ["snow Brno"]},
)


def test_saving_again_changes_nothing(session: Session) -> None:
    assert save_incident(session, SNOW, "eva").status == SaveStatus.created
    assert save_incident(session, SNOW, "eva").status == SaveStatus.unchanged
    active = replace(SNOW, state=IncidentState.active)
    saved = save_incident(session, active, "eva")
    assert (saved.status, saved.version) == (SaveStatus.changed, 2)
    assert audited(session) == [("create", "snow"), ("save", "snow")]
    row = session.get_one(Incident, "snow")
    assert (row.state, list(row.texts), row.countries) == ("active", ["sl", "en"], ["CZ"])


def test_times_are_kept_in_utc(session: Session) -> None:
    local = START.astimezone(timezone(timedelta(hours=2)))
    save_incident(session, replace(SNOW, starts_at=local), "eva")
    assert save_incident(session, SNOW, "eva").status == SaveStatus.unchanged
    session.expire_all()
    assert session.get_one(Incident, "snow").starts_at == START


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "Snow!"}, "cannot be the key"),
        ({"texts": {}}, "says nothing"),
        ({"texts": {"en": TEXT | {"what_to_say": " "}}}, "what_to_say (en) is empty"),
        ({"texts": {"EN!": TEXT}}, "not a language"),
        ({"match": {"en": [" "]}}, "match (en) is empty"),
        ({"countries": ["C\0Z"]}, "NUL"),
        ({"ends_at": START}, "ends before it starts"),
        ({"starts_at": datetime(2026, 1, 1)}, "time zone"),
    ],
)
def test_what_cannot_be_is_refused(session: Session, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        save_incident(session, replace(SNOW, **changes), "eva")
    assert said in caught.value.message
