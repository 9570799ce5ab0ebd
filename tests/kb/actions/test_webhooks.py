"""Webhooks: what may be made, that a secret is shown once, what becomes of one that is away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.actions.events import record_event
from kb.actions.webhooks import (
    MAX_WEBHOOKS,
    WebhookChange,
    WebhookInput,
    add_webhook,
    change_webhook,
    remove_webhook,
    rotate_webhook,
    send_test,
)
from kb.domain import (
    AuditEntry,
    InteractionEventKind,
    Webhook,
    WebhookDelivery,
    WebhookDirection,
    WebhookReceipt,
    utc_now,
)
from kb.errors import Conflict, FetchRefused, Forbidden, InvalidInput, NotFound
from kb.queries.webhooks import DeliveryState, get_webhook, list_deliveries, list_webhooks
from kb.webhook_signature import good_secrets, shown_secret
from tests.kb.builders import audited
from tests.kb.hooked import ADMIN, KEY, inbound, interaction, outbound

OUT, IN = WebhookDirection.outbound, WebhookDirection.inbound


def _secrets(session: Session, webhook_id: str) -> list[str]:
    row = session.get_one(Webhook, webhook_id)
    found = good_secrets(KEY, row.id, row.secret_number, row.secret_changed_at, utc_now())
    return [shown_secret(secret) for secret in found]


def test_a_secret_is_shown_once_and_kept_nowhere(session: Session) -> None:
    made = inbound(session)
    assert made.secret.startswith("whsec_")
    assert [made.secret] == _secrets(session, made.webhook.id)
    row = session.get_one(Webhook, made.webhook.id)
    entry = session.scalars(select(AuditEntry)).one()
    assert made.secret not in f"{row} {entry} {get_webhook(session, row.id)}"
    assert (entry.action, entry.actor) == ("create", "usr_admin")


def test_a_changed_secret_leaves_the_old_one_good_for_a_while(session: Session) -> None:
    made = inbound(session)
    changed = rotate_webhook(session, made.webhook.id, "eva", KEY)
    assert _secrets(session, made.webhook.id) == [changed.secret, made.secret]
    again = rotate_webhook(session, made.webhook.id, "eva", KEY, at_once=True)
    assert _secrets(session, made.webhook.id) == [again.secret]
    assert len({made.secret, changed.secret, again.secret}) == 3
    assert audited(session)[-1] == ("rotate", made.webhook.id)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/hook",
        "https://127.0.0.2:99/",
        "https://user:word@crm.example/",
        "crm.example",
        "https://crm.example:8443/",
        "file:///etc/passwd",
        "https://crm.example/" + "x" * 2000,
        "https://crm.example/\0",
        "",
    ],
)
def test_an_address_that_is_not_sent_to_is_refused(session: Session, url: str) -> None:
    with pytest.raises((FetchRefused, InvalidInput)):
        outbound(session, url)
    webhook_id = outbound(session)
    with pytest.raises((FetchRefused, InvalidInput)):
        change_webhook(session, webhook_id, WebhookChange(url=url), "eva")


def test_a_host_that_the_operator_named_may_be_sent_to(session: Session) -> None:
    assert outbound(session, "http://127.0.0.1:8099/hook")
    webhook_id = outbound(session)
    hosts = frozenset({"crm.intern"})
    change = WebhookChange(url="http://crm.intern/hook")
    assert change_webhook(session, webhook_id, change, "eva", hosts).url == change.url


@pytest.mark.parametrize(
    ("direction", "fields", "match"),
    [
        (OUT, {"url": "https://crm.example/", "events": []}, "at least one"),
        (OUT, {"url": "https://crm.example/", "events": ["sold"]}, "sold"),
        (OUT, {"url": "https://crm.example/", "events": ["opened"], "source": "x"}, "source"),
        (IN, {"source": "CRM 1"}, "source"),
        (IN, {"source": ""}, "source"),
        (IN, {"source": "crm\n"}, "source"),
        (IN, {"source": "crm", "events": ["opened"]}, "events"),
        (IN, {"source": "crm", "url": "https://crm.example/"}, "address"),
        (IN, {"source": "crm", "name": " "}, "name"),
        (IN, {"source": "crm", "name": "x" * 121}, "name"),
        (IN, {"source": "crm", "scope": {"country": []}}, "country"),
    ],
)
def test_what_makes_no_webhook(
    session: Session, direction: WebhookDirection, fields: dict[str, Any], match: str
) -> None:
    given = WebhookInput(direction, **({"name": "CRM"} | fields))
    with pytest.raises(InvalidInput, match=match):
        add_webhook(session, given, ADMIN, KEY)


def test_a_webhook_sees_no_more_than_its_creator(session: Session) -> None:
    creator = replace(ADMIN, scope={"country": ["GB", "SI"]})
    webhook_id = outbound(session, creator=creator, scope={"country": ["SI"]})
    assert get_webhook(session, webhook_id).scope == {"country": ["SI"]}
    with pytest.raises(Forbidden):
        outbound(session, creator=creator, scope={"country": ["PL"]})


def test_there_are_not_many_webhooks(session: Session) -> None:
    for _ in range(MAX_WEBHOOKS):
        outbound(session)
    with pytest.raises(Conflict, match="remove one"):
        outbound(session)


def test_what_an_inbound_one_has_not_cannot_be_changed(session: Session) -> None:
    webhook_id = inbound(session).webhook.id
    assert change_webhook(session, webhook_id, WebhookChange(name=" Desk "), "eva").name == "Desk"
    for change in (WebhookChange(url="https://crm.example/"), WebhookChange(events=["opened"])):
        with pytest.raises(InvalidInput, match="inbound"):
            change_webhook(session, webhook_id, change, "eva")
    with pytest.raises(Conflict, match="signed message"):
        send_test(session, webhook_id)


def test_a_disabled_webhook_gives_up_what_waits_and_is_told_nothing(session: Session) -> None:
    webhook_id, key = outbound(session), interaction(session)
    record_event(session, key, InteractionEventKind.opened, "eva")
    assert get_webhook(session, webhook_id).waiting == 1
    change_webhook(session, webhook_id, WebhookChange(enabled=False), "eva")
    record_event(session, key, InteractionEventKind.resolved, "eva")
    found = get_webhook(session, webhook_id)
    assert (found.waiting, found.given_up) == (0, 1)
    with pytest.raises(Conflict, match="enable"):
        send_test(session, webhook_id)
    change_webhook(session, webhook_id, WebhookChange(enabled=True), "eva")
    assert send_test(session, webhook_id)
    page = list_deliveries(session, webhook_id, state=DeliveryState.waiting)
    assert [row.event for row in page.items] == ["webhook.test"]


def test_a_removed_webhook_leaves_nothing(session: Session) -> None:
    webhook_id = outbound(session)
    send_test(session, webhook_id)
    session.add(WebhookReceipt(webhook_id=webhook_id, message_id="m"))
    session.flush()
    remove_webhook(session, webhook_id, "eva")
    for table in (Webhook, WebhookDelivery, WebhookReceipt):
        assert session.scalar(select(func.count()).select_from(table)) == 0
    with pytest.raises(NotFound):
        get_webhook(session, webhook_id)
    for gone in (
        lambda: remove_webhook(session, webhook_id, "eva"),
        lambda: rotate_webhook(session, webhook_id, "eva", KEY),
        lambda: send_test(session, webhook_id),
        lambda: change_webhook(session, webhook_id, WebhookChange(name="x"), "eva"),
        lambda: list_deliveries(session, webhook_id),
    ):
        with pytest.raises(NotFound):
            gone()


def test_the_list_has_all_the_newest_first(session: Session) -> None:
    ids = [outbound(session), inbound(session).webhook.id]
    send_test(session, ids[0])
    page = list_webhooks(session)
    assert [(row.id, row.waiting) for row in page.items] == [(ids[1], 0), (ids[0], 1)]
    assert page.total == 2
