"""A knowledge base of its own for one run: real tables, real indexer, real snapshot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from eval.datasets import Document
from eval.progress import Progress
from eval.runs.setup import Setup
from indexer.pipeline import index_round
from kb.actions.articles import ArticleFields, ArticleInput, TranslationInput, save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.actions.outbox import enqueue
from kb.db import create_engine_for, migrate, session_factory
from kb.domain import ArticleState, Audience, CaseState, Channel, Outcome, Pool, Role, Trust
from kb.errors import SearchIndexError
from kb.ports import Encoder
from kb.queries.documents import unencoded_documents
from kb.search.search import Searcher
from kb.search.snapshot import build_snapshot

ACTOR = "eval"
SAVED_AT_ONCE = 500
INDEXED_AT_ONCE = 64
TITLE = 120  # characters of a title made from the text, where the data has none
UNSAID = "Solved."  # resolution of a case whose data does not tell it


class Page(NamedTuple):
    """A document in one language, as the base names it."""

    key: str
    language: str


@dataclass(frozen=True)
class Base:
    """A base that can be asked. `names` maps its keys to the data's ids."""

    setup: Setup
    sessions: sessionmaker[Session]
    searcher: Searcher
    pool: Pool
    names: dict[str, str]
    pages: dict[Page, Document]
    passages: int


@contextmanager
def temporary_base(
    documents: Sequence[Document],
    pool: Pool,
    setup: Setup,
    progress: Progress,
) -> Iterator[Base]:
    """Fill, index and open a base; it is gone afterwards.

    Documents of one id become one article with its translations, or one case each. All are
    public and published, or resolved. Raises SearchIndexError when one cannot be indexed.
    """
    encoder = setup.encoder
    home = Path(tempfile.mkdtemp(prefix="potica-eval-"))
    own = setup.settings.model_copy(update={"home": home, "database_url": ""})
    engine = create_engine_for(own)
    try:
        migrate(engine)
        sessions = session_factory(engine)
        names, pages = _save(sessions, documents, pool, progress)
        _index(sessions, encoder, len(names), progress)
        with progress.task("Building the index") as task, sessions() as session:
            build_snapshot(session, own.index_dir, encoder.model_id)
            task.done()
        searcher = Searcher(sessions, encoder, own)
        searcher.refresh()
        count = _count(sessions)
        yield Base(replace(setup, settings=own), sessions, searcher, pool, names, pages, count)
    finally:
        engine.dispose()
        shutil.rmtree(home, ignore_errors=True)


def _save(
    sessions: sessionmaker[Session], documents: Sequence[Document], pool: Pool, progress: Progress
) -> tuple[dict[str, str], dict[Page, Document]]:
    by_id: dict[str, list[Document]] = {}
    for document in documents:
        by_id.setdefault(document.id, []).append(document)
    names = {f"d{number:06}": name for number, name in enumerate(by_id)}
    keys = list(names)
    with progress.task("Saving documents", len(keys)) as task:
        for start in range(0, len(keys), SAVED_AT_ONCE):
            some = keys[start : start + SAVED_AT_ONCE]
            with sessions.begin() as session:
                for key in some:
                    _save_one(session, key, by_id[names[key]], pool)
            task.advance(len(some))
    pages = {Page(key, d.language): d for key, name in names.items() for d in by_id[name]}
    return names, pages


def _save_one(session: Session, key: str, versions: Sequence[Document], pool: Pool) -> None:
    if pool == Pool.article:
        save_article(session, _article(key, versions), ACTOR)
    else:
        save_case(session, _case(key, versions[0]), ACTOR)


def _article(key: str, versions: Sequence[Document]) -> ArticleInput:
    texts = tuple(
        TranslationInput(d.language, d.title or made_title(d.text), d.text) for d in versions
    )
    fields = ArticleFields(
        original_language=versions[0].language,
        audience=Audience.public,
        trust=Trust.validated,
        facets=versions[0].facets,
    )
    return ArticleInput(key, texts, fields, ArticleState.published)


def _case(key: str, document: Document) -> CaseInput:
    return CaseInput(
        id=key,
        language=document.language,
        channel=Channel.email,
        messages=(MessageInput(Role.customer, document.text),),
        subject=document.title,
        state=CaseState.resolved,
        facets=document.facets,
        resolution=document.resolution or UNSAID,
        outcome=Outcome.solved,
    )


def made_title(text: str) -> str:
    """The first line, cut at a word."""
    line = text.strip().splitlines()[0].strip()
    if len(line) <= TITLE:
        return line
    return f"{line[:TITLE].rsplit(' ', 1)[0]} …"


def _index(
    sessions: sessionmaker[Session], encoder: Encoder, documents: int, progress: Progress
) -> None:
    done = 0
    with progress.task("Indexing documents", documents) as task:
        while True:
            outcome = index_round(sessions, encoder, INDEXED_AT_ONCE)
            task.advance(outcome.done)
            done += outcome.done
            if not outcome.claimed:
                break
    if done < documents:
        raise SearchIndexError(
            f"{documents - done} of {documents} documents could not be indexed:"
            " the log above says why."
        )


def encode_plainly(base: Base, progress: Progress) -> None:
    """Vectors of the plain encoder beside the engine's. Raises SearchIndexError."""
    plain = base.setup.plain
    with base.sessions.begin() as session:
        missing = unencoded_documents(session, plain.model_id)
        for pool, document_id in missing:
            enqueue(session, pool, document_id)
    if missing:
        _index(base.sessions, plain, len(missing), progress)


def _count(sessions: sessionmaker[Session]) -> int:
    from kb.queries.passages import count_passages

    with sessions() as session:
        return sum(count_passages(session).values())
