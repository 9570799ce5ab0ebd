"""Audit: who did what to which thing; append-only, each entry chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now

FIRST_HASH = "0" * 64
"""What the first entry of all is chained to."""


class AuditEntry(SQLModel, table=True):
    """`number` is the place in the chain, without gaps; it and the hashes come with the commit.

    The database refuses to change an entry that has its hash, or to delete one that no
    checkpoint stands for.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_entity", "entity", "entity_id"),
        Index("ix_audit_number", "number", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    actor: str
    action: str
    entity: str
    entity_id: str
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )
    number: int | None = None
    previous_hash: str | None = Field(default=None, max_length=64)
    hash: str | None = Field(default=None, max_length=64)


class AuditCheckpoint(SQLModel, table=True):
    """Stands for the entries up to `number`, deleted for their age; `hash` is the last one's."""

    __tablename__ = "audit_checkpoint"

    number: int = Field(primary_key=True)
    hash: str = Field(max_length=64)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


def audit_hash(fields: Mapping[str, Any], number: int, previous_hash: str) -> str:
    """SHA-256, hexadecimal, of an entry and what it is chained to.

    Over ASCII JSON with sorted keys and no spaces of `number`, `previous_hash`, `at` (UTC, with
    microseconds) and the other fields. Never change this: every stored hash was made by it.
    """
    at: datetime = fields["at"]
    plain = {name: fields[name] for name in ("actor", "action", "entity", "entity_id")} | {
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "details": json.loads(json.dumps(fields["details"])),
        "number": number,
        "previous_hash": previous_hash,
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
