"""Webhooks, their secrets (shown once) and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from api.schemas.common import FacetsIn, Input, Name, Output, Text
from kb.actions.webhooks import MAX_URL, WebhookChange, WebhookInput
from kb.domain import Facets, InteractionEventKind, WebhookDirection
from kb.queries.webhooks import DeliveryState, DeliveryView, WebhookView

Url = Annotated[Text, StringConstraints(min_length=1, max_length=MAX_URL)]
Events = Annotated[list[InteractionEventKind], Field(min_length=1, max_length=50)]


class WebhookIn(Input):
    """An outbound webhook has `url` and `events`, an inbound one `source`."""

    direction: WebhookDirection
    name: Name
    url: Url | None = Field(None, examples=["https://crm.example/potica"])
    events: Events | None = Field(None, examples=[["opened", "resolved"]])
    source: Name | None = Field(None, description="of the interactions it brings", examples=["crm"])
    scope: FacetsIn = Field({}, description="no other values of these facets, in or out")

    def to_input(self) -> WebhookInput:
        """What the action takes."""
        return WebhookInput(
            direction=self.direction,
            name=self.name,
            url=self.url or "",
            source=self.source or "",
            events=tuple(str(event) for event in self.events or ()),
            scope=dict(self.scope),
        )


class WebhookChangeIn(Input):
    """What changes; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    events: Events | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def to_change(self) -> WebhookChange:
        """What the action takes."""
        events = None if self.events is None else tuple(str(event) for event in self.events)
        return WebhookChange(self.name, self.url, events, self.enabled)


class RotateIn(Input):
    """How soon the secret before is good no more."""

    at_once: bool = Field(False, description="else it is good for a day, so that none is missed")


class WebhookOut(Output):
    """A webhook without its secret."""

    id: str
    direction: WebhookDirection
    name: str
    url: str
    source: str
    address: str | None = Field(description="where an inbound one sends its messages")
    events: list[str]
    scope: Facets
    secret_changed_at: datetime | None
    created_by: str
    created_at: datetime
    disabled_at: datetime | None
    used_at: datetime | None = Field(description="the last delivery or message that was taken")
    failures: int = Field(description="in a row")
    failing_since: datetime | None
    waiting: int
    given_up: int


class WebhookSecretOut(WebhookOut):
    """The one time that the secret is shown."""

    secret: str = Field(description="as libraries of Standard Webhooks take it: `whsec_...`")


class WebhooksOut(Output):
    """Webhooks, the newest first."""

    webhooks: list[WebhookOut]
    total: int
    offset: int
    limit: int


class DeliveryOut(Output):
    """One message that was or is to be sent; `id` is its `webhook-id`."""

    id: str
    event: str
    interaction_id: str | None
    state: DeliveryState
    created_at: datetime
    attempts: int
    next_at: datetime | None
    delivered_at: datetime | None
    status: int | None = Field(description="of the last answer")
    error: str


class DeliveriesOut(Output):
    """Deliveries, the newest first."""

    deliveries: list[DeliveryOut]
    total: int
    offset: int
    limit: int


class TestOut(Output):
    """A message without any news is on its way."""

    delivery_id: str


def webhook_out(view: WebhookView, public_url: str) -> WebhookOut:
    """A webhook as the API gives it."""
    return WebhookOut.model_validate(_values(view, public_url))


def webhook_secret_out(view: WebhookView, public_url: str, secret: str) -> WebhookSecretOut:
    """The same, once, with its secret."""
    return WebhookSecretOut.model_validate(_values(view, public_url) | {"secret": secret})


def delivery_out(view: DeliveryView) -> DeliveryOut:
    """A delivery as the API gives it."""
    return DeliveryOut.model_validate(view, from_attributes=True)


def _values(view: WebhookView, public_url: str) -> dict[str, object]:
    values: dict[str, object] = {
        name: getattr(view, name) for name in WebhookOut.model_fields if name != "address"
    }
    inbound = view.direction == WebhookDirection.inbound
    address = f"{public_url.rstrip('/')}/api/v1/hooks/{view.id}" if inbound else None
    return values | {"events": list(view.events), "address": address}
