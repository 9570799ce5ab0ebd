"""Merge, split, rename, redirect."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.schemas.articles import NoteIn, TranslationIn
from api.schemas.common import Key, Output
from kb.domain import RedirectKind


class IntoIn(NoteIn):
    """The article that it goes into."""

    into: Key


class RenameIn(NoteIn):
    """The new key."""

    key: Key


class PartIn(NoteIn):
    """One new article with its texts; at least one language."""

    key: Key
    translations: Annotated[list[TranslationIn], Field(min_length=1, max_length=40)]


class SplitIn(NoteIn):
    """The new articles, as drafts."""

    parts: Annotated[list[PartIn], Field(min_length=1, max_length=20)]


class SplitOut(Output):
    """Keys of the drafts made."""

    articles: list[str]


class RedirectOut(Output):
    old_id: str
    article_id: str
    kind: RedirectKind
    actor: str
    note: str
    created_at: datetime


class RedirectsOut(Output):
    """By old key."""

    redirects: list[RedirectOut]
    total: int
    offset: int
    limit: int
