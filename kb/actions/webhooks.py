"""Webhooks: made, changed, given another secret, tried, removed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions import audit
from kb.actions.checks import check_text
from kb.actions.events import new_message_id
from kb.actions.keys import confined
from kb.db import advisory_lock
from kb.domain import (
    Facets,
    InteractionEventKind,
    Principal,
    Webhook,
    WebhookDelivery,
    WebhookDirection,
    WebhookReceipt,
    utc_now,
)
from kb.errors import Conflict, FetchRefused, InvalidInput, NotFound
from kb.net import check_target, is_allowed_by_name
from kb.queries.webhooks import WebhookView, no_webhook, webhook_view
from kb.webhook_signature import shown_secret, webhook_secret

MAX_NAME = 120
MAX_URL = 2000
MAX_WEBHOOKS = 100
TEST_EVENT = "webhook.test"
SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
EVENTS = tuple(str(kind) for kind in InteractionEventKind)


@dataclass(frozen=True, slots=True)
class WebhookInput:
    """An outbound one has `url` and `events`, an inbound one `source`. `scope` confines both."""

    direction: WebhookDirection
    name: str
    url: str = ""
    source: str = ""
    events: Sequence[str] = ()
    scope: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What changes; None stays as it is."""

    name: str | None = None
    url: str | None = None
    events: Sequence[str] | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """`secret` is shown once, as `whsec_...`."""

    secret: str
    webhook: WebhookView


def add_webhook(
    session: Session,
    given: WebhookInput,
    creator: Principal,
    key: bytes,
    hosts: frozenset[str] = frozenset(),
) -> WebhookSecret:
    """Make a webhook that sees no more than its creator.

    `key` is the installation's, `hosts` those of the own network that may be sent to. Raises
    InvalidInput, FetchRefused for an address that is not asked, Forbidden for a wider scope.
    """
    advisory_lock(session, "webhooks")
    if (session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MAX_WEBHOOKS:
        raise Conflict(f"There are {MAX_WEBHOOKS} webhooks already: remove one first.")
    row = Webhook.model_validate(
        {
            "id": f"whk_{secrets.token_hex(8)}",
            "direction": given.direction,
            "name": _name(given.name),
            "scope": confined(given.scope, creator),
            "created_by": creator.actor,
            **_directed(given, hosts),
        }
    )
    session.add(row)
    _note(session, creator.actor, "create", row, direction=str(row.direction), events=row.events)
    return _with_secret(row, key)


def change_webhook(
    session: Session,
    webhook_id: str,
    change: WebhookChange,
    actor: str,
    hosts: frozenset[str] = frozenset(),
) -> WebhookView:
    """Raises NotFound, InvalidInput, FetchRefused. Enabled again, its failures are forgotten."""
    row = _locked(session, webhook_id)
    outbound = row.direction == WebhookDirection.outbound
    if not outbound and (change.url is not None or change.events is not None):
        raise InvalidInput("An inbound webhook has no address and no events: leave them out.")
    if change.name is not None:
        row.name = _name(change.name)
    if change.url is not None:
        row.url = _url(change.url, hosts)
    if change.events is not None:
        row.events = _events(change.events)
    if change.enabled is True:
        row.disabled_at, row.failures, row.failing_since = None, 0, None
    elif change.enabled is False and row.disabled_at is None:
        disable_webhook(session, row)
    _note(session, actor, "change", row, events=row.events, enabled=row.disabled_at is None)
    return webhook_view(row)


def disable_webhook(session: Session, row: Webhook) -> None:
    """Nothing more is sent or taken; what waited is given up."""
    row.disabled_at = utc_now()
    session.execute(
        update(WebhookDelivery)
        .where(
            col(WebhookDelivery.webhook_id) == row.id, col(WebhookDelivery.delivered_at).is_(None)
        )
        .values(next_at=None),
        execution_options={"synchronize_session": False},
    )
    session.flush()


def rotate_webhook(
    session: Session, webhook_id: str, actor: str, key: bytes, *, at_once: bool = False
) -> WebhookSecret:
    """Give it another secret; the one before is good for a day more, unless `at_once`.

    Raises NotFound.
    """
    row = _locked(session, webhook_id)
    row.secret_number += 1
    row.secret_changed_at = None if at_once else utc_now()
    _note(session, actor, "rotate", row, at_once=at_once)
    return _with_secret(row, key)


def remove_webhook(session: Session, webhook_id: str, actor: str) -> None:
    """With what was to be sent to it. Raises NotFound."""
    row = _locked(session, webhook_id)
    tables: tuple[type[SQLModel], ...] = (WebhookDelivery, WebhookReceipt)
    for table in tables:
        of = col(table.webhook_id)  # type: ignore[attr-defined]
        session.execute(
            delete(table).where(of == row.id), execution_options={"synchronize_session": False}
        )
    session.delete(row)
    _note(session, actor, "remove", row)


def send_test(session: Session, webhook_id: str) -> str:
    """Put a message without any news on its way; gives its id. Raises NotFound, Conflict."""
    row = _locked(session, webhook_id)
    if row.direction != WebhookDirection.outbound:
        raise Conflict("Nothing is sent to an inbound webhook: send a signed message to it.")
    if row.disabled_at is not None:
        raise Conflict("The webhook is disabled: enable it first.")
    delivery_id, now = new_message_id(), utc_now()
    payload = {"type": TEST_EVENT, "timestamp": now.isoformat(), "data": {"webhook_id": row.id}}
    values = {"id": delivery_id, "webhook_id": row.id, "event": TEST_EVENT, "payload": payload}
    session.add(WebhookDelivery.model_validate(values))
    session.flush()
    return delivery_id


def _directed(given: WebhookInput, hosts: frozenset[str]) -> dict[str, object]:
    """What one of this direction has. Raises InvalidInput, FetchRefused."""
    if given.direction == WebhookDirection.outbound:
        if given.source:
            raise InvalidInput("Only an inbound webhook has a source: leave it out.")
        return {"url": _url(given.url, hosts), "events": _events(given.events)}
    if given.url or given.events:
        raise InvalidInput("An inbound webhook has no address and no events: leave them out.")
    if not SOURCE.fullmatch(given.source):
        raise InvalidInput(
            "Name the source of what an inbound webhook brings: small letters, digits, - and _.",
            field="source",
        )
    return {"source": given.source}


def _name(name: str) -> str:
    check_text(name, "name", needed=True)
    if len(name.strip()) > MAX_NAME:
        raise InvalidInput(f"A name has at most {MAX_NAME} characters: shorten it.", field="name")
    return name.strip()


def _url(url: str, hosts: frozenset[str]) -> str:
    check_text(url, "url", needed=True)
    if len(url) > MAX_URL:
        raise InvalidInput(f"An address has at most {MAX_URL} characters.", field="url")
    check_target(url, allowed_hosts=hosts)
    if not url.lower().startswith("https://") and not is_allowed_by_name(url, hosts):
        raise FetchRefused(
            "Webhooks are sent over https: give such an address, or have the operator name the"
            " host in POTICA_WEBHOOK_HOSTS."
        )
    return url


def _events(events: Sequence[str]) -> list[str]:
    wrong = sorted(set(events) - set(EVENTS))
    if wrong or not events:
        raise InvalidInput(
            (f"There is no event {wrong[0][:60]!r}" if wrong else "Name at least one event")
            + f": choose from {', '.join(EVENTS)}.",
            field="events",
        )
    return sorted(set(events), key=EVENTS.index)


def _locked(session: Session, webhook_id: str) -> Webhook:
    row = session.get(Webhook, webhook_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(no_webhook(webhook_id))
    return row


def _with_secret(row: Webhook, key: bytes) -> WebhookSecret:
    secret = webhook_secret(key, row.id, row.secret_number)
    return WebhookSecret(shown_secret(secret), webhook_view(row))


def _note(session: Session, actor: str, action: str, row: Webhook, **details: object) -> None:
    audit.record(session, actor, action, "webhook", row.id, **details)
    session.flush()
