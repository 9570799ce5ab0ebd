"""Deliveries to webhooks: claimed by one sender at a time, tried again, given up.

At least once: whoever dies between the claim and the answer leaves a row that becomes due again.
Nothing keeps the order: receivers go by the moments in the payload.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.webhooks import disable_webhook
from kb.domain import Webhook, WebhookDelivery
from kb.errors import NotFound

LEASE = timedelta(minutes=2)
"""How long a claimed delivery is left to its sender."""

RETRY_AFTER = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 18_000, 28_800, 28_800)
)
"""After each failure: nine tries over a day, then it is given up."""

JITTER = 0.2  # of the wait, either way: what failed together is not tried together again
ASKED_WAIT = timedelta(hours=1)  # at most, of a receiver that says when to come again
HOLD = timedelta(minutes=5)  # other deliveries wait so long for a receiver that is away
MANY = 20  # failures in a row
LONG = timedelta(days=1)  # of nothing but failures
AT_A_TIME = 4  # deliveries of one webhook that one sender holds
GONE = 410  # the receiver wants no more
NOBODY = "webhooks"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """What to send to `url`; `body` is the same at every try."""

    id: str
    webhook_id: str
    url: str
    body: bytes
    secret_number: int
    secret_changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try. `status` None: there was no answer; `error` says why."""

    status: int | None
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def claim_due(
    session: Session, now: datetime, *, but: Collection[str] = (), limit: int = 50
) -> list[DueDelivery]:
    """Deliveries that are due, of each webhook but `but` the oldest few, for this sender alone.

    Of a webhook that fails only one: it is asked whether it is back, not flooded. The caller
    commits before it sends.
    """
    found: list[DueDelivery] = []
    for webhook in _due_webhooks(session, now, but):
        most = 1 if webhook.failures else AT_A_TIME
        for row in _due_rows(session, webhook.id, now, min(most, limit - len(found))):
            found.append(_claimed(row, webhook, now))
        if len(found) >= limit:
            break
    session.flush()
    return found


def claim_one(session: Session, delivery_id: str, now: datetime) -> DueDelivery:
    """A delivery for this sender alone, due or not. Raises NotFound when it was removed."""
    row = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id[:40]!r}: look up the list.")
    claimed = _claimed(row, session.get_one(Webhook, row.webhook_id), now)
    session.flush()
    return claimed


def settle(session: Session, delivery_id: str, answer: Answer, now: datetime) -> None:
    """Note what came of a try: delivered, due again later, or given up.

    A webhook that says it is gone, or failed many times over a day, is disabled; the audit
    says so.
    """
    row = session.get(WebhookDelivery, delivery_id, populate_existing=True)
    if row is None or row.delivered_at is not None:
        return  # removed or erased meanwhile, or sent twice after a long pause
    webhook = session.get(Webhook, row.webhook_id, populate_existing=True, with_for_update=True)
    assert webhook is not None
    row.status, row.error, row.attempts = answer.status, answer.error, row.attempts + 1
    if answer.is_taken:
        row.delivered_at, row.next_at = now, None
        webhook.used_at, webhook.failures, webhook.failing_since = now, 0, None
    else:
        row.next_at = None if webhook.disabled_at else next_try(row.attempts, answer, now)
        webhook.failures += 1
        webhook.failing_since = webhook.failing_since or now
        session.flush()
        _hold_others(session, row, now)
        _disable_if_hopeless(session, webhook, answer, now)
    session.flush()


def next_try(attempts: int, answer: Answer, now: datetime) -> datetime | None:
    """When to try again after so many tries; None: not any more."""
    if attempts > len(RETRY_AFTER):
        return None
    wait = RETRY_AFTER[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    asked = min(answer.retry_after or timedelta(), ASKED_WAIT)
    return now + max(wait, asked)


def has_due(session: Session, now: datetime, *, but: Collection[str] = ()) -> bool:
    """Whether there is anything to claim; writes nothing."""
    return bool(_due_webhooks(session, now, but))


def _claimed(row: WebhookDelivery, webhook: Webhook, now: datetime) -> DueDelivery:
    row.next_at = now + LEASE
    return DueDelivery(
        row.id,
        webhook.id,
        webhook.url,
        json.dumps(row.payload, ensure_ascii=False, separators=(",", ":")).encode(),
        webhook.secret_number,
        webhook.secret_changed_at,
    )


def _due_webhooks(session: Session, now: datetime, but: Collection[str]) -> list[Webhook]:
    """Those whose oldest due delivery waits longest come first."""
    query = (
        select(Webhook)
        .join(WebhookDelivery, col(WebhookDelivery.webhook_id) == col(Webhook.id))
        .where(_is_due(now), col(Webhook.disabled_at).is_(None), col(Webhook.id).not_in(but))
        .group_by(col(Webhook.id))
        .order_by(func.min(col(WebhookDelivery.next_at)))
    )
    return list(session.scalars(query, execution_options={"populate_existing": True}))


def _due_rows(
    session: Session, webhook_id: str, now: datetime, limit: int
) -> list[WebhookDelivery]:
    query = (
        select(WebhookDelivery)
        .where(_is_due(now), col(WebhookDelivery.webhook_id) == webhook_id)
        .order_by(col(WebhookDelivery.next_at), col(WebhookDelivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query, execution_options={"populate_existing": True}))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(col(WebhookDelivery.delivered_at).is_(None), col(WebhookDelivery.next_at) <= now)


def _hold_others(session: Session, failed: WebhookDelivery, now: datetime) -> None:
    """What else is due at a receiver that is away is not tried one by one only to fail."""
    session.execute(
        update(WebhookDelivery)
        .where(
            col(WebhookDelivery.webhook_id) == failed.webhook_id,
            col(WebhookDelivery.id) != failed.id,
            col(WebhookDelivery.delivered_at).is_(None),
            col(WebhookDelivery.next_at) <= now + LEASE,
        )
        .values(next_at=now + HOLD),
        execution_options={"synchronize_session": False},
    )


def _disable_if_hopeless(session: Session, webhook: Webhook, answer: Answer, now: datetime) -> None:
    if webhook.disabled_at is not None:
        return
    since = webhook.failing_since or now
    if answer.status != GONE and (webhook.failures < MANY or now - since < LONG):
        return
    disable_webhook(session, webhook)
    details = {"failures": webhook.failures, "status": answer.status}
    audit.record(session, NOBODY, "disable", "webhook", webhook.id, **details)
    log.warning("webhook.disabled", webhook=webhook.id, **details)
