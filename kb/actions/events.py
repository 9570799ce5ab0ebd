"""Events of interactions: kept for figures, and put on their way to subscribed webhooks."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.db import settings_of
from kb.domain import (
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    Webhook,
    WebhookDelivery,
    WebhookDirection,
    in_scope,
)
from kb.errors import NotFound

TOLD = frozenset(
    """added changed contribution_id document flag_id kind milliseconds nothing_known outcome
    position question_id reuse state top_document version""".split()  # noqa: SIM905
)
"""Details that webhooks are told of; others stay here."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,139}")


def record_event(
    session: Session,
    interaction_id: str,
    kind: InteractionEventKind,
    actor: str,
    /,
    suggestion_id: str | None = None,
    **details: Any,
) -> None:
    """Note what happened, and what is to be sent of it, in the caller's transaction.

    `details` are JSON-able and hold no texts and nothing personal. Raises NotFound for an
    interaction that is not there.
    """
    interaction = session.get(Interaction, interaction_id)
    if interaction is None:
        raise NotFound(f"There is no interaction {interaction_id[:60]!r}: open it first.")
    event = InteractionEvent.model_validate(
        {
            "interaction_id": interaction_id,
            "kind": kind,
            "actor": actor,
            "suggestion_id": suggestion_id,
            "details": details,
        }
    )
    session.add(event)
    for webhook in _subscribed(session, kind):
        if in_scope(interaction.facets, webhook.scope):
            session.add(_delivery(session, webhook, interaction, event))
    session.flush()


def _subscribed(session: Session, kind: InteractionEventKind) -> list[Webhook]:
    query = select(Webhook).where(
        col(Webhook.direction) == WebhookDirection.outbound, col(Webhook.disabled_at).is_(None)
    )
    return [row for row in session.scalars(query.order_by(col(Webhook.id))) if kind in row.events]


def _delivery(
    session: Session, webhook: Webhook, interaction: Interaction, event: InteractionEvent
) -> WebhookDelivery:
    name = f"interaction.{event.kind}"
    return WebhookDelivery.model_validate(
        {
            "id": new_message_id(),
            "webhook_id": webhook.id,
            "event": name,
            "interaction_id": interaction.id,
            "payload": {
                "type": name,
                "timestamp": event.at.isoformat(),
                "data": _data(session, interaction, event),
            },
        }
    )


def _data(session: Session, interaction: Interaction, event: InteractionEvent) -> dict[str, Any]:
    """Ids, kinds, times, places to look it up; never what was said, nor of whom it is."""
    settings = settings_of(session)
    base = "" if settings is None else settings.resolved_public_url.rstrip("/")
    return {
        "interaction_id": interaction.id,
        "source": interaction.source,
        "external_id": interaction.external_id,
        "case_id": interaction.case_id,
        "channel": str(interaction.channel),
        "language": interaction.language,
        "facets": interaction.facets,
        "state": str(interaction.state),
        "outcome": None if interaction.outcome is None else str(interaction.outcome),
        "version": interaction.version,
        "opened_at": interaction.opened_at.isoformat(),
        "closed_at": None if interaction.closed_at is None else interaction.closed_at.isoformat(),
        "actor": event.actor,
        "suggestion_id": event.suggestion_id,
        "details": told(event.details),
        "links": {"interaction": f"{base}/api/v1/interactions/{interaction.id}"},
    }


def told(details: Mapping[str, Any]) -> dict[str, Any]:
    """What a webhook is told of an event's details: known names, numbers and codes."""
    return {name: value for name, value in details.items() if name in TOLD and _is_code(value)}


def new_message_id() -> str:
    """Of a delivery: the receiver tells by it whether it has had it."""
    return f"msg_{secrets.token_hex(12)}"


def _is_code(value: object) -> bool:
    if isinstance(value, str):
        return _CODE.fullmatch(value) is not None
    return value is None or isinstance(value, bool | int | float)
