"""Sets to measure near-duplicates on: texts, and the documents that say the same.

A third of the groups (an intent, a question, a page, a pair of tickets) is taken out of the base:
what asks for them is new, and everything proposed for it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import Document, Languages, Query, RetrievalSet
from eval.folders import Files, read_crosslingual, read_retrieval, read_similar_cases
from eval.splits import Split, in_share, stable_order
from kb.domain import Pool

NEW_SHARE = 3  # one group of so many is not in the base
PAGES = 150  # pages of one half that ask for themselves in another language
CASES = 600  # questions of one half asked of a large set


@dataclass(frozen=True, slots=True)
class Asked:
    """A text, and the documents that say the same; none of them is in the base when it is new.

    `corpus` limits the documents to one language.
    """

    id: str
    language: str
    title: str
    text: str
    right: frozenset[str]
    new: bool
    corpus: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """`own`: a document of the base that asks is no answer to itself."""

    name: str
    pool: Pool
    documents: tuple[Document, ...]
    asked: tuple[Asked, ...]
    own: bool = False


def read_sets(data: Path, languages: Languages, split: Split) -> Iterator[DuplicateSet]:
    """The public sets, in one half. Raises NotFound where one is missing."""
    (faq,) = read_retrieval(data / "stackfaq", languages, Files())
    yield _questions("stackfaq", Pool.article, faq, split, None)
    similar = read_similar_cases(data / "banking77", languages)
    yield _questions("banking77", Pool.case, similar, split, CASES)
    tickets = read_similar_cases(data / "hadoop_duplicates", languages)
    yield _tickets(tickets, split)
    yield from _pages(read_crosslingual(data / "libreoffice_help", languages), split)


def _questions(
    name: str, pool: Pool, given: RetrievalSet, split: Split, limit: int | None
) -> DuplicateSet:
    """Paraphrases: a question's group is what answers it."""
    gone = {key for q in given.queries if is_new(min(q.relevant)) for key in q.relevant}
    chosen = _half(given.queries, split, limit)
    asked = tuple(
        Asked(
            q.id,
            _language(q, given),
            "",
            q.plain,
            frozenset(q.relevant),
            is_new(min(q.relevant)),
        )
        for q in chosen
    )
    return DuplicateSet(name, pool, tuple(d for d in given.documents if d.id not in gone), asked)


def _tickets(given: RetrievalSet, split: Split) -> DuplicateSet:
    """Tickets that ask for their duplicates: of a new group only the one that asks is there."""
    by_id = {document.id: document for document in given.documents}
    group = {q.id: min({q.id, *q.relevant}) for q in given.queries}
    gone = {key for q in given.queries if is_new(group[q.id]) for key in (q.id, *q.relevant)}
    asked = []
    for query in _half(given.queries, split, None):
        ticket = by_id[query.id]
        asked.append(
            Asked(
                query.id,
                ticket.language,
                ticket.title,
                ticket.text,
                frozenset(query.relevant),
                is_new(group[query.id]),
            )
        )
    kept = tuple(d for d in given.documents if d.id not in gone)
    return DuplicateSet("hadoop_duplicates", Pool.case, kept, tuple(asked), own=True)


def _pages(sets: Sequence[RetrievalSet], split: Split) -> Iterator[DuplicateSet]:
    """Help pages in one language that ask for the same page in another, and for their keywords."""
    documents = tuple(d for one in sets for d in one.documents)
    kept = tuple(d for d in documents if not is_new(d.id))
    tags = [one.language or "" for one in sets]
    pages = sorted({d.id for d in documents if split.has(d.id)}, key=stable_order)[:PAGES]
    texts = {(d.id, d.language): d for d in documents}
    asked = tuple(
        Asked(key, tag, found.title, found.text, frozenset({key}), is_new(key), corpus)
        for key in pages
        for tag in tags
        for corpus in tags
        if tag != corpus and (found := texts.get((key, tag)))
    )
    yield DuplicateSet("libreoffice_help pages", Pool.article, kept, asked)
    words = tuple(
        Asked(q.id, one.language or "", "", q.plain, frozenset(q.relevant), is_new(q.id), corpus)
        for one in sets
        for q in one.queries
        if split.has(q.id)
        for corpus in tags
    )
    yield DuplicateSet("libreoffice_help keywords", Pool.article, kept, words)


def _half(queries: Sequence[Query], split: Split, limit: int | None) -> list[Query]:
    half = sorted((q for q in queries if split.has(q.id)), key=lambda q: stable_order(q.id))
    return half[:limit]


def _language(query: Query, given: RetrievalSet) -> str:
    return query.language or given.documents[0].language


def is_new(group: str) -> bool:
    """Whether a group is left out, so that nothing in the base says the same."""
    return in_share(f"new:{group}", NEW_SHARE)
