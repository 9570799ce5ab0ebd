"""Webhooks in every state there is, suggestions on a screen, and the calls that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from kb.domain import (
    Suggestion,
    Webhook,
    WebhookDelivery,
    WebhookDirection,
    WebhookReceipt,
    utc_now,
)
from tests.matrix import interactions
from tests.matrix.call import Call, PutBack

ENABLED, DISABLED, INBOUND, NONE = "whk_m_on", "whk_m_off", "whk_m_in", "whk_m_never"


def put_back(session: Session, _caller: str | None) -> None:
    """As they were, with nothing on its way."""
    for table in (WebhookDelivery, WebhookReceipt, Webhook):
        session.execute(delete(table))
    for key in (ENABLED, DISABLED, INBOUND):
        outbound = key != INBOUND
        values: dict[str, Any] = {"id": key, "name": "matrix", "created_by": "matrix"}
        values["direction"] = WebhookDirection.outbound if outbound else WebhookDirection.inbound
        values |= {"url": "https://127.0.0.1/", "events": ["opened"]} if outbound else {}
        values |= {} if outbound else {"source": "matrix"}
        values["disabled_at"] = utc_now() if key == DISABLED else None
        session.add(Webhook.model_validate(values))


def calls() -> Iterator[Call]:
    """Every call on a webhook."""
    api = "/api/v1/webhooks/{webhook_id}"
    for key in (ENABLED, DISABLED, INBOUND, NONE):
        there = key != NONE
        at = {"webhook_id": key}
        yield _call("GET", api, at, 200 if there else 404)
        yield _call("GET", f"{api}/deliveries", at, 200 if there else 404)
        yield _call("POST", f"{api}/rotate", at, 200 if there else 404)
        tried = 202 if key == ENABLED else 409 if there else 404
        yield _call("POST", f"{api}/test", at, tried)
        for change, wanted in (
            ({"name": "other"}, 200),
            ({"enabled": False}, 200),
            ({"enabled": True}, 200),
            ({"events": ["resolved"]}, 422 if key == INBOUND else 200),
        ):
            given = {"json": change}
            yield _call("PATCH", api, at, wanted if there else 404, given)
        yield _call("DELETE", api, at, 204 if there else 404)
        # No role helps here, only a signature.
        yield _call("POST", "/api/v1/hooks/{webhook_id}", at, 401, {"json": {}})
    for key in (*interactions.STATES, interactions.NOWHERE):
        shown = {"json": {"suggestion_id": f"sug_{key}", "milliseconds": 40}}
        status = 404 if key == interactions.NOWHERE else 204
        at = {"interaction_id": key}
        yield _call("POST", f"{interactions.ROUTE}/shown", at, status, shown, _suggested)


def _suggested(session: Session, caller: str | None) -> None:
    """Each interaction with a suggestion of its own."""
    interactions.put_back(session, caller)
    for key in interactions.STATES:
        if session.get(Suggestion, f"sug_{key}") is None:
            values: dict[str, Any] = {"id": f"sug_{key}", "interaction_id": key, "language": "en"}
            values |= {"audience": "internal", "query": "", "request": {}, "response": {}}
            session.add(Suggestion.model_validate(values | {"versions": {}}))


def _call(
    method: str,
    route: str,
    values: Mapping[str, str],
    status: int,
    given: Mapping[str, Any] | None = None,
    prepare: PutBack = put_back,
) -> Call:
    label = str(given or "")
    return Call(method, route, label, values, status, given=given or {}, prepare=prepare)
