"""The calls that listen to an interaction, in every state it can be in."""

from __future__ import annotations

from collections.abc import Iterator

from tests.matrix.call import Call
from tests.matrix.interactions import NOWHERE, STATES, put_back

EVENTS = "/api/v1/interactions/{interaction_id}/events"
SOCKET = "/api/v1/interactions/{interaction_id}/live"


def calls() -> Iterator[Call]:
    """Who may read an interaction may listen to it, whatever its state."""
    for key in (*STATES, NOWHERE):
        status = 404 if key == NOWHERE else 200
        yield Call("GET", EVENTS, key, {"interaction_id": key}, status, prepare=put_back)
