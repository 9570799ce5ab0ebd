"""Field types that every schema shares: strict, bounded, free of what cannot be stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from kb.actions.checks import check_text
from kb.domain import Facets
from kb.errors import InvalidInput

KEY = r"^[a-z0-9][a-z0-9._-]{0,119}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
MAX_TEXT = 20_000  # characters of a message
MAX_BODY = 200_000  # characters of an article's Markdown


def _storable(value: str) -> str:
    try:
        check_text(value, "this text")
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return value


def _written(value: Any) -> Any:
    """Numbers would be read as seconds since 1970: nobody means that."""
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("write the moment as text, as in 2026-01-31T09:00:00Z")
    return value


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, StringConstraints(max_length=300)]
Words = Annotated[Text, StringConstraints(max_length=2000)]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=120)]
Key = Annotated[str, StringConstraints(pattern=KEY, max_length=120)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE, max_length=35)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
Names = Annotated[list[Name], Field(max_length=50)]
FacetsIn = Annotated[dict[Name, Names], Field(max_length=20)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]


class Input(BaseModel):
    """What a client sends: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """What the server gives; fields may be added in later versions."""

    model_config = ConfigDict(frozen=True)


class SavedOut(Output):
    """What a write did. `indexed` is false when search will follow a little later."""

    id: str
    status: str = Field(description="created, changed or unchanged")
    version: int
    indexed: bool = True


class FieldError(Output):
    """One field that is not valid."""

    field: str = Field(examples=["messages.0.text"])
    code: str = Field(examples=["string_too_long"])
    message: str


class Problem(Output):
    """An error as RFC 9457 has it; `detail` says what to do next."""

    type: str = Field(examples=["urn:potica:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable: write programs against this.", examples=["not_found"])
    request_id: str | None = None
    errors: list[FieldError] = []
    details: dict[str, Any] = {}


__all__ = [
    "MAX_BODY",
    "MAX_TEXT",
    "Count",
    "Facets",
    "FacetsIn",
    "FieldError",
    "Input",
    "Key",
    "Language",
    "Line",
    "Moment",
    "Name",
    "Names",
    "Output",
    "Problem",
    "SavedOut",
    "Text",
    "Words",
]
