"""Synonyms: words of one language that search treats as the same."""

from __future__ import annotations

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn


class Synonym(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    language: str = Field(index=True)
    words: list[str] = Field(sa_column=Column(JsonColumn, nullable=False))
