"""Webhooks: who is told of what, and who may tell; their secrets, their deliveries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.webhooks import (
    DeliveriesOut,
    RotateIn,
    TestOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookOut,
    WebhookSecretOut,
    WebhooksOut,
    delivery_out,
    webhook_out,
    webhook_secret_out,
)
from kb.actions.webhooks import (
    add_webhook,
    change_webhook,
    remove_webhook,
    rotate_webhook,
    send_test,
)
from kb.domain import Permission, Principal
from kb.queries.paging import Paging
from kb.queries.webhooks import DeliveryState, get_webhook, list_deliveries, list_webhooks

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
Owner = Annotated[Principal, allow(Permission.manage_webhooks)]
WebhookId = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", max_length=40)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("", response_model=WebhooksOut)
def read_webhooks(
    app: App, session: ReadSession, _owner: Owner, limit: Limit = 50, offset: Offset = 0
) -> WebhooksOut:
    """Every webhook, the newest first; never its secret."""
    page = list_webhooks(session, paging=Paging(offset, limit))
    base = app.settings.resolved_public_url
    webhooks = [webhook_out(view, base) for view in page.items]
    return WebhooksOut(webhooks=webhooks, total=page.total, offset=offset, limit=limit)


@router.post("", response_model=WebhookSecretOut, status_code=201)
def post_webhook(app: App, owner: Owner, given: WebhookIn) -> WebhookSecretOut:
    """Make a webhook. Keep its `secret` now: it is shown this once."""
    hosts = frozenset(app.settings.webhook_hosts)
    with app.engine.session_factory.begin() as session:
        made = add_webhook(session, given.to_input(), owner, app.secret, hosts)
    return webhook_secret_out(made.webhook, app.settings.resolved_public_url, made.secret)


@router.get("/{webhook_id}", response_model=WebhookOut)
def read_webhook(
    app: App, session: ReadSession, _owner: Owner, webhook_id: WebhookId
) -> WebhookOut:
    """A webhook and how its deliveries fare."""
    return webhook_out(get_webhook(session, webhook_id), app.settings.resolved_public_url)


@router.patch("/{webhook_id}", response_model=WebhookOut)
def patch_webhook(
    app: App, owner: Owner, webhook_id: WebhookId, given: WebhookChangeIn
) -> WebhookOut:
    """Change name, address or events; disable it, or enable it again."""
    hosts, change = frozenset(app.settings.webhook_hosts), given.to_change()
    with app.engine.session_factory.begin() as session:
        change_webhook(session, webhook_id, change, owner.actor, hosts)
        view = get_webhook(session, webhook_id)
    return webhook_out(view, app.settings.resolved_public_url)


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(app: App, owner: Owner, webhook_id: WebhookId) -> None:
    """Remove a webhook with what was to be sent to it."""
    with app.engine.session_factory.begin() as session:
        remove_webhook(session, webhook_id, owner.actor)


@router.post("/{webhook_id}/rotate", response_model=WebhookSecretOut)
def post_rotation(
    app: App, owner: Owner, webhook_id: WebhookId, given: RotateIn | None = None
) -> WebhookSecretOut:
    """Give it another secret, shown this once. For a day messages carry both signatures."""
    at_once = given is not None and given.at_once
    with app.engine.session_factory.begin() as session:
        made = rotate_webhook(session, webhook_id, owner.actor, app.secret, at_once=at_once)
    return webhook_secret_out(made.webhook, app.settings.resolved_public_url, made.secret)


@router.post("/{webhook_id}/test", response_model=TestOut, status_code=202)
def post_test(app: App, _owner: Owner, webhook_id: WebhookId) -> TestOut:
    """Send a message without any news; its delivery says what came of it."""
    with app.engine.session_factory.begin() as session:
        delivery_id = send_test(session, webhook_id)
    app.sender.wake()
    return TestOut(delivery_id=delivery_id)


@router.get("/{webhook_id}/deliveries", response_model=DeliveriesOut)
def read_deliveries(
    session: ReadSession,
    _owner: Owner,
    webhook_id: WebhookId,
    state: DeliveryState | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> DeliveriesOut:
    """What was sent, what waits, what was given up, the newest first."""
    page = list_deliveries(session, webhook_id, state=state, paging=Paging(offset, limit))
    rows = [delivery_out(view) for view in page.items]
    return DeliveriesOut(deliveries=rows, total=page.total, offset=offset, limit=limit)
