"""From a signed message to the webhook that sent it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.concurrency import run_in_threadpool

from api.auth.rules import Rule
from api.edge.rates import Rates
from api.state import Services, services_of
from kb.domain import Permission, Principal, PrincipalKind, utc_now
from kb.errors import SignInNeeded
from kb.queries.webhooks import WebhookView, inbound_webhook
from kb.webhook_signature import SignedHead, is_signed

MAY = frozenset({Permission.write_interactions})
HookId = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", max_length=40)]


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message that its webhook signed just now."""

    message_id: str
    webhook: WebhookView


async def get_webhook_principal(request: Request, webhook_id: HookId) -> Principal:
    """The webhook that signed this request.

    Raises SignInNeeded with one text whatever is wrong: no such webhook, disabled, another
    direction, another signature; TooMany above the webhook's rate, or after many refusals.
    """
    rates: Rates = request.app.state.rates
    rates.check_refusals(request, "webhook-signature")
    head, body = SignedHead.of(request.headers), await request.body()
    webhook: WebhookView | None = None
    if head is not None:
        services = services_of(request)
        webhook = await run_in_threadpool(_signed_by, services, webhook_id, head, body)
    if head is None or webhook is None:
        rates.count_refusal(request)
        raise SignInNeeded(
            "The message is not signed by this webhook: check its id, its secret, and that the"
            " signature is over `{webhook-id}.{webhook-timestamp}.{body}`."
        )
    if not head.is_timely(utc_now()):  # said to nobody but the one who knows the secret
        raise SignInNeeded("The message is older than five minutes: sign each try anew.")
    request.state.signed_message = SignedMessage(head.message_id, webhook)
    principal = Principal(
        PrincipalKind.webhook,
        f"webhook:{webhook.id}",
        MAY,
        credential_id=webhook.id,
        name=webhook.name,
        scope=webhook.scope,
    )
    rates.count(request, principal)
    return principal


class SignatureRule(Rule):
    """For messages of webhooks: no session, key or token helps, only a signature."""

    def __call__(
        self, principal: Annotated[Principal, Depends(get_webhook_principal)]
    ) -> Principal:
        """The webhook. Raises SignInNeeded."""
        return principal


SignedWebhook = Annotated[Principal, Depends(SignatureRule())]


def signed_message(request: Request, _webhook: SignedWebhook) -> SignedMessage:
    """The message whose signature the rule has checked."""
    found: SignedMessage = request.state.signed_message
    return found


def _signed_by(
    services: Services, webhook_id: str, head: SignedHead, body: bytes
) -> WebhookView | None:
    """Takes the same time whether there is such a webhook or not."""
    with services.readers() as session:
        found = inbound_webhook(session, webhook_id, services.secret, utc_now())
    right = is_signed(head, body, found.secrets)
    return found.webhook if right else None
