"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.schemas.common import Input, Moment, Output, Text
from kb.queries.audit import AuditFilter

Word = Annotated[Text, StringConstraints(max_length=200)]


class AuditQuery(Input):
    """What to list; what is left out may be anything."""

    entity: Word | None = Field(None, examples=["article"])
    entity_id: Word | None = None
    actor: Word | None = None
    action: Word | None = Field(None, examples=["publish"])
    since: Moment | None = Field(None, description="included")
    until: Moment | None = Field(None, description="not included")
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0

    def to_filter(self) -> AuditFilter:
        """What the query takes."""
        return AuditFilter(
            self.entity, self.entity_id, self.actor, self.action, self.since, self.until
        )


class AuditEntryOut(Output):
    """Who did what to which thing; no texts, no personal data of customers."""

    number: int | None = Field(description="place in the chain")
    at: datetime
    actor: str
    action: str
    entity: str
    entity_id: str
    details: dict[str, Any]
    hash: str | None = Field(description="SHA-256 over the entry and the hash before it")


class AuditOut(Output):
    entries: list[AuditEntryOut]
    total: int
    offset: int
    limit: int
