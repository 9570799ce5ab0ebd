"""Sets of articles in which it is known which two say the same: what the editors' list should show.

Two thirds of the groups have a second article, the others stand alone; everything else that is
paired is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import Document, Languages, RetrievalSet
from eval.duplicate_sets import is_new
from eval.folders import Files, read_crosslingual, read_retrieval, read_similar_cases
from eval.splits import Split, stable_order

TEXTS = 5  # questions of an intent that make one article
PAGES = 150  # help pages of one half
TICKETS = 800  # of one half, with those that have a duplicate

Pair = frozenset[str]
"""The ids of two articles."""


@dataclass(frozen=True, slots=True)
class PairSet:
    """Articles, each with an id of its own, and those of them that say the same."""

    name: str
    documents: tuple[Document, ...]
    pairs: frozenset[Pair]


def read_pair_sets(data: Path, languages: Languages, split: Split) -> Iterator[PairSet]:
    """The public sets, in one half. Raises NotFound where one is missing."""
    (faq,) = read_retrieval(data / "stackfaq", languages, Files())
    yield _answered_and_asked(faq, split)
    yield _asked_twice(read_similar_cases(data / "banking77", languages), split)
    yield _tickets(read_similar_cases(data / "hadoop_duplicates", languages), split)
    yield _pages(read_crosslingual(data / "libreoffice_help", languages), split)


def _answered_and_asked(given: RetrievalSet, split: Split) -> PairSet:
    """A question with its answer, and the same asked in other words, without one."""
    asked: dict[str, list[str]] = {}
    for query in given.queries:
        if split.has(query.id):
            asked.setdefault(min(query.relevant), []).append(query.plain)
    documents, pairs = list(given.documents), set()
    for document in given.documents:
        words = asked.get(document.id, [])
        if len(words) > 1 and not is_new(document.id):
            documents.append(_made(f"{document.id}+", words, document.language))
            pairs.add(frozenset({document.id, f"{document.id}+"}))
    return PairSet("stackfaq: answer, paraphrases", tuple(documents), frozenset(pairs))


def _asked_twice(given: RetrievalSet, split: Split) -> PairSet:
    """Two articles of each intent, made of different questions."""
    by_id = {document.id: document for document in given.documents}
    documents, pairs = [], set()
    for group, ids in sorted(_intents(given).items()):
        own = [by_id[key] for key in sorted(ids, key=stable_order) if split.has(key)]
        texts = [document.text or document.title for document in own]
        parts = [texts[:TEXTS], texts[TEXTS : 2 * TEXTS]]
        keys = [f"{group}/{number}" for number, part in enumerate(parts) if len(part) == TEXTS]
        if is_new(group):
            keys = keys[:1]
        documents += [
            _made(key, part, own[0].language) for key, part in zip(keys, parts, strict=False)
        ]
        pairs |= {frozenset(keys)} if len(keys) > 1 else set()
    return PairSet("banking77: questions, questions", tuple(documents), frozenset(pairs))


def _tickets(given: RetrievalSet, split: Split) -> PairSet:
    """Tickets as they are, with those that were closed as duplicates of them."""
    pairs = {
        frozenset({query.id, other})
        for query in given.queries
        if split.has(query.id)
        for other in query.relevant
        if other != query.id and not is_new(min({query.id, *query.relevant}))
    }
    paired = {key for pair in pairs for key in pair}
    single = sorted(
        (d.id for d in given.documents if d.id not in paired and split.has(d.id)), key=stable_order
    )
    kept = paired | set(single[:TICKETS])
    documents = tuple(d for d in given.documents if d.id in kept)
    known = frozenset(pair for pair in pairs if pair <= {d.id for d in documents})
    return PairSet("hadoop_duplicates", documents, known)


def _pages(sets: Sequence[RetrievalSet], split: Split) -> PairSet:
    """Help pages, and the same pages in another language as articles of their own."""
    texts = {(d.id, d.language): d for one in sets for d in one.documents}
    tags = [one.language or "" for one in sets]
    keys = sorted({key for key, _ in texts if split.has(key)}, key=stable_order)[:PAGES]
    documents, pairs = [], set()
    for number, key in enumerate(keys):
        first = tags[number % len(tags)]
        second = tags[(number + 1 + number // len(tags) % (len(tags) - 1)) % len(tags)]
        wanted = [first] if is_new(key) else [first, second]
        found = [texts[key, tag] for tag in wanted if (key, tag) in texts]
        documents += [Document(f"{key}@{d.language}", d.title, d.text, d.language) for d in found]
        if len(found) > 1:
            pairs.add(frozenset(f"{key}@{d.language}" for d in found))
    return PairSet("libreoffice_help: two languages", tuple(documents), frozenset(pairs))


def _intents(given: RetrievalSet) -> Mapping[str, Sequence[str]]:
    return {min(query.relevant): sorted(query.relevant) for query in given.queries}


def _made(key: str, texts: Sequence[str], language: str) -> Document:
    """An article of questions: the first is its title."""
    return Document(key, texts[0], "\n\n".join(texts[1:]), language)
