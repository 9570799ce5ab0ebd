"""Redaction: what is personal in a case. Erasure: that a customer's data was removed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class RedactionSource(StrEnum):
    found = "found"  # by the rules
    person = "person"


class RedactionState(StrEnum):
    hidden = "hidden"
    shown = "shown"  # found, but lifted by somebody


class Redaction(SQLModel, table=True):
    """Characters [start, end) of a case's part: "subject", "tried", "resolution", "message:3"."""

    id: int | None = Field(default=None, primary_key=True)
    case_id: str = Field(foreign_key="case.id", index=True)
    part: str = Field(max_length=40)
    start: int
    end: int
    kind: str = Field(max_length=40)  # kb.text.redact.PersonalKind
    source: RedactionSource = Field(sa_column=Column(String(length=10), nullable=False))
    state: RedactionState = Field(sa_column=Column(String(length=10), nullable=False))
    by: str | None = None  # who corrected it last
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class Erasure(SQLModel, table=True):
    """That a customer was erased. `customer` is a keyed hash of the reference.

    A snapshot with a lower `removed_seq` may still hold vectors and words of that customer.
    """

    id: int | None = Field(default=None, primary_key=True)
    customer: str = Field(index=True, max_length=64)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    removed_seq: int = 0
    removed: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )  # rows by kind
