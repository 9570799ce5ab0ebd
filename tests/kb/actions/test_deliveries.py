"""Deliveries: one sender at a time, again after a failure or a death, not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.deliveries import (
    AT_A_TIME,
    GONE,
    HOLD,
    LEASE,
    LONG,
    MANY,
    RETRY_AFTER,
    Answer,
    claim_due,
    has_due,
    next_try,
    settle,
)
from kb.actions.webhooks import remove_webhook, send_test
from kb.domain import AuditEntry, Webhook, WebhookDelivery, utc_now
from kb.queries.webhooks import DeliveryState, get_webhook, list_deliveries
from tests.kb.hooked import outbound

TAKEN, FAILED = Answer(204), Answer(500, "It answered 500.")


def _webhook(session: Session, deliveries: int = 1) -> str:
    webhook_id = outbound(session)
    for _ in range(deliveries):
        send_test(session, webhook_id)
    return webhook_id


def _one(session: Session) -> WebhookDelivery:
    return session.scalars(
        select(WebhookDelivery), execution_options={"populate_existing": True}
    ).one()


def test_what_is_claimed_is_left_to_its_sender_until_it_must_be_dead(session: Session) -> None:
    _webhook(session)
    now = utc_now()
    (due,) = claim_due(session, now)
    assert b'"type":"webhook.test"' in due.body
    assert claim_due(session, now) == []
    assert not has_due(session, now + LEASE - timedelta(seconds=1))
    assert has_due(session, now + LEASE)
    assert [again.id for again in claim_due(session, now + LEASE)] == [due.id]


def test_two_senders_never_claim_the_same(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        _webhook(session, 3)
    now = utc_now()
    with sessions() as first:
        mine = claim_due(first, now, limit=2)
        if first.get_bind().dialect.name == "postgresql":  # on SQLite writers queue
            with sessions.begin() as second:
                theirs = claim_due(second, now)
            assert len(theirs) == 1
        first.commit()
    with sessions.begin() as third:
        rest = claim_due(third, now)
    assert len({due.id for due in mine} & {due.id for due in rest}) == 0


def test_what_is_taken_is_over(session: Session) -> None:
    webhook_id, now = _webhook(session), utc_now()
    (due,) = claim_due(session, now)
    settle(session, due.id, TAKEN, now)
    row = _one(session)
    assert (row.delivered_at, row.next_at, row.status, row.attempts) == (now, None, 204, 1)
    assert not has_due(session, now + timedelta(days=3))
    settle(session, due.id, FAILED, now)  # of a second sender that was slow
    assert _one(session).status == 204
    assert get_webhook(session, webhook_id).used_at == now


def test_a_failure_is_tried_again_over_a_day_and_then_given_up(session: Session) -> None:
    webhook_id, now = _webhook(session), utc_now()
    start, tries = now, 0
    while (row := _one(session)).next_at is not None:
        now = row.next_at
        (due,) = claim_due(session, now)
        settle(session, due.id, FAILED, now)
        tries += 1
    assert tries == len(RETRY_AFTER) + 1
    assert timedelta(hours=18) < now - start < timedelta(hours=30)
    (shown,) = list_deliveries(session, webhook_id, state=DeliveryState.given_up).items
    assert (shown.attempts, shown.status, shown.error) == (tries, 500, "It answered 500.")
    assert get_webhook(session, webhook_id).failures == tries


@pytest.mark.parametrize("attempts", range(1, len(RETRY_AFTER) + 1))
def test_waits_grow_and_are_spread(attempts: int) -> None:
    now, plain = utc_now(), RETRY_AFTER[attempts - 1]
    waits = {next_try(attempts, FAILED, now) or now for _ in range(20)}
    assert len(waits) > 1
    assert all(0.8 * plain <= at - now <= 1.2 * plain for at in waits)


def test_a_receiver_says_when_to_come_again_within_reason() -> None:
    now = utc_now()
    asked = [timedelta(minutes=10), timedelta(days=9)]
    waits = [next_try(1, Answer(503, "", wait), now) for wait in asked]
    assert waits == [now + timedelta(minutes=10), now + timedelta(hours=1)]


def test_a_receiver_that_is_away_is_not_flooded(session: Session) -> None:
    _webhook(session, AT_A_TIME + 3)
    now = utc_now()
    batch = claim_due(session, now)
    assert len(batch) == AT_A_TIME
    settle(session, batch[0].id, Answer(None, "away"), now)
    assert not has_due(session, now + timedelta(seconds=3))
    later = now + HOLD
    (probe, *more) = claim_due(session, later)
    assert more == []
    settle(session, probe.id, TAKEN, later)
    assert len(claim_due(session, later)) == AT_A_TIME


def test_one_webhook_does_not_hold_up_another(session: Session) -> None:
    slow, quick = _webhook(session, 9), _webhook(session, 1)
    now = utc_now()
    assert {due.webhook_id for due in claim_due(session, now, limit=AT_A_TIME + 1)} == {slow, quick}
    assert claim_due(session, now + LEASE, but=[slow])[0].webhook_id == quick


def _fail(session: Session, webhook_id: str, times: int, now: datetime) -> Webhook:
    for _ in range(times):
        delivery_id = send_test(session, webhook_id)
        settle(session, delivery_id, FAILED, now)
    return session.get_one(Webhook, webhook_id, populate_existing=True)


def test_a_webhook_that_fails_for_long_is_disabled_and_the_audit_says_so(session: Session) -> None:
    webhook_id, now = outbound(session), utc_now()
    assert _fail(session, webhook_id, MANY + 5, now).disabled_at is None  # an hour of trouble
    later = now + LONG
    waiting = send_test(session, webhook_id)
    assert _fail(session, webhook_id, 1, later).disabled_at is not None
    entry = session.scalars(select(AuditEntry).where(col(AuditEntry.action) == "disable")).one()
    assert (entry.entity_id, entry.actor) == (webhook_id, "webhooks")
    assert entry.details == {"failures": MANY + 6, "status": 500}
    assert not has_due(session, later + LONG)
    states = {row.id: row.state for row in list_deliveries(session, webhook_id).items}
    assert states[waiting] == DeliveryState.given_up


def test_an_answer_in_between_makes_it_begin_anew(session: Session) -> None:
    webhook_id, now = outbound(session), utc_now()
    _fail(session, webhook_id, MANY, now)
    settle(session, send_test(session, webhook_id), TAKEN, now)
    found = _fail(session, webhook_id, 1, now + LONG)
    assert (found.disabled_at, found.failures) == (None, 1)


def test_a_receiver_that_is_gone_is_disabled_at_once(session: Session) -> None:
    webhook_id = outbound(session)
    settle(session, send_test(session, webhook_id), Answer(GONE, "It answered 410."), utc_now())
    assert get_webhook(session, webhook_id).disabled_at is not None


def test_an_answer_for_what_was_removed_meanwhile_changes_nothing(session: Session) -> None:
    webhook_id, now = _webhook(session), utc_now()
    (due,) = claim_due(session, now)
    remove_webhook(session, webhook_id, "eva")
    settle(session, due.id, TAKEN, now)
    assert list(session.scalars(select(WebhookDelivery))) == []
