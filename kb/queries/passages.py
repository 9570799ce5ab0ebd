"""Passages: the gate every answer passes, and what the index is built from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from typing import cast as as_type

import numpy as np
from sqlalchemy import String, and_, bindparam, cast, func, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from kb.domain import (
    READABLE_BY,
    Article,
    Audience,
    AuditEntry,
    Case,
    CaseState,
    Channel,
    Embedding,
    Facets,
    Outcome,
    Part,
    Passage,
    Pool,
    RemovedPassage,
    Revision,
    Translation,
    Trust,
    in_scope,
)
from kb.ports import Vectors
from kb.queries.articles import visible_articles

LabelFacets = tuple[tuple[str, tuple[str, ...]], ...]
ID = as_type(Mapped[int], col(Passage.id))  # a stored row always has one
SEQ = as_type(Mapped[int], col(RemovedPassage.seq))
AUDIT = as_type(Mapped[int], col(AuditEntry.id))
STREAM = 2000  # rows fetched at a time
HASHES = 500  # hashes asked for at a time


class VisiblePassage(NamedTuple):
    """A passage that this reader may see now, with all an answer needs to show and rank it.

    A tuple, because a search makes up to two hundred of them.
    """

    id: int
    pool: Pool
    document_id: str
    revision_id: int | None  # articles
    language: str
    part: Part
    heading: str
    start: int
    end: int
    text: str
    # From here on, the same for all passages of a document in a language.
    revision: int | None  # the revision's number; articles
    title: str
    summary: str
    audience: Audience
    trust: Trust | None  # articles
    tags: tuple[str, ...]
    facets: Facets
    updated_at: datetime
    review_by: datetime | None  # articles
    resolved_at: datetime | None  # cases
    outcome: Outcome | None  # cases
    channel: Channel | None  # cases


class IndexRow(NamedTuple):
    """What the index knows of a passage; `vector` is float16 (little-endian) or not made yet."""

    id: int
    pool: str
    document_id: str
    language: str
    audience: str
    part: str
    title: str
    terms: str
    title_terms: str
    facets: LabelFacets
    vector: bytes | None


class PassageText(NamedTuple):
    """What the encoder needs of a passage."""

    id: int
    text_hash: str
    embedded_text: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far the changes have come; equal states mean equal passages and synonyms."""

    watermark: int  # the highest passage id, 0 when there is none
    removed_seq: int  # the highest tombstone, 0 when there is none
    synonyms: int = 0  # the last change of synonyms, 0 when there was none


def load_visible(
    session: Session, passage_ids: Collection[int], reader: Audience, now: datetime
) -> dict[int, VisiblePassage]:
    """Those of the passages that `reader` may see at `now`, whatever an index said.

    Articles: published, readable by this audience, valid now, and the passage's revision is the
    one published. Cases: resolved, and for internal readers only. Two statements at most.
    """
    if not passage_ids:
        return {}
    connection = session.connection()  # plain rows: the session's own take longer than the query
    ids = list(passage_ids)
    asked = {"ids": ids, "now": now, "audiences": list(READABLE_BY[reader])}
    rows = [_of_article(row) for row in connection.execute(_ARTICLES, asked)]
    if reader == Audience.internal and len(rows) < len(ids):
        # Asked for here: in the statement, SQLite would look through all passages of the pool.
        cases = connection.execute(_CASES, {"ids": ids})
        rows += [_of_case(row) for row in cases if row[1] == Pool.case]
    return {row.id: row for row in rows}


def visible_documents(
    session: Session,
    documents: Collection[tuple[str, str]],
    reader: Audience,
    scope: Facets,
    now: datetime,
) -> set[tuple[str, str]]:
    """Those of the documents, as (pool, id), that `reader` may see at `now`. See `in_scope`."""
    by_pool: dict[str, list[str]] = {}
    for pool, key in documents:
        by_pool.setdefault(pool, []).append(key)
    found: set[tuple[str, str]] = set()
    if articles := by_pool.get(Pool.article):
        rule = visible_articles(READABLE_BY[reader], now)
        rows = session.execute(
            select(col(Article.id), col(Article.facets)).where(col(Article.id).in_(articles), rule)
        )
        found |= {(str(Pool.article), key) for key, facets in rows if in_scope(facets, scope)}
    cases = by_pool.get(Pool.case)
    if cases and reader == Audience.internal:
        resolved = col(Case.state) == CaseState.resolved
        rows = session.execute(
            select(col(Case.id), col(Case.facets)).where(col(Case.id).in_(cases), resolved)
        )
        found |= {(str(Pool.case), key) for key, facets in rows if in_scope(facets, scope)}
    return found


def index_state(session: Session) -> IndexState:
    """One statement, three index look-ups: cheap enough for every search."""
    found = session.connection().execute(_STATE).one()
    return IndexState(*(value or 0 for value in found))


def count_passages(session: Session) -> dict[tuple[Pool, str], int]:
    """Passages per pool and language. Reads the whole table: for reports, not for searches."""
    rows = session.execute(
        select(col(Passage.pool), col(Passage.language), func.count()).group_by(
            col(Passage.pool), col(Passage.language)
        )
    )
    return {(pool, language): count for pool, language, count in rows}


def iter_index_rows(session: Session, model_id: str, *, after: int = 0) -> Iterator[IndexRow]:
    """Every passage with an id above `after`, by id, with its vector of this model."""
    query = (
        select(
            ID,
            cast(col(Passage.pool), String),
            col(Passage.document_id),
            col(Passage.language),
            col(Passage.audience),
            cast(col(Passage.part), String),
            col(Passage.title),
            col(Passage.terms),
            col(Passage.title_terms),
            cast(col(Passage.facets), String),
            col(Embedding.vector),
        )
        .outerjoin(
            Embedding,
            and_(
                col(Embedding.text_hash) == col(Passage.text_hash),
                col(Embedding.model_id) == model_id,
            ),
        )
        .where(after < ID)
        .order_by(ID)
    )
    for row in session.execute(query, execution_options={"yield_per": STREAM}):
        yield IndexRow(*row[:9], label_facets(row[9]), row[10])


def passages_after(session: Session, watermark: int, model_id: str) -> list[IndexRow]:
    """The passages newer than a snapshot with this watermark, by id."""
    return list(iter_index_rows(session, model_id, after=watermark))


def removed_after(session: Session, seq: int) -> list[tuple[int, int]]:
    """Tombstones after `seq` as (seq, passage id), by seq."""
    rows = session.execute(
        select(SEQ, col(RemovedPassage.passage_id)).where(seq < SEQ).order_by(SEQ)
    )
    return [(row[0], row[1]) for row in rows]


def any_embedded(session: Session, passage_ids: Sequence[int], model_id: str) -> bool:
    """Whether one of these passages has a vector of this model by now."""
    query = (
        select(ID)
        .join(Embedding, col(Embedding.text_hash) == col(Passage.text_hash))
        .where(ID.in_(passage_ids), col(Embedding.model_id) == model_id)
    )
    return bool(passage_ids) and session.scalars(query.limit(1)).first() is not None


def iter_passages(session: Session, batch: int = 256) -> Iterator[list[PassageText]]:
    """The texts the encoder sees, in batches, by id."""
    columns = (ID, col(Passage.text_hash), col(Passage.embedded_text))
    last = 0
    while True:
        query = select(*columns).where(columns[0] > last).order_by(columns[0]).limit(batch)
        rows = [PassageText(*row) for row in session.execute(query)]
        if not rows:
            return
        yield rows
        last = rows[-1].id


def iter_unembedded(
    session: Session, model_id: str, batch: int = 256
) -> Iterator[list[PassageText]]:
    """The texts that have no vector of this model yet, in batches, each text once."""
    made = select(col(Embedding.text_hash)).where(
        col(Embedding.text_hash) == col(Passage.text_hash), col(Embedding.model_id) == model_id
    )
    last = ""
    while True:
        query = (
            select(
                func.min(ID),
                col(Passage.text_hash),
                func.min(col(Passage.embedded_text)),
            )
            .where(col(Passage.text_hash) > last, ~made.exists())
            .group_by(col(Passage.text_hash))
            .order_by(col(Passage.text_hash))
            .limit(batch)
        )
        rows = [PassageText(*row) for row in session.execute(query)]
        if not rows:
            return
        yield rows
        last = rows[-1].text_hash


def load_embeddings(session: Session, hashes: Collection[str], model_id: str) -> dict[str, Vectors]:
    """The stored vectors of these text hashes, each of shape (dim,), float32."""
    wanted = sorted(set(hashes))
    found: dict[str, Vectors] = {}
    for start in range(0, len(wanted), HASHES):
        rows = session.execute(
            select(col(Embedding.text_hash), col(Embedding.vector)).where(
                col(Embedding.model_id) == model_id,
                col(Embedding.text_hash).in_(wanted[start : start + HASHES]),
            )
        )
        found.update((text_hash, decode_vectors([vector])[0]) for text_hash, vector in rows)
    return found


def decode_vectors(stored: Sequence[bytes]) -> Vectors:
    """Stored vectors, all of one dimension, as float32 of shape (len(stored), dim)."""
    if not stored:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(stored), dtype="<f2").reshape(len(stored), -1).astype(np.float32)


@lru_cache(maxsize=4096)
def label_facets(stored: str) -> LabelFacets:
    """Facets as JSON text, in the form an index filters by; few differ, so they are kept."""
    facets: Facets = json.loads(stored)
    return tuple((name, tuple(values)) for name, values in sorted(facets.items()))


_STATE = select(
    select(func.max(ID)).scalar_subquery(),
    select(func.max(SEQ)).scalar_subquery(),
    select(func.max(AUDIT)).where(col(AuditEntry.entity) == "synonyms").scalar_subquery(),
)

_PASSAGE = (
    ID,
    col(Passage.pool),
    col(Passage.document_id),
    col(Passage.revision_id),
    col(Passage.language),
    col(Passage.part),
    col(Passage.heading),
    col(Passage.start),
    col(Passage.end),
    col(Passage.text),
)

_ARTICLES = (
    select(
        *_PASSAGE,
        col(Revision.number),
        col(Revision.title),
        col(Revision.summary),
        col(Article.audience),
        col(Article.trust),
        col(Article.tags),
        col(Article.facets),
        col(Article.updated_at),
        col(Article.review_by),
    )
    .join(Revision, col(Revision.id) == col(Passage.revision_id))
    .join(
        Translation,
        and_(
            col(Translation.id) == col(Revision.translation_id),
            col(Translation.published_revision_id) == col(Revision.id),
        ),
    )
    .join(
        Article,
        and_(
            col(Article.id) == col(Translation.article_id),
            col(Article.id) == col(Passage.document_id),
        ),
    )
    .where(
        ID.in_(bindparam("ids", expanding=True)),
        visible_articles(bindparam("audiences", expanding=True), bindparam("now")),
    )
)

_CASES = (
    select(
        *_PASSAGE,
        col(Passage.title),  # the subject as it may be shown
        col(Case.facets),
        col(Case.updated_at),
        col(Case.resolved_at),
        col(Case.outcome),
        col(Case.channel),
    )
    .join(Case, col(Case.id) == col(Passage.document_id))
    .where(ID.in_(bindparam("ids", expanding=True)), col(Case.state) == CaseState.resolved)
)


def _of_article(row: Sequence[Any]) -> VisiblePassage:
    number, title, summary, audience, trust, tags, facets, updated_at, review_by = row[10:]
    article = (number, title, summary, audience, trust, tuple(tags), facets, updated_at, review_by)
    return VisiblePassage._make((*row[:10], *article, None, None, None))


def _of_case(row: Sequence[Any]) -> VisiblePassage:
    subject, facets, updated_at, resolved_at, outcome, channel = row[10:]
    case = (None, subject, "", Audience.internal, None, (), facets, updated_at)
    return VisiblePassage._make((*row[:10], *case, None, resolved_at, outcome, channel))
