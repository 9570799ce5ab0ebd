"""Sending to webhooks: signed, to allowed hosts only, at least once whoever is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.deliveries import LEASE, Answer, claim_due
from kb.actions.events import record_event
from kb.actions.webhooks import rotate_webhook, send_test
from kb.config import Settings
from kb.db import session_factory
from kb.domain import InteractionEventKind, WebhookDelivery, utc_now
from kb.queries.webhooks import DeliveryState, get_webhook, list_deliveries
from kb.webhook_sender import WebhookSender, send
from kb.webhook_signature import SignedHead, is_signed, webhook_secret
from tests.kb.hooked import KEY, interaction, outbound, receiver


@dataclass
class Place:
    settings: Settings
    engine: Engine
    sender: WebhookSender
    answers: list[Answer]

    @property
    def sessions(self) -> sessionmaker[Session]:
        return session_factory(self.engine)


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Iterator[Place]:
    settings = Settings(home=tmp_path, webhook_hosts=("127.0.0.1",), _env_file=None)
    answers: list[Answer] = []
    sender = WebhookSender(settings, engine, KEY, answers.append)
    yield Place(settings, engine, sender, answers)
    sender.stop()


def test_an_event_arrives_signed_and_says_what_happened(place: Place) -> None:
    with receiver() as crm:
        with place.sessions.begin() as session:
            webhook_id = outbound(session, crm.url)
            record_event(session, interaction(session), InteractionEventKind.opened, "eva")
        place.sender.start()
        crm.wait_for(1)
        headers, body = crm.got[0]
        place.sender.stop()
    head = SignedHead.of(headers)
    assert head is not None
    assert is_signed(head, body, [webhook_secret(KEY, webhook_id, 1)])
    assert head.is_timely(utc_now())
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["type"] == "interaction.opened"
    with place.sessions() as session:
        (done,) = list_deliveries(session, webhook_id).items
    assert (done.state, done.id, done.status) == (
        DeliveryState.delivered,
        headers["webhook-id"],
        204,
    )
    assert place.answers == [Answer(204)]


def test_while_a_secret_changes_both_signatures_are_sent(place: Place) -> None:
    with receiver() as crm:
        with place.sessions.begin() as session:
            webhook_id = outbound(session, crm.url)
            rotate_webhook(session, webhook_id, "eva", KEY)
            send_test(session, webhook_id)
            (due,) = claim_due(session, utc_now())
        assert send(place.settings, KEY, due) == Answer(204)
    headers, body = crm.got[0]
    head = SignedHead.of(headers)
    assert head is not None
    for number in (1, 2):
        assert is_signed(head, body, [webhook_secret(KEY, webhook_id, number)])


@pytest.mark.parametrize("status", [302, 307, 400, 500])
def test_other_answers_are_failures_and_the_same_is_sent_again(place: Place, status: int) -> None:
    with receiver(lambda n: status if n == 0 else 200) as crm:
        with place.sessions.begin() as session:
            webhook_id = outbound(session, crm.url)
            send_test(session, webhook_id)
        place.sender.start()
        crm.wait_for(1)
        _until(place, webhook_id, attempts=1)
        with place.sessions.begin() as session:
            session.execute(update(WebhookDelivery).values(next_at=utc_now()))
        crm.wait_for(2)
        place.sender.stop()
    (first, body), (second, again) = crm.got
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    with place.sessions() as session:
        (done,) = list_deliveries(session, webhook_id).items
    assert (done.state, done.attempts, done.error) == (DeliveryState.delivered, 2, "")


def test_an_address_within_is_not_asked_and_the_reason_is_kept(place: Place) -> None:
    with receiver() as crm, place.sessions.begin() as session:
        outbound(session, crm.url)
        send_test(session, outbound(session, crm.url))
        (due,) = claim_due(session, utc_now())
        closed = place.settings.model_copy(update={"webhook_hosts": ()})
        answer = send(closed, KEY, due)
    assert answer.status is None
    assert "Port" in answer.error
    assert crm.got == []


def test_nobody_listens(place: Place) -> None:
    with receiver() as crm:
        url = crm.url
    with place.sessions.begin() as session:
        webhook_id = outbound(session, url)
        for _ in range(3):
            send_test(session, webhook_id)
    assert place.sender.round() == 3
    _until(place, webhook_id, attempts=1)
    with place.sessions() as session:
        found = get_webhook(session, webhook_id)
        tried = [row.attempts for row in list_deliveries(session, webhook_id).items]
    assert (found.failures, found.waiting) == (1, 3)
    assert sorted(tried) == [0, 0, 1]  # the others wait until it is back


def test_a_slow_receiver_holds_up_nobody_else(place: Place) -> None:
    with receiver(lambda _: 200) as slow, receiver() as quick:
        with slow.arrived:  # it has the request and cannot answer
            with place.sessions.begin() as session:
                send_test(session, outbound(session, slow.url))
            place.sender.start()
            with place.sessions.begin() as session:
                send_test(session, outbound(session, quick.url))
            quick.wait_for(1)
            assert slow.got == []
        slow.wait_for(1)
        place.sender.stop()


KILLED = """
import os, signal, sys
from pathlib import Path
from kb import webhook_sender
from kb.config import Settings
from kb.db import create_engine_for

url, home, when = sys.argv[1:]
real = webhook_sender.fetch

def killed(*given, **named):
    if when == "after":
        real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

webhook_sender.fetch = killed
settings = Settings(home=Path(home), webhook_hosts=("127.0.0.1",), _env_file=None)
sender = webhook_sender.WebhookSender(settings, create_engine_for(url), b"k" * 40)
sender.start()
signal.pause()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_killed_sender_held_is_sent_by_another(
    place: Place, database_url: str, when: str
) -> None:
    with receiver() as crm:
        with place.sessions.begin() as session:
            webhook_id = outbound(session, crm.url)
            delivery_id = send_test(session, webhook_id)
        home = str(place.settings.home)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, database_url, home, when], timeout=60, check=False
        )
        assert done.returncode == -signal.SIGKILL
        before = 1 if when == "after" else 0
        assert len(crm.got) == before
        with place.sessions.begin() as session:  # minutes later
            (held,) = session.scalars(select(WebhookDelivery))
            assert held.next_at is not None
            held.next_at -= LEASE
        place.sender.start()
        crm.wait_for(before + 1)
        place.sender.stop()
    assert {headers["webhook-id"] for headers, _ in crm.got} == {delivery_id}
    with place.sessions() as session:
        (row,) = session.scalars(select(WebhookDelivery))
    assert row.delivered_at is not None


SENDING = """
import sys
import time
from pathlib import Path
from kb.config import Settings
from kb.db import create_engine_for
from kb.webhook_sender import WebhookSender

url, home = sys.argv[1:]
settings = Settings(home=Path(home), webhook_hosts=("127.0.0.1",), _env_file=None)
WebhookSender(settings, create_engine_for(url), b"k" * 40).start()
print("ready", flush=True)
time.sleep(600)
"""


def test_several_processes_share_the_work_and_one_is_killed(
    place: Place, database_url: str
) -> None:
    with receiver() as crm:
        with place.sessions.begin() as session:
            hooks = [outbound(session, crm.url) for _ in range(4)]
            sent = {send_test(session, hook) for hook in hooks for _ in range(10)}
        command = [sys.executable, "-c", SENDING, database_url, str(place.settings.home)]
        senders = [subprocess.Popen(command) for _ in range(2)]
        try:
            crm.wait_for(5)
            senders[0].kill()
            senders[0].wait()
            with place.sessions.begin() as session:  # minutes later
                for row in session.scalars(select(WebhookDelivery)):
                    if row.delivered_at is None and row.next_at is not None:
                        row.next_at = utc_now()
            crm.wait_for(len(sent))
            _until_all(place)
        finally:
            for sender in senders:
                sender.kill()
                sender.wait()
    assert {headers["webhook-id"] for headers, _ in crm.got} == sent


def _until_all(place: Place) -> None:
    """Wait until everything is delivered."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with place.sessions() as session:
            rows = session.scalars(select(WebhookDelivery)).all()
        if all(row.delivered_at is not None for row in rows):
            return
        time.sleep(0.05)
    raise AssertionError("not all were delivered")


def _until(place: Place, webhook_id: str, attempts: int) -> None:
    """Wait until the first delivery was tried so often and that was noted."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with place.sessions() as session:
            if any(row.attempts >= attempts for row in list_deliveries(session, webhook_id).items):
                return
        time.sleep(0.02)
    raise AssertionError("it was not tried")
