"""Webhooks and their deliveries as administrators see them; never their secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Facets, Webhook, WebhookDelivery, WebhookDirection
from kb.errors import NotFound
from kb.queries.paging import Page, Paging
from kb.webhook_signature import good_secrets


class DeliveryState(StrEnum):
    waiting = "waiting"
    delivered = "delivered"
    given_up = "given_up"


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook without its secret. `waiting` and `given_up` count its deliveries."""

    id: str
    direction: WebhookDirection
    name: str
    url: str
    source: str
    events: tuple[str, ...]
    scope: Facets
    secret_changed_at: datetime | None
    created_by: str
    created_at: datetime
    disabled_at: datetime | None
    used_at: datetime | None
    failures: int
    failing_since: datetime | None
    waiting: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What was or is to be sent, and what came of it."""

    id: str
    webhook_id: str
    event: str
    interaction_id: str | None
    state: DeliveryState
    created_at: datetime
    attempts: int
    next_at: datetime | None
    delivered_at: datetime | None
    status: int | None
    error: str


@dataclass(frozen=True, slots=True)
class InboundWebhook:
    """`secrets` are those that are good; `webhook` None when nobody may send with them."""

    secrets: tuple[bytes, ...]
    webhook: WebhookView | None


def inbound_webhook(session: Session, webhook_id: str, key: bytes, now: datetime) -> InboundWebhook:
    """What to compare a signature with; secrets also for an id that is not there.

    So a caller does the same work in the same time, and cannot tell whether there is such a
    webhook.
    """
    row = session.get(Webhook, webhook_id, populate_existing=True)
    if row is None:
        return InboundWebhook(good_secrets(key, webhook_id, 1, None, now), None)
    secrets = good_secrets(key, row.id, row.secret_number, row.secret_changed_at, now)
    is_good = row.direction == WebhookDirection.inbound and row.disabled_at is None
    return InboundWebhook(secrets, webhook_view(row) if is_good else None)


def list_webhooks(session: Session, *, paging: Paging | None = None) -> Page[WebhookView]:
    """Every webhook, the newest first, disabled ones too."""
    paging = paging or Paging()
    total = session.scalar(select(func.count()).select_from(Webhook)) or 0
    query = select(Webhook).order_by(col(Webhook.created_at).desc(), col(Webhook.id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    ids = [row.id for row in rows]
    waiting = _counts(session, ids, _WHERE[DeliveryState.waiting])
    given_up = _counts(session, ids, _WHERE[DeliveryState.given_up])
    views = tuple(
        webhook_view(row, waiting.get(row.id, 0), given_up.get(row.id, 0)) for row in rows
    )
    return Page(views, total)


def get_webhook(session: Session, webhook_id: str) -> WebhookView:
    """Raises NotFound."""
    row = session.get(Webhook, webhook_id, populate_existing=True)
    if row is None:
        raise NotFound(no_webhook(webhook_id))
    counts = [
        _counts(session, [row.id], _WHERE[state]).get(row.id, 0)
        for state in (DeliveryState.waiting, DeliveryState.given_up)
    ]
    return webhook_view(row, *counts)


def list_deliveries(
    session: Session,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    paging: Paging | None = None,
) -> Page[DeliveryView]:
    """What was sent to a webhook or is on its way, the newest first. Raises NotFound."""
    if session.get(Webhook, webhook_id) is None:
        raise NotFound(no_webhook(webhook_id))
    paging = paging or Paging()
    where = and_(col(WebhookDelivery.webhook_id) == webhook_id, _WHERE[state] if state else true())
    total = session.scalar(select(func.count()).select_from(WebhookDelivery).where(where)) or 0
    newest = (col(WebhookDelivery.created_at).desc(), col(WebhookDelivery.id))
    query = select(WebhookDelivery).where(where).order_by(*newest)
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit))
    return Page(tuple(delivery_view(row) for row in rows), total)


def webhook_view(row: Webhook, waiting: int = 0, given_up: int = 0) -> WebhookView:
    """A row as it may be shown."""
    copied = [name for name in WebhookView.__slots__ if name not in ("waiting", "given_up")]
    values = {name: getattr(row, name) for name in copied}
    values["events"] = tuple(row.events)
    values["scope"] = {name: list(some) for name, some in row.scope.items()}
    return WebhookView(**values, waiting=waiting, given_up=given_up)


def delivery_view(row: WebhookDelivery) -> DeliveryView:
    """A row as it may be shown."""
    state = DeliveryState.waiting
    if row.delivered_at is not None:
        state = DeliveryState.delivered
    elif row.next_at is None:
        state = DeliveryState.given_up
    copied = [name for name in DeliveryView.__slots__ if name != "state"]
    return DeliveryView(**{name: getattr(row, name) for name in copied}, state=state)


def no_webhook(webhook_id: str) -> str:
    """What to tell whoever asked for one that is not there."""
    return f"There is no webhook {webhook_id[:40]!r}: look up the list of webhooks."


_OPEN = col(WebhookDelivery.delivered_at).is_(None)
_WHERE: dict[DeliveryState, ColumnElement[bool]] = {
    DeliveryState.waiting: and_(_OPEN, col(WebhookDelivery.next_at).is_not(None)),
    DeliveryState.delivered: col(WebhookDelivery.delivered_at).is_not(None),
    DeliveryState.given_up: and_(_OPEN, col(WebhookDelivery.next_at).is_(None)),
}


def _counts(session: Session, ids: list[str], where: ColumnElement[bool]) -> dict[str, int]:
    of = col(WebhookDelivery.webhook_id)
    query = select(of, func.count()).where(of.in_(ids), where).group_by(of)
    return {webhook_id: count for webhook_id, count in session.execute(query)}
