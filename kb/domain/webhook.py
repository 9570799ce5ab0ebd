"""Webhooks: systems that send conversations in, and systems that are told of events."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn, UtcDateTime, utc_now


class WebhookDirection(StrEnum):
    inbound = "inbound"
    outbound = "outbound"


class Webhook(SQLModel, table=True):
    """Its secret is not kept: it is made from the installation's key, the id and `secret_number`.

    The one before is good for a while after `secret_changed_at` (kb.webhook_signature.OVERLAP).
    `events` are the kinds that an outbound one is told of. `scope` narrows both directions.
    """

    id: str = Field(primary_key=True, max_length=40)
    direction: WebhookDirection
    name: str = Field(max_length=120)
    url: str = ""  # outbound only
    source: str = Field(default="", max_length=60)  # inbound only: of the interactions it opens
    events: list[str] = Field(default_factory=list, sa_column=Column(JsonColumn, nullable=False))
    scope: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))
    secret_number: int = 1  # rises when the secret is changed
    secret_changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_by: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0  # in a row
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WebhookDelivery(SQLModel, table=True):
    """An event on its way out; written with the change it tells of. `payload` holds no texts."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_due", "delivered_at", "next_at"),)

    id: str = Field(primary_key=True, max_length=40)
    webhook_id: str = Field(foreign_key="webhook.id", index=True)
    event: str = Field(max_length=60)
    interaction_id: str | None = Field(default=None, index=True, max_length=40)
    payload: dict[str, Any] = Field(sa_column=Column(JsonColumn, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    attempts: int = 0
    # When to try (again); while it is being tried, when to take its sender for dead. None: given up
    next_at: datetime | None = Field(default_factory=utc_now, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: int | None = None  # the last answer's
    error: str = ""


class WebhookReceipt(SQLModel, table=True):
    """A message that came in; the same id again is not taken twice."""

    __tablename__ = "webhook_receipt"

    webhook_id: str = Field(foreign_key="webhook.id", primary_key=True)
    message_id: str = Field(primary_key=True, max_length=200)
    interaction_id: str | None = Field(default=None, max_length=40)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
