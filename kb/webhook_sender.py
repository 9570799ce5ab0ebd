"""Sending to webhooks beside a running server."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from kb.actions.deliveries import Answer, DueDelivery, claim_due, claim_one, has_due, settle
from kb.background import Background
from kb.config import Settings
from kb.db import session_factory
from kb.domain import utc_now
from kb.errors import FetchFailed, FetchRefused
from kb.net import Fetched, fetch
from kb.webhook_signature import good_secrets, signed_headers

TIMEOUT = 10.0  # seconds for one try
MAX_ANSWER = 64_000  # bytes; nobody reads it
THREADS = 4  # webhooks that are sent to at the same time
IDLE = 1.0  # seconds between looks for what is due
log = structlog.get_logger(__name__)
Observed = Callable[[Answer], None]


def send(settings: Settings, key: bytes, due: DueDelivery) -> Answer:
    """One try. Redirects count as failures: what was signed was for that address.

    Never raises for what the other side does.
    """
    now = utc_now()
    secrets = good_secrets(key, due.webhook_id, due.secret_number, due.secret_changed_at, now)
    headers = signed_headers(secrets, due.id, int(now.timestamp()), due.body)
    try:
        found = fetch(
            due.url,
            method="POST",
            headers={"content-type": "application/json", **headers},
            body=due.body,
            timeout=TIMEOUT,
            max_bytes=MAX_ANSWER,
            allowed_hosts=frozenset(settings.webhook_hosts),
            follow=False,
        )
    except (FetchRefused, FetchFailed) as error:
        return Answer(None, error.message)
    if 200 <= found.status < 300:
        return Answer(found.status)
    return Answer(found.status, f"It answered {found.status}.", _retry_after(found))


def send_one(
    settings: Settings,
    engine: Engine,
    key: bytes,
    webhook_id: str,
    made: Callable[[Session, str], str],
) -> Answer:
    """Send at once what `made` puts on its way to a webhook; a failure is tried again later.

    `made` takes a session and the webhook's id and gives that of a delivery. Raises what it raises.
    """
    sessions = session_factory(engine)
    with sessions.begin() as session:  # in one transaction: no server claims it in between
        due = claim_one(session, made(session, webhook_id), utc_now())
    answer = send(settings, key, due)
    with sessions.begin() as session:
        settle(session, due.id, answer, utc_now())
    return answer


class WebhookSender(Background):
    """Sends what is due, to several webhooks at a time.

    Of one webhook only one batch is on its way: a slow receiver holds up nobody but itself.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        key: bytes,
        observed: Observed | None = None,
    ) -> None:
        """`key` is the installation's; `observed` is called with each answer."""
        super().__init__("webhooks")
        self._settings = settings
        self._sessions = session_factory(engine)
        self._readers = session_factory(engine, read_only=True)
        self._key = key
        self._observed = observed
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")

    def stop(self, timeout: float = TIMEOUT + 5) -> bool:
        """Finish the tries in hand and end; what is not tried is left to others, or to later."""
        has_ended = super().stop(timeout)
        self._pool.shutdown(wait=True, cancel_futures=True)
        return has_ended

    def do_round(self) -> float:
        self.round()
        return IDLE

    def round(self) -> int:
        """Claim what is due and send it in the background; gives how many were claimed."""
        with self._lock:
            busy = frozenset(self._busy)
        if len(busy) >= THREADS:
            return 0
        with self._readers() as reader:  # most looks find nothing, and need no writer's place
            if not has_due(reader, utc_now(), but=busy):
                return 0
        with self._sessions.begin() as session:
            due = claim_due(session, utc_now(), but=busy)
        by_webhook: dict[str, list[DueDelivery]] = defaultdict(list)
        for delivery in due:
            by_webhook[delivery.webhook_id].append(delivery)
        with self._lock:
            self._busy |= set(by_webhook)
        for webhook_id, batch in by_webhook.items():
            self._pool.submit(self._send_all, webhook_id, batch)
        return len(due)

    def _send_all(self, webhook_id: str, batch: Sequence[DueDelivery]) -> None:
        try:
            for due in batch:
                if self.is_stopping:
                    return
                answer = send(self._settings, self._key, due)
                with self._sessions.begin() as session:
                    settle(session, due.id, answer, utc_now())
                if self._observed is not None:
                    self._observed(answer)
                if answer.status is None:
                    return  # the rest becomes due again when it is known whether it is back
        except Exception:  # what was claimed becomes due again
            log.exception("webhook.not_settled", webhook=webhook_id)
        finally:
            with self._lock:
                self._busy.discard(webhook_id)
            self.wake()


def _retry_after(found: Fetched) -> timedelta | None:
    text = found.headers.get("retry-after", "")
    return timedelta(seconds=int(text)) if text.isdecimal() and len(text) <= 9 else None
