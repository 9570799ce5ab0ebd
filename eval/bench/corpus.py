"""A made-up base of any size: words of the demo company's articles, vectors around centres.

Nothing is encoded, so 100,000 passages take a minute to make. Words are drawn as often as they
occur, so that the lexical index has the long and short lists of a real one; vectors have the
shape of a real model's: a mean per language, topics around it, and noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

from eval.progress import Progress
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Embedding,
    Governance,
    Part,
    Passage,
    Pool,
    Revision,
    Translation,
    Trust,
    utc_now,
)
from kb.errors import NotFound
from kb.ports import Vectors
from kb.text.terms import terms

PER_ARTICLE = 5  # passages: one title, four pieces of the body
WORDS = (40, 110)  # in a passage, from and to
TITLE_WORDS = 6
TOPICS = 400
SPREAD = (0.86, 0.36, 0.36)  # of the language's mean, the topic, the noise
WRITTEN_AT_ONCE = 400  # articles
SEED = 11
TOPIC_FACETS = tuple(f"topic-{n}" for n in range(30))

Rows = dict[type[Any], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words of one language as they follow in its articles, each with its terms."""

    language: str
    words: tuple[str, ...]
    terms: tuple[str, ...]


def vocabularies(content: Path, languages: Sequence[str]) -> list[Vocabulary]:
    """From `<content>/<language>/*.md`. Raises NotFound when a language has no articles."""
    found = []
    for language in languages:
        texts = [p.read_text(encoding="utf-8") for p in sorted((content / language).glob("*.md"))]
        words = [word for text in texts for word in text.partition("\n---\n")[2].split()]
        if not words:
            raise NotFound(
                f"{content / language} holds no articles to take words from:"
                " point POTICA_CONTENT_DIR at the content folder."
            )
        known = {word: " ".join(terms(word, language)) for word in set(words)}
        found.append(Vocabulary(language, tuple(words), tuple(known[w] for w in words)))
    return found


def fill(
    sessions: sessionmaker[Session],
    passages: int,
    model_id: str,
    dim: int,
    words: Sequence[Vocabulary],
    progress: Progress,
) -> None:
    """Write so many passages, with their articles and vectors, into an empty base."""
    maker = _Maker(model_id, dim, words)
    articles = iter(range(passages // PER_ARTICLE))
    with progress.task(f"Making {passages:,} passages", passages) as task:
        while batch := list(islice(articles, WRITTEN_AT_ONCE)):
            rows = maker.rows(batch)
            with sessions.begin() as session:
                for table, values in rows.items():
                    session.execute(insert(table), values)
            task.advance(len(rows[Passage]))


class _Maker:
    def __init__(self, model_id: str, dim: int, words: Sequence[Vocabulary]) -> None:
        self.model_id, self.words = model_id, words
        self.rng = np.random.default_rng(SEED)
        means = self.rng.standard_normal(dim) + 0.2 * self.rng.standard_normal((len(words), dim))
        self.means = _unit(means)
        self.topics = _unit(self.rng.standard_normal((TOPICS, dim)))

    def rows(self, numbers: Sequence[int]) -> Rows:
        """The rows of these articles, tables in the order of their references."""
        found: Rows = {t: [] for t in (Article, Translation, Revision, Passage, Embedding)}
        for number in numbers:
            place = number % len(self.words)
            self._article(found, number, self.words[place])
        count = len(found[Passage])
        languages = [n % len(self.words) for n in numbers for _ in range(PER_ARTICLE)]
        stored = self._vectors(languages).astype("<f2")
        for row in range(count):
            found[Embedding].append(
                {
                    "text_hash": found[Passage][row]["text_hash"],
                    "model_id": self.model_id,
                    "dim": stored.shape[1],
                    "vector": stored[row].tobytes(),
                }
            )
        return found

    def _article(self, found: Rows, number: int, words: Vocabulary) -> None:
        key, now = f"made-{number:06}", utc_now()
        title, title_terms = self._text(words, TITLE_WORDS)
        pieces = [self._text(words, int(self.rng.integers(*WORDS))) for _ in range(PER_ARTICLE - 1)]
        facets = {"topic": [TOPIC_FACETS[number % len(TOPIC_FACETS)]]}
        found[Article].append(_article_row(key, words.language, facets, now))
        row = number + 1
        found[Translation].append(
            {
                "id": row,
                "article_id": key,
                "language": words.language,
                "revision_id": row,
                "published_revision_id": row,
                "created_at": now,
            }
        )
        body = "\n\n".join(text for text, _ in pieces)
        found[Revision].append(
            {
                "id": row,
                "translation_id": row,
                "number": 1,
                "title": title,
                "summary": "",
                "keywords": [],
                "body": body,
                "content_hash": hashlib.sha256(body.encode()).hexdigest(),
                "author": "bench",
                "note": "",
                "created_at": now,
            }
        )
        shared = {
            "pool": Pool.article,
            "document_id": key,
            "revision_id": row,
            "language": words.language,
            "audience": str(Audience.public),
            "title": title,
            "title_terms": title_terms,
            "facets": facets,
        }
        found[Passage] += _passages(shared, title, title_terms, pieces)

    def _text(self, words: Vocabulary, count: int) -> tuple[str, str]:
        """Half a run of the articles' own text, half single words, with the terms."""
        size = len(words.words)
        start = int(self.rng.integers(0, size - count))
        run = list(range(start, start + count // 2))
        picks = [*run, *self.rng.integers(0, size, count - len(run)).tolist()]
        return " ".join(words.words[i] for i in picks), " ".join(words.terms[i] for i in picks)

    def _vectors(self, languages: Sequence[int]) -> Vectors:
        topics = self.rng.integers(0, TOPICS, len(languages))
        noise = _unit(self.rng.standard_normal((len(languages), self.means.shape[1])))
        mean, topic, rest = SPREAD
        return _unit(mean * self.means[languages] + topic * self.topics[topics] + rest * noise)


def _article_row(
    key: str, language: str, facets: dict[str, list[str]], now: datetime
) -> dict[str, Any]:
    return {
        "id": key,
        "original_language": language,
        "state": ArticleState.published,
        "audience": Audience.public,
        "trust": Trust.validated,
        "governance": Governance.experience,
        "tags": [],
        "facets": facets,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def _passages(
    shared: dict[str, Any], title: str, title_terms: str, pieces: Sequence[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    yield _passage(shared, Part.title, 0, 0, title, title_terms)
    start = 0
    for ordinal, (text, own_terms) in enumerate(pieces):
        yield _passage(shared, Part.body, ordinal, start, text, own_terms)
        start += len(text) + 2


def _passage(
    shared: dict[str, Any], part: Part, ordinal: int, start: int, text: str, own_terms: str
) -> dict[str, Any]:
    mark = f"{shared['document_id']}\0{part}\0{ordinal}"
    return {
        **shared,
        "part": part,
        "ordinal": ordinal,
        "heading": "",
        "start": start,
        "end": start + len(text),
        "text": text,
        "embedded_text": text,
        "text_hash": hashlib.sha256(mark.encode()).hexdigest(),
        "terms": own_terms,
    }


def _unit(rows: Any) -> Vectors:
    units: Vectors = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return units
