"""Events: kept with the change they tell of, and sent to who subscribed and may see it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.events import record_event
from kb.domain import (
    Channel,
    Facets,
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    Outcome,
    Webhook,
    WebhookDelivery,
    WebhookDirection,
    utc_now,
)
from kb.errors import NotFound

KIND = InteractionEventKind


def _interaction(session: Session, **changes: Any) -> str:
    values: dict[str, Any] = {
        "id": "int_1",
        "channel": Channel.chat,
        "external_id": "conversation-7",
        "customer_ref": "anna@example.com",
        "customer_name": "Anna Novak",
        "subject": "lost parcel of Anna",
        "language": "en",
        "facets": {"country": ["GB"]},
    }
    session.add(Interaction.model_validate(values | changes))
    session.flush()
    return str((values | changes)["id"])


def _webhook(session: Session, key: str, events: list[str], **changes: Any) -> None:
    values = {"id": key, "direction": "outbound", "name": key, "events": events}
    values |= {"url": "https://crm.example/hook", "created_by": "eva"}
    session.add(Webhook.model_validate(values | changes))
    session.flush()


def _deliveries(session: Session) -> list[WebhookDelivery]:
    return list(session.scalars(select(WebhookDelivery).order_by(col(WebhookDelivery.webhook_id))))


def test_an_event_is_kept(session: Session) -> None:
    key = _interaction(session)
    record_event(session, key, KIND.shown, "usr_1", "sug_1", milliseconds=41)
    found = session.scalars(select(InteractionEvent)).one()
    assert (found.kind, found.actor, found.suggestion_id) == (KIND.shown, "usr_1", "sug_1")
    assert (found.interaction_id, found.details) == (key, {"milliseconds": 41})
    assert _deliveries(session) == []


def test_those_who_subscribed_to_the_kind_are_told(session: Session) -> None:
    key = _interaction(session)
    _webhook(session, "a", ["resolved", "opened"])
    _webhook(session, "b", ["opened"])
    _webhook(session, "c", ["resolved"], disabled_at=utc_now())
    _webhook(session, "d", ["resolved"], direction=WebhookDirection.inbound)
    record_event(session, key, KIND.resolved, "usr_1")
    assert [(row.webhook_id, row.event) for row in _deliveries(session)] == [
        ("a", "interaction.resolved")
    ]


@pytest.mark.parametrize(
    ("scope", "told"),
    [({}, True), ({"country": ["GB", "SI"]}, True), ({"country": ["SI"]}, False)],
)
def test_a_scope_narrows_what_is_told(session: Session, scope: Facets, told: bool) -> None:
    key = _interaction(session)
    _webhook(session, "a", ["opened"], scope=scope)
    record_event(session, key, KIND.opened, "usr_1")
    assert bool(_deliveries(session)) == told


def test_a_payload_says_what_and_where_but_not_who_nor_what_was_said(session: Session) -> None:
    key = _interaction(session, outcome=Outcome.solved)
    _webhook(session, "a", ["resolved"])
    record_event(
        session,
        key,
        KIND.resolved,
        "usr_1",
        "sug_1",
        outcome="solved",
        position=1,
        document="article:lost-parcel",
        state="Anna Novak has it now",
        note="Anna Novak",
    )
    payload = _deliveries(session)[0].payload
    assert payload["type"] == "interaction.resolved"
    data = payload["data"]
    assert data["details"] == {
        "outcome": "solved",
        "position": 1,
        "document": "article:lost-parcel",
    }
    assert data["links"] == {"interaction": f"/api/v1/interactions/{key}"}
    assert (data["external_id"], data["suggestion_id"]) == ("conversation-7", "sug_1")
    assert (data["channel"], data["outcome"], data["facets"]) == (
        "chat",
        "solved",
        {"country": ["GB"]},
    )
    for personal in ("Anna", "anna", "Novak", "lost parcel of"):
        assert personal not in str(payload)


def test_an_event_that_is_rolled_back_tells_nobody(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        key = _interaction(session)
        _webhook(session, "a", ["opened"])
    with sessions() as session:
        record_event(session, key, KIND.opened, "usr_1")
        session.rollback()
    with sessions() as session:
        assert _deliveries(session) == []
        assert session.scalars(select(InteractionEvent)).all() == []


def test_an_unknown_interaction_has_no_events(session: Session) -> None:
    with pytest.raises(NotFound, match="int_9"):
        record_event(session, "int_9", KIND.opened, "usr_1")
