"""Passages and their embeddings: written by the indexer, derived from the documents."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.db import advisory_lock, insert_into
from kb.domain import (
    Article,
    ArticleState,
    Case,
    CaseState,
    Embedding,
    Passage,
    Pool,
    RemovedPassage,
    Translation,
)
from kb.errors import Conflict, InvalidInput

COMPARED = tuple(name for name in Passage.model_fields if name != "id")
BATCH = 500


@dataclass(frozen=True, slots=True)
class PassageChange:
    """Ids of the passages that came, went, and stayed as they were."""

    added: tuple[int, ...]
    removed: tuple[int, ...]
    kept: tuple[int, ...]


def replace_passages(
    session: Session,
    pool: Pool,
    document_id: str,
    new: Sequence[Passage],
    *,
    version: int | None = None,
) -> PassageChange:
    """Make `new` the passages of a document; rows that are equal in all but id stay.

    Removed rows leave tombstones. Pass the document's `version` as it was when `new` was made:
    if the document has changed since, Conflict is raised and nothing is written, and the event
    of that later change brings the passages up to date. Without a version, taking all passages
    away from a document that is published or resolved by now raises Conflict too.
    """
    for passage in new:
        if passage.pool != pool or passage.document_id != document_id:
            raise InvalidInput(f"A passage of {passage.document_id} cannot go to {document_id}.")
    # One writer of passages at a time, so that ids rise in the order of the commits: a
    # reader that has seen id n will never be shown a smaller one as new.
    advisory_lock(session, "passages")
    if version is not None:
        _check_version(session, pool, document_id, version)
    elif not new:
        _check_gone(session, pool, document_id)
    left: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in session.execute(_existing(pool, document_id)):
        left[_key(row[1:])].append(row[0])
    kept, fresh = [], []
    for passage in new:
        values = {name: getattr(passage, name) for name in COMPARED}
        same = left.get(_key(tuple(values.values())))
        if same:
            kept.append(same.pop(0))
        else:
            fresh.append(values)
    removed = sorted(passage_id for ids in left.values() for passage_id in ids)
    _remove(session, removed)
    return PassageChange(_add(session, fresh), tuple(removed), tuple(kept))


def remove_passages(session: Session, pool: Pool, document_id: str) -> tuple[int, ...]:
    """Take a document's passages away at once, leaving tombstones; gives their ids."""
    query = select(col(Passage.id)).where(
        col(Passage.pool) == pool, col(Passage.document_id) == document_id
    )
    if session.scalars(query.limit(1)).first() is None:
        return ()
    advisory_lock(session, "passages")
    removed = sorted(passage_id for passage_id in session.scalars(query) if passage_id is not None)
    _remove(session, removed)
    return tuple(removed)


def store_embeddings(
    session: Session, model_id: str, vectors: Mapping[str, NDArray[np.floating[Any]]]
) -> None:
    """Keep vectors, each of shape (dim,), under the hash of the text they stand for.

    Stored as float16, little-endian; hashes already there are left alone.
    Raises InvalidInput on a vector that is not finite numbers in one row.
    """
    rows = []
    for text_hash, vector in vectors.items():
        if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
            raise InvalidInput(f"The vector of {text_hash} is not one row of finite numbers.")
        stored = vector.astype("<f2").tobytes()
        rows.append(
            {"text_hash": text_hash, "model_id": model_id, "dim": vector.size, "vector": stored}
        )
    statement = insert_into(session, Embedding).on_conflict_do_nothing()
    for start in range(0, len(rows), BATCH):
        session.connection().execute(statement, rows[start : start + BATCH])


def prune_embeddings(session: Session, model_id: str) -> int:
    """Delete vectors of other models and of texts no passage has; gives how many."""
    used = select(col(Passage.text_hash)).where(col(Passage.text_hash) == col(Embedding.text_hash))
    unused = delete(Embedding).where(or_(col(Embedding.model_id) != model_id, ~used.exists()))
    before = session.scalar(select(func.count()).select_from(Embedding)) or 0
    session.execute(unused, execution_options={"synchronize_session": False})
    return before - (session.scalar(select(func.count()).select_from(Embedding)) or 0)


def _check_version(session: Session, pool: Pool, document_id: str, version: int) -> None:
    table: type[Article] | type[Case] = Article if pool == Pool.article else Case
    now = session.scalar(select(col(table.version)).where(col(table.id) == document_id))
    if now != version:
        raise Conflict(
            f"The {pool} {document_id} changed while it was being indexed:"
            " its newer event will index it.",
            read=version,
            now=now,
        )


def _check_gone(session: Session, pool: Pool, document_id: str) -> None:
    if pool == Pool.article:
        query = (
            select(col(Article.id))
            .join(Translation, col(Translation.article_id) == col(Article.id))
            .where(
                col(Article.state) == ArticleState.published,
                col(Translation.published_revision_id).is_not(None),
            )
            .where(col(Article.id) == document_id)
        )
    else:
        query = select(col(Case.id)).where(
            col(Case.id) == document_id, col(Case.state) == CaseState.resolved
        )
    if session.scalars(query.limit(1)).first() is not None:
        raise Conflict(
            f"The {pool} {document_id} came back while it was being taken out of the index:"
            " its newer event will index it."
        )


def _existing(pool: Pool, document_id: str) -> Any:
    columns = (getattr(Passage, name) for name in COMPARED)
    return (
        select(col(Passage.id), *columns)
        .where(col(Passage.pool) == pool, col(Passage.document_id) == document_id)
        .order_by(col(Passage.id))
    )


def _key(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        json.dumps(value, sort_keys=True) if isinstance(value, dict) else value for value in values
    )


def _add(session: Session, rows: list[dict[str, Any]]) -> tuple[int, ...]:
    if not rows:
        return ()
    statement = insert(Passage).returning(col(Passage.id), sort_by_parameter_order=True)
    return tuple(session.scalars(statement, rows))


def _remove(session: Session, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        session.execute(
            delete(Passage).where(col(Passage.id).in_(batch)),
            execution_options={"synchronize_session": False},
        )
        session.execute(insert(RemovedPassage), [{"passage_id": gone} for gone in batch])
