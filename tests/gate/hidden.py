"""A base full of what the public must not see, each piece with a mark in every field.

The hidden documents are worded like the public ones, have the same vectors, and half of their
passages are labelled public in the index: only the gate keeps them in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    CaseState,
    Channel,
    Embedding,
    Outcome,
    Part,
    Passage,
    Pool,
    Role,
    Translation,
    utc_now,
)
from kb.ports import Encoder
from kb.text.terms import terms

MARK = "zqxmark"
WORD = "kvrzmocnik"
"""A word of the hidden texts alone: no mending, expansion or count may give it away."""

QUESTIONS = {
    "en": "The six digit PIN for the parcel locker did not arrive",
    "pl": "Nie dostałem sześciocyfrowego kodu PIN do automatu paczkowego",
    "cs": "Nedorazil mi šestimístný PIN k výdejnímu boxu",
    "sl": "Šestmestni PIN za paketnik ni prišel",
    "hu": "Nem jött meg a hatjegyű PIN-kód a csomagautomatához",
}
STATES: tuple[tuple[ArticleState, Audience, str], ...] = (
    (ArticleState.published, Audience.internal, ""),
    (ArticleState.published, Audience.customer, ""),
    (ArticleState.draft, Audience.public, ""),
    (ArticleState.in_review, Audience.public, ""),
    (ArticleState.archived, Audience.public, ""),
    (ArticleState.published, Audience.public, "expired"),
    (ArticleState.published, Audience.public, "not yet"),
)


@dataclass(frozen=True)
class Hidden:
    """Keys of the hidden documents."""

    articles: tuple[str, ...]
    cases: tuple[str, ...]


def hide(sessions: sessionmaker[Session], encoder: Encoder, articles: int, cases: int) -> Hidden:
    """Write the hidden documents and their passages; every article in five languages."""
    languages = list(QUESTIONS)
    vectors = encoder.encode(list(QUESTIONS.values()), "query").astype("<f2")
    by_language = dict(zip(languages, vectors, strict=True))
    keys = Hidden(
        tuple(f"hidden-{n:04}" for n in range(articles)),
        tuple(f"hidden-case-{n:04}" for n in range(cases)),
    )
    with sessions.begin() as session:
        rows = [row for n, key in enumerate(keys.articles) for row in _article(session, key, n)]
        rows += [row for n, key in enumerate(keys.cases) for row in _case(session, key, n)]
        _index(session, rows, by_language, encoder)
    return keys


def _article(session: Session, key: str, number: int) -> Iterator[dict[str, object]]:
    state, audience, when = STATES[number % len(STATES)]
    day = timedelta(days=1)
    texts = [
        TranslationInput(
            language,
            f"{question} {MARK}{number}t",
            f"{WORD} {question}. {MARK}{number}b",
            f"{question} {MARK}{number}s",
            [f"{MARK}{number}k"],
        )
        for language, question in QUESTIONS.items()
    ]
    fields = ArticleFields(
        original_language="en",
        audience=audience,
        tags=[f"{MARK}tag"],
        facets={"product": ["locker"], f"{MARK}facet": [f"{MARK}value"]},
        owner=f"{MARK}owner",
        valid_from=utc_now() + day if when == "not yet" else None,
        valid_until=utc_now() - day if when == "expired" else None,
    )
    save_article(session, ArticleInput(key, texts, fields, ArticleState.published), f"{MARK}a")
    article = session.get_one(Article, key)
    if state != ArticleState.published:
        article.state = state  # as if the index had not followed: its passages are there
    for row in session.scalars(select(Translation).where(col(Translation.article_id) == key)):
        question = QUESTIONS[row.language]
        label = Audience.public if number % 2 else audience
        for part, text in ((Part.title, question), (Part.body, f"{WORD} {question}.")):
            yield _row(Pool.article, key, row.language, part, f"{text} {MARK}{number}p", label) | {
                "revision_id": row.revision_id
            }


def _case(session: Session, key: str, number: int) -> Iterator[dict[str, object]]:
    language = list(QUESTIONS)[number % len(QUESTIONS)]
    question = QUESTIONS[language]
    given = CaseInput(
        key,
        language,
        Channel.chat,
        [MessageInput(Role.customer, f"{question} {MARK}{number}m")],
        subject=f"{question} {MARK}{number}j",
        state=CaseState.resolved,
        resolution=f"{WORD} {question} {MARK}{number}r",
        outcome=Outcome.solved,
        facets={f"{MARK}facet": [f"{MARK}value"]},
    )
    save_case(session, given, f"{MARK}a")
    label = Audience.public if number % 2 else Audience.internal
    for part in (Part.problem, Part.resolution):
        yield _row(Pool.case, key, language, part, f"{question} {MARK}{number}p", label)


def _row(
    pool: Pool, key: str, language: str, part: Part, text: str, audience: Audience
) -> dict[str, object]:
    words = " ".join(terms(text, language))
    return {
        "pool": pool,
        "document_id": key,
        "revision_id": None,
        "language": language,
        "audience": str(audience),
        "part": part,
        "ordinal": 0,
        "title": text,
        "heading": f"{MARK}heading",
        "start": 0,
        "end": len(text),
        "text": text,
        "embedded_text": text,
        "text_hash": hashlib.sha256(f"{key}{language}{part}".encode()).hexdigest(),
        "terms": words,
        "title_terms": words,
        "facets": {f"{MARK}facet": [f"{MARK}value"]},
    }


def _index(
    session: Session,
    rows: list[dict[str, object]],
    vectors: dict[str, np.ndarray[tuple[int], np.dtype[np.float16]]],
    encoder: Encoder,
) -> None:
    session.execute(insert(Passage), rows)
    session.execute(
        insert(Embedding),
        [
            {
                "text_hash": row["text_hash"],
                "model_id": encoder.model_id,
                "dim": encoder.dim,
                "vector": vectors[str(row["language"])].tobytes(),
            }
            for row in rows
        ],
    )
