"""Resolved cases that no article is linked to, with the vectors that are stored of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    Case,
    CaseArticle,
    CaseState,
    Embedding,
    Facets,
    Part,
    Passage,
    Pool,
    in_scope,
)
from kb.ports import Vectors
from kb.queries.passages import decode_vectors

PARTS = (Part.title, Part.problem, Part.resolution)
TEXT = 1600  # characters of what a case asks


@dataclass(frozen=True, slots=True)
class UnlinkedCase:
    """`text` is its subject and what its customer said, as it may be shown.

    `vectors` by part (title, problem, resolution): the mean of the part's pieces, shape (dim,),
    raw; a part that has none is left out.
    """

    id: str
    language: str
    text: str
    vectors: Mapping[Part, Vectors]

    @property
    def asked(self) -> Vectors:
        """The mean of title and problem, raw."""
        parts = [v for part, v in self.vectors.items() if part != Part.resolution]
        mean: Vectors = np.mean(parts or list(self.vectors.values()), axis=0)
        return mean


@dataclass
class _Held:
    language: str
    texts: list[str] = field(default_factory=list)
    vectors: dict[Part, list[bytes]] = field(default_factory=dict)

    def view(self, key: str) -> UnlinkedCase:
        means = {part: decode_vectors(v).mean(axis=0) for part, v in self.vectors.items()}
        return UnlinkedCase(key, self.language, "\n".join(self.texts)[:TEXT], means)


@dataclass(frozen=True, slots=True)
class LinksState:
    """How far changes of cases, of articles and of links between them have come."""

    links: int
    cases: int
    case_changed: datetime | None
    articles: int
    article_changed: datetime | None


def unlinked_cases(session: Session, model_id: str, scope: Facets) -> list[UnlinkedCase]:
    """By key. An article that is archived counts as none; a case without vectors is left out."""
    linked = (
        select(col(CaseArticle.case_id))
        .join(Article, col(Article.id) == col(CaseArticle.article_id))
        .where(
            col(CaseArticle.case_id) == col(Case.id), col(Article.state) != ArticleState.archived
        )
    )
    query = (
        select(
            col(Case.id),
            col(Case.facets),
            col(Passage.language),
            col(Passage.part),
            col(Passage.text),
            col(Embedding.vector),
        )
        .join(
            Passage,
            and_(col(Passage.pool) == Pool.case, col(Passage.document_id) == col(Case.id)),
        )
        .join(
            Embedding,
            and_(
                col(Embedding.text_hash) == col(Passage.text_hash),
                col(Embedding.model_id) == model_id,
            ),
        )
        .where(
            col(Case.state) == CaseState.resolved,
            col(Passage.part).in_(PARTS),
            ~linked.exists(),
        )
        .order_by(col(Case.id), col(Passage.part), col(Passage.ordinal))
    )
    held: dict[str, _Held] = {}
    for key, facets, language, part, text, vector in session.connection().execute(query):
        if in_scope(facets, scope):
            case = held.setdefault(key, _Held(language))
            case.vectors.setdefault(Part(part), []).append(vector)
            if part != Part.resolution:
                case.texts.insert(0 if part == Part.title else len(case.texts), text)
    return [case.view(key) for key, case in held.items()]


def links_state(session: Session) -> LinksState:
    """Equal ones mean that the same cases are linked with the same articles, in the same states."""
    links = session.scalar(select(func.count()).select_from(CaseArticle)) or 0
    cases = session.execute(select(func.count(), func.max(col(Case.updated_at)))).one()
    articles = session.execute(select(func.count(), func.max(col(Article.updated_at)))).one()
    return LinksState(links, *cases, *articles)


def case_lines(session: Session, keys: Collection[str]) -> dict[str, str]:
    """What names each of these cases: its subject as it may be shown, else what it begins with."""
    rows = session.execute(
        select(col(Passage.document_id), col(Passage.title), col(Passage.text))
        .where(
            col(Passage.pool) == Pool.case,
            col(Passage.document_id).in_(keys),
            col(Passage.part).in_((Part.title, Part.problem)),
        )
        .order_by(col(Passage.part).desc(), col(Passage.ordinal))
    )
    found: dict[str, str] = {}
    for key, title, text in rows:
        found.setdefault(key, title or " ".join(text.split())[:160])
    return found
