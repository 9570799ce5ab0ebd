"""Revisions, their differences, and texts in the making."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_BODY, Count, Input, Names, Output, SavedOut, Text, Words
from kb.actions.article_input import TranslationInput
from kb.actions.edits import EditInput
from kb.domain import ArticleState
from kb.queries.edits import EditText
from kb.queries.languages import LanguageStatus
from kb.queries.revisions import RevisionText

MAX_TYPED = 800_000  # characters of a text in the making: more than can be saved, lost is nothing


class RevisionLineOut(Output):
    id: int
    number: int
    title: str
    author: str
    author_name: str
    note: str
    created_at: datetime
    source_number: int | None = Field(description="the original's revision it was made from")
    machine_model: str | None = Field(description="which machine proposed it; null: a person")
    checked_by: str | None
    is_latest: bool
    is_published: bool


class RevisionsOut(Output):
    """The newest first."""

    revisions: list[RevisionLineOut]
    total: int
    offset: int
    limit: int


class RevisionOut(RevisionLineOut):
    language: str
    summary: str
    keywords: list[str]
    body: str


class SpanOut(Output):
    kind: Literal["equal", "removed", "added"]
    text: str


class BlockOut(Output):
    """A paragraph. Side by side: left its `old`, right its `new`; in one column all `spans`."""

    kind: Literal["equal", "changed", "removed", "added"]
    spans: list[SpanOut]
    old: list[SpanOut]
    new: list[SpanOut]


class DiffOut(Output):
    """What changed between two revisions."""

    old: RevisionLineOut
    new: RevisionLineOut
    title: list[SpanOut]
    summary: list[SpanOut]
    keywords_removed: list[str]
    keywords_added: list[str]
    body: list[BlockOut]
    text: str = Field(description="the body's changes as text: [-removed-] {+added+}")


class TextIn(Input):
    """The text of one language, made from its revision `base_number` (0: a new language)."""

    title: Annotated[Text, StringConstraints(min_length=1, max_length=300)]
    body: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_BODY)]
    summary: Words = ""
    keywords: Names = Field(default_factory=list)
    note: Words = Field("", description="why it was changed; kept with the revision")
    base_number: Count
    source_number: Count | None = Field(
        None, description="the original's revision that a translation was made from"
    )

    def to_input(self, language: str) -> TranslationInput:
        """What the action takes."""
        names = ("title", "body", "summary", "keywords", "note")
        return TranslationInput(language, **{name: getattr(self, name) for name in names})


class TextSavedOut(SavedOut):
    """`number`: the revision that holds the text now; the next `base_number`."""

    number: int


class EditIn(Input):
    """A text as it stands on the screen. `after`: the sequence of the last answer (0: none)."""

    title: Annotated[Text, StringConstraints(max_length=1000)] = ""
    summary: Annotated[Text, StringConstraints(max_length=10_000)] = ""
    keywords: Names = Field(default_factory=list)
    body: Annotated[Text, StringConstraints(max_length=MAX_TYPED)] = ""
    base_number: Count = 0
    after: Count = 0

    def to_input(self, article_id: str, language: str) -> EditInput:
        """What the action takes."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return EditInput(article_id, language, **values)


class KeptOut(Output):
    """`sequence` goes into the next `after`; `moved_on`: somebody saved another revision."""

    sequence: int
    moved_on: bool


class EditLineOut(Output):
    article_id: str
    language: str
    title: str
    base_number: int
    latest_number: int
    machine_model: str | None
    sequence: int
    updated_at: datetime
    moved_on: bool


class EditOut(EditLineOut):
    summary: str
    keywords: list[str]
    body: str


class EditsOut(Output):
    """One's own texts in the making, the newest first."""

    edits: list[EditLineOut]
    total: int
    offset: int
    limit: int


class EditingOut(Output):
    actor: str
    name: str
    language: str
    updated_at: datetime


class EditorsOut(Output):
    """Others who typed into the article in the last minutes."""

    editing: list[EditingOut]


class CellOut(Output):
    language: str
    status: LanguageStatus
    number: int | None
    source_number: int | None
    is_published: bool


class BoardRowOut(Output):
    id: str
    title: str
    state: ArticleState
    original_language: str
    original_number: int
    cells: list[CellOut]


class BoardOut(Output):
    """Articles x languages, and how many texts there are by language and status."""

    articles: list[BoardRowOut]
    counts: dict[str, dict[str, int]]
    total: int
    offset: int
    limit: int


class SourceChangeOut(Output):
    """What changed in the original; beside each block of it the translation's paragraph."""

    status: LanguageStatus
    diff: DiffOut | None
    translated: list[str | None]


class ConfirmIn(Input):
    """The translation's revision that was read."""

    number: Count
    note: Words = ""


def revision_out(found: RevisionText) -> RevisionOut:
    """A revision as the API gives it."""
    names = ("language", "summary", "keywords", "body")
    values = {name: getattr(found, name) for name in names}
    line = RevisionLineOut.model_validate(found.line, from_attributes=True)
    return RevisionOut.model_validate(line.model_dump() | values | {"keywords": found.keywords})


def edit_out(found: EditText) -> EditOut:
    """A text in the making as the API gives it."""
    line = EditLineOut.model_validate(found.line, from_attributes=True)
    own = {"summary": found.summary, "keywords": list(found.keywords), "body": found.body}
    return EditOut.model_validate(line.model_dump() | own)
