"""The checklist of an article as it is being written."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import MAX_BODY, Input, Language, Line, Names, Output, Text
from api.schemas.drafts import DuplicateOut
from kb.text.checklist import Check, Checked, CheckState
from kb.text.checklist_words import get_checklist_words


class ChecklistIn(Input):
    """The text as it stands; empty fields are fine, they are what is checked."""

    language: Language
    title: Line = ""
    body: Annotated[Text, StringConstraints(max_length=MAX_BODY)] = ""
    summary: Annotated[Text, StringConstraints(max_length=2000)] = ""
    keywords: Names = Field(default_factory=list)
    messages: Language | None = Field(None, description="language of the messages; else the text's")
    duplicates: bool = Field(False, description="look for duplicates too: takes longer")
    exclude: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^(article|case):", max_length=140)]],
        Field(max_length=50),
    ] = Field(default_factory=list, description="the article itself, as article:<id>")

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "language": "en",
                    "title": "The locker is empty",
                    "body": "1. Look into the compartments beside it.\n2. Ring us.\n",
                }
            ]
        },
    )

    def to_checked(self, links: set[str]) -> Checked:
        """What is checked; `links` are the keys that lead somewhere."""
        fields = (self.title, self.body, self.language, self.summary, self.keywords)
        return Checked(*fields, links=links)


class PlaceOut(Output):
    """Characters [start, end) of a field."""

    field: str = Field(examples=["body"], description="title, summary, body, keyword:N")
    start: int
    end: int
    kind: str


class CheckOut(Output):
    """One line of the checklist; nothing here forbids anything."""

    name: str = Field(examples=["title"])
    label: str
    state: CheckState
    reason: str = Field(examples=["title_short"], description="stable")
    message: str
    value: str
    places: list[PlaceOut]


class ChecklistOut(Output):
    checks: list[CheckOut]
    duplicates: list[DuplicateOut] = Field(default=[], description="where they were looked for")


def check_out(check: Check, language: str) -> CheckOut:
    """A check with its message in a language."""
    words = get_checklist_words(language)
    return CheckOut(
        name=check.name,
        label=words.names[check.name],
        state=check.state,
        reason=check.reason,
        message=words.message(check.reason, check.value),
        value=check.value,
        places=[PlaceOut.model_validate(place, from_attributes=True) for place in check.places],
    )
