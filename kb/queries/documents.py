"""Documents: what the index should hold and what it holds, in a form to compare."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import String, and_, cast, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Case,
    CaseState,
    Embedding,
    OutboxEvent,
    Passage,
    Pool,
    Translation,
)

Document = tuple[Pool, str]
Label = tuple[int | None, str, str]  # revision id, audience, facets as canonical JSON


@dataclass(frozen=True, slots=True)
class DocumentStamp:
    """The revisions of a document (None for a case) with the audience and facets each has."""

    labels: frozenset[Label]


def expected_documents(session: Session) -> dict[Document, DocumentStamp]:
    """Every document the index should hold: published articles and resolved cases.

    Where a document's stamp differs from `indexed_documents`, it is to be indexed again.
    """
    articles = session.execute(
        select(
            col(Article.id),
            col(Translation.published_revision_id),
            cast(col(Article.audience), String),
            cast(col(Article.facets), String),
        )
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .where(
            col(Article.state) == ArticleState.published,
            col(Translation.published_revision_id).is_not(None),
        )
    )
    cases = session.execute(
        select(col(Case.id), cast(col(Case.facets), String)).where(
            col(Case.state) == CaseState.resolved
        )
    )
    rows: list[tuple[Pool, str, int | None, str, str]] = [(Pool.article, *row) for row in articles]
    rows += [(Pool.case, case_id, None, Audience.internal, facets) for case_id, facets in cases]
    return _stamps(rows)


def indexed_documents(session: Session) -> dict[Document, DocumentStamp]:
    """Every document the passages come from, as it was when they were made."""
    facets = cast(col(Passage.facets), String)
    rows = session.execute(
        select(
            col(Passage.pool),
            col(Passage.document_id),
            col(Passage.revision_id),
            col(Passage.audience),
            facets,
        ).distinct()
    )
    return _stamps((row[0], row[1], row[2], row[3], row[4]) for row in rows)


def unencoded_documents(session: Session, model_id: str) -> list[Document]:
    """Documents with a text that has no vector of this model, and no index work waiting.

    All of them after a change of the model: vectors of another are never compared with.
    """
    waiting = select(col(OutboxEvent.id)).where(
        col(OutboxEvent.done_at).is_(None),
        col(OutboxEvent.pool) == col(Passage.pool),
        col(OutboxEvent.document_id) == col(Passage.document_id),
    )
    own = and_(
        col(Embedding.text_hash) == col(Passage.text_hash), col(Embedding.model_id) == model_id
    )
    rows = session.execute(
        select(col(Passage.pool), col(Passage.document_id))
        .outerjoin(Embedding, own)
        .where(col(Embedding.text_hash).is_(None), ~waiting.exists())
        .distinct()
        .order_by(col(Passage.pool), col(Passage.document_id))
    )
    return [(pool, document_id) for pool, document_id in rows]


def _stamps(
    rows: Iterable[tuple[Pool, str, int | None, str, str]],
) -> dict[Document, DocumentStamp]:
    labels: dict[Document, set[Label]] = defaultdict(set)
    for pool, document_id, revision_id, audience, facets in rows:
        canonical = json.dumps(json.loads(facets), sort_keys=True)
        labels[pool, document_id].add((revision_id, str(audience), canonical))
    return {document: DocumentStamp(frozenset(found)) for document, found in labels.items()}
