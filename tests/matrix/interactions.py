"""Interactions in every state, and the calls that name them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from kb.domain import (
    Channel,
    Interaction,
    InteractionMessage,
    InteractionState,
    Permission,
    Role,
)
from tests.matrix.call import Call

P = Permission
STATES = {
    "int_m1": InteractionState.open,
    "int_m2": InteractionState.handed_over,
    "int_m3": InteractionState.resolved,
}
NOWHERE = "int_m0"
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SAID = {"id": "1", "role": "customer", "text": "my parcel went to the wrong town"}
ROUTE = "/api/v1/interactions/{interaction_id}"


def put_back(session: Session, _caller: str | None) -> None:
    """Everything as it was, whatever the last call made of it."""
    for key, state in STATES.items():
        row = session.get(Interaction, key)
        if row is None:
            row = Interaction(id=key, channel=Channel.chat, language="en")
            session.add(row)
            session.flush()
            session.add(
                InteractionMessage(
                    interaction_id=key,
                    key="1",
                    role=Role.customer,
                    text=SAID["text"],
                    at=AT,
                    edited_at=AT,
                )
            )
        row.state, row.outcome, row.reuse = state, None, None
        row.closed_at = AT if state == InteractionState.resolved else None
    session.flush()


def calls() -> Iterator[Call]:
    """Every call on an interaction; who may read one may read it in every state."""
    for key, state in STATES.items():
        yield _call("GET", ROUTE, key)
        yield _call("POST", f"{ROUTE}/messages", key, json={"messages": [SAID]})
        moves: dict[str, int] = {"open": 200, "resolved": 200, "handed_over": 200}
        if state == InteractionState.resolved:
            moves["handed_over"] = 409
        for wanted, status in moves.items():
            yield _call("PATCH", ROUTE, key, wanted, status, json={"state": wanted})
    yield _call("GET", ROUTE, NOWHERE, status=404)
    yield _call("POST", f"{ROUTE}/messages", NOWHERE, status=404, json={"messages": [SAID]})
    yield _call("PATCH", ROUTE, NOWHERE, status=404, json={"state": "open"})


def _call(
    method: str, route: str, key: str, label: str = "", status: int = 200, **given: Any
) -> Call:
    at = {"interaction_id": key}
    return Call(method, route, f"{key} {label}", at, status, given=given, prepare=put_back)
