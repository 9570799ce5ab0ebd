"""Erasing and exporting what is held of a customer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.schemas.common import Input, Name, Output, Text

Said = Annotated[Text, StringConstraints(min_length=4, max_length=200)]


class CustomerIn(Input):
    """Whom it is about."""

    customer_ref: Name = Field(description="as the cases carry it")
    also: Annotated[list[Said], Field(max_length=20)] = Field(
        default_factory=list,
        description="also where one of these texts names the customer: an address, a number",
    )


class EraseIn(CustomerIn):
    dry_run: bool = Field(False, description="tell what would be erased, write nothing")


class ErasedOut(Output):
    """Rows by kind: deleted, or (`masked`) texts of others in which the name was masked."""

    cases: int
    messages: int = Field(description="of cases")
    interactions: int
    turns: int = Field(description="messages of interactions")
    contributions: int
    questions: int
    flags: int = Field(description="deleted, or only without their words now")
    deliveries: int
    passages: int
    embeddings: int
    suggestions: int
    feedback: int
    gaps: int
    citations: int
    masked: int


class ErasureOut(Output):
    """What was erased; in a dry run, what would be."""

    id: str | None = Field(description="in the ledger; none in a dry run")
    erased: ErasedOut
    cleaned: bool = Field(description="false: the rows are gone, traces in files are being removed")
    left: list[str] = Field(description="places that name the customer and are left to you")


class HeldOut(Output):
    """All that is held of a customer."""

    customer_ref: str
    made_at: str
    cases: list[dict[str, Any]]
    interactions: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    contributions: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    suggestions: list[dict[str, Any]]
    feedback: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    mentions: list[dict[str, Any]]
    elsewhere: list[str]
