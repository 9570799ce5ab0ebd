"""Passage: the unit of retrieval, and its stored embedding."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from kb.domain.types import Facets, JsonColumn


class Pool(StrEnum):
    article = "article"
    case = "case"


class Part(StrEnum):
    """Which piece of its document a passage is."""

    title = "title"  # type: ignore[assignment]  # a member, not str.title()
    body = "body"
    problem = "problem"
    tried = "tried"
    resolution = "resolution"


class Passage(SQLModel, table=True):
    """A piece of a published revision or a resolved case.

    `text` is `source[start:end]` of the revision's body (or of the case part). `terms` and
    `title_terms` are the lexical index: folded lemmas, space separated, made by
    `kb.text.terms`. `embedded_text` is what the encoder saw; `text_hash` is its SHA-256.
    Ids rise in commit order and are never used again.
    """

    __table_args__ = (
        Index("ix_passage_document", "pool", "document_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    pool: Pool
    document_id: str = Field(max_length=120)  # article id or case id
    revision_id: int | None = Field(default=None, foreign_key="revision.id")
    language: str
    audience: str
    part: Part
    ordinal: int
    title: str
    heading: str = ""
    start: int
    end: int
    text: str
    embedded_text: str
    text_hash: str = Field(max_length=64, index=True)
    terms: str
    title_terms: str
    facets: Facets = Field(default_factory=dict, sa_column=Column(JsonColumn, nullable=False))


class Embedding(SQLModel, table=True):
    """A passage vector under (text_hash, model_id): float16 little-endian, `dim` numbers."""

    text_hash: str = Field(primary_key=True, max_length=64)
    model_id: str = Field(primary_key=True, max_length=200)
    dim: int
    vector: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RemovedPassage(SQLModel, table=True):
    """Tombstone: a passage deleted after some snapshot was built. `seq` rises in commit order."""

    __tablename__ = "removed_passage"
    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: int | None = Field(default=None, primary_key=True)
    passage_id: int = Field(index=True)
