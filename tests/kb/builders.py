"""Short ways to make articles, cases and passages in tests."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.articles import ArticleFields, ArticleInput, TranslationInput, save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.actions.passages import PassageChange, replace_passages
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.domain import (
    ArticleState,
    Audience,
    AuditEntry,
    CaseState,
    Channel,
    OutboxEvent,
    Outcome,
    Part,
    Passage,
    Pool,
    Role,
)
from kb.queries.articles import load_published
from kb.queries.cases import load_resolved


def article(
    key: str = "wrong-postcode",
    texts: dict[str, str] | None = None,
    state: ArticleState | None = ArticleState.published,
    **fields: Any,
) -> ArticleInput:
    """An article whose bodies are given per language; the first is the original."""
    texts = texts or {"en": "Send us the right postcode."}
    given = {"original_language": next(iter(texts)), "audience": Audience.public} | fields
    return ArticleInput(
        id=key,
        translations=[
            TranslationInput(language, f"Title {language}", body)
            for language, body in texts.items()
        ],
        fields=ArticleFields(**given),
        state=state,
    )


def case(key: str = "en-0001", **changes: Any) -> CaseInput:
    """A resolved case."""
    values: dict[str, Any] = {
        "language": "en",
        "channel": Channel.chat,
        "messages": [MessageInput(Role.customer, "my parcel went to EH8")],
        "subject": "wrong postcode",
        "state": CaseState.resolved,
        "resolution": "Relabelled at the depot.",
        "outcome": Outcome.solved,
        "facets": {"country": ["GB"]},
    }
    return CaseInput(id=key, **(values | changes))


def passage(pool: Pool, key: str, text: str, **changes: Any) -> Passage:
    """A passage of a document."""
    values: dict[str, Any] = {
        "pool": pool,
        "document_id": key,
        "language": "en",
        "audience": Audience.public,
        "part": Part.body if pool == Pool.article else Part.resolution,
        "ordinal": 0,
        "title": "A title",
        "start": 0,
        "end": len(text),
        "text": text,
        "embedded_text": text,
        "text_hash": hashlib.sha256(text.encode()).hexdigest(),
        "terms": text.lower(),
        "title_terms": "title",
    }
    return Passage.model_validate(values | changes)


def index_article(session: Session, key: str) -> PassageChange:
    """Give a published article one passage per language: its whole body."""
    new = []
    view = load_published(session, key)
    if view is not None:
        new = [
            passage(
                Pool.article,
                key,
                text.body,
                language=text.language,
                revision_id=text.revision_id,
                audience=view.audience,
                facets=view.facets,
            )
            for text in view.translations
        ]
    return replace_passages(session, Pool.article, key, new)


def index_case(session: Session, key: str) -> PassageChange:
    """Give a resolved case one passage: its resolution."""
    view = load_resolved(session, key)
    new = []
    if view is not None:
        new = [
            passage(
                Pool.case,
                key,
                view.resolution,
                language=view.language,
                audience=Audience.internal,
                title=view.subject,
                facets=view.facets,
            )
        ]
    return replace_passages(session, Pool.case, key, new)


def indexed_article(session: Session, key: str = "wrong-postcode", **changes: Any) -> list[int]:
    """Save and index an article; gives its passage ids."""
    save_article(session, article(key, **changes), "tester")
    return list(index_article(session, key).added)


def indexed_case(session: Session, key: str = "en-0001", **changes: Any) -> list[int]:
    """Save and index a case; gives its passage ids."""
    save_case(session, case(key, **changes), "tester")
    return list(index_case(session, key).added)


def suggestion(session: Session, **changes: Any) -> str:
    """A recorded suggestion's id."""
    values: dict[str, Any] = {
        "language": "en",
        "audience": "internal",
        "query": "where is my parcel",
        "request": {"messages": []},
        "response": {"answers": []},
    }
    return record_suggestion(session, SuggestionRecord(**(values | changes)))


def audited(session: Session) -> list[tuple[str, str]]:
    """What was audited so far, in order: (action, entity id)."""
    session.flush()
    query = select(AuditEntry).order_by(col(AuditEntry.id))
    return [(entry.action, entry.entity_id) for entry in session.scalars(query)]


def enqueued(session: Session) -> list[tuple[Pool, str]]:
    """What was asked of the index so far, in order."""
    session.flush()
    query = select(OutboxEvent).order_by(col(OutboxEvent.id))
    return [(event.pool, event.document_id) for event in session.scalars(query)]
