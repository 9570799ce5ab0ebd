"""What a writer may do, what it says when it is done, and what must be true afterwards.

Every text a writer commits carries a mark of its own (`mk` and digits), so that each can be
looked for after a crash, and each edited, archived or unpublished one too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import index_round
from indexer.reconcile import verify
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    AuditEntry,
    Case,
    CaseState,
    Feedback,
    OutboxEvent,
    Passage,
    Pool,
    RemovedPassage,
    Revision,
    Translation,
)
from kb.ports import Encoder
from kb.queries.documents import expected_documents, indexed_documents
from kb.search.search import Searcher
from kb.search.types import SearchQuery

Write = Callable[[Session], "Note"]
MARK = re.compile(r"mk\d{10}")
LANGUAGES = ("en", "pl", "cs", "sl", "hu")
WORDS = ("parcel", "locker", "invoice", "refund", "courier", "pallet", "label", "depot")


@dataclass(frozen=True, slots=True)
class Note:
    """One acknowledged commit: what a document is now, and the marks that are in it."""

    kind: str  # article, case, feedback, or started/index/snapshot, which change no document
    key: str = ""
    state: str = ""
    version: int = 0
    marks: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()  # marks that no search may find from now on

    def line(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def read(cls, line: str) -> Note:
        found = orjson.loads(line)
        marks, gone = tuple(found.pop("marks")), tuple(found.pop("gone"))
        return cls(**found, marks=marks, gone=gone)


@dataclass
class Ledger:
    """All that was acknowledged, over all lives of a home."""

    last: dict[tuple[str, str], Note] = field(default_factory=dict)
    feedback: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    written: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def take(self, notes: Iterable[Note]) -> None:
        for note in notes:
            self.done[note.kind] = self.done.get(note.kind, 0) + 1
            if note.kind in ("article", "case"):
                self.last[note.kind, note.key] = note
                self.written += 1
            elif note.kind == "feedback":
                self.feedback.add(note.key)
                self.written += 1
            self.gone |= set(note.gone)


def body_of(mark: str, rng: random.Random) -> str:
    return f"Look at the {rng.choice(WORDS)} first. The mark is {mark}. Then ask the depot."


def check_home(home: Path, encoder: Encoder, ledger: Ledger, rng: random.Random) -> list[str]:
    """Recover as a starting server does; gives everything that is not as it must be."""
    settings = Settings(home=home, _env_file=None)
    engine = create_engine_for(settings)
    try:
        sessions = session_factory(engine)
        wrong = _check_file(sessions)
        with sessions() as session:
            wrong += _check_written(session, ledger)
            current = _marks_in_force(session)
            wrong += _check_records(session)
        searcher = Searcher(sessions, encoder, settings)
        # Before the worker has come round: nothing that is gone may be found.
        wrong += _check_found(searcher, ledger, current, rng, complete=False)
        while index_round(sessions, encoder).claimed:
            pass
        with sessions() as session:
            wrong += _check_index(session, encoder)
        wrong += _check_found(searcher, ledger, current, rng, complete=True)
        again = Searcher(sessions, encoder, settings)
        wrong += _check_found(again, ledger, current, rng, complete=True)
    finally:
        engine.dispose()
    return wrong


def _check_file(sessions: sessionmaker[Session]) -> list[str]:
    with sessions() as session:
        connection = session.connection()
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        strays = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    wrong = [] if said == "ok" else [f"integrity: {said}"]
    return wrong + [f"foreign key: {row}" for row in strays]


def _check_written(session: Session, ledger: Ledger) -> list[str]:
    """The last thing acknowledged is there, or something newer that was not acknowledged."""
    wrong = []
    for (kind, key), note in ledger.last.items():
        row = session.get(Article, key) if kind == "article" else session.get(Case, key)
        if row is None or row.version < note.version:
            wrong.append(f"lost: {kind} {key} version {note.version}")
        elif row.version == note.version and str(row.state) != note.state:
            wrong.append(f"wrong: {kind} {key} is {row.state}, not {note.state}")
        elif row.version == note.version:
            text = _text_of(session, kind, key)
            wrong += [f"lost text: {kind} {key} {m}" for m in note.marks if m not in text]
    kept = set(session.scalars(select(col(Feedback.idempotency_key))))
    return wrong + [f"lost: feedback {key}" for key in sorted(ledger.feedback - kept)]


def _text_of(session: Session, kind: str, key: str) -> str:
    if kind == "case":
        row = session.get(Case, key)
        return row.resolution if row else ""
    query = (
        select(col(Revision.body))
        .join(Translation, col(Translation.revision_id) == col(Revision.id))
        .where(col(Translation.article_id) == key)
    )
    return "\n".join(session.scalars(query))


def _marks_in_force(session: Session) -> dict[str, tuple[str, str]]:
    """Mark -> (pool, document) of every text that a reader should find now."""
    found = {}
    articles = (
        select(col(Article.id), col(Revision.body))
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.id) == col(Translation.published_revision_id))
        .where(col(Article.state) == ArticleState.published)
    )
    for key, body in session.execute(articles):
        found[mark_in(body)] = ("article", key)
    cases = select(col(Case.id), col(Case.resolution)).where(col(Case.state) == CaseState.resolved)
    for key, text in session.execute(cases):
        found[mark_in(text)] = ("case", key)
    return found


def mark_in(text: str) -> str:
    """The mark of a body or a resolution."""
    found = MARK.search(text)
    assert found is not None, text
    return found.group()


def _check_records(session: Session) -> list[str]:
    """Audit: as many entries as versions. Outbox: whoever is out of step has an open event."""
    wrong = []
    counts = dict(
        session.execute(
            select(col(AuditEntry.entity_id), func.count()).group_by(col(AuditEntry.entity_id))
        ).all()
    )
    for table in (Article, Case):
        for key, version in session.execute(select(col(table.id), col(table.version))):
            if counts.get(key) != version:
                wrong.append(f"audit: {key} at {version} has {counts.get(key)} entries")
    expected, held = expected_documents(session), indexed_documents(session)
    behind = {d for d in {*expected, *held} if expected.get(d) != held.get(d)}
    rows = session.execute(
        select(col(OutboxEvent.pool), col(OutboxEvent.document_id)).where(
            col(OutboxEvent.done_at).is_(None)
        )
    )
    pending = {(pool, key) for pool, key in rows}
    return wrong + [f"outbox: nobody will index {d}" for d in sorted(behind - pending)]


def _check_index(session: Session, encoder: Encoder) -> list[str]:
    """The set of (document, revision) that is indexed is the set that is published."""
    wrong = []
    expected, held = expected_documents(session), indexed_documents(session)
    if expected != held:
        differing = {d for d in {*expected, *held} if expected.get(d) != held.get(d)}
        wrong.append(f"index: differs from what is published in {sorted(differing)}")
    report = verify(session, encoder)
    if not report.ok:
        wrong.append(f"index: {report}")
    back = session.scalar(
        select(func.count())
        .select_from(Passage)
        .join(RemovedPassage, col(RemovedPassage.passage_id) == col(Passage.id))
    )
    return wrong + ([f"index: {back} removed passages are back"] if back else [])


def _check_found(
    searcher: Searcher,
    ledger: Ledger,
    current: dict[str, tuple[str, str]],
    rng: random.Random,
    *,
    complete: bool,
) -> list[str]:
    """No text that is gone is found; when complete, what is in force is found by its mark."""
    wrong = []
    gone = sorted(ledger.gone - set(current))
    for mark in rng.sample(gone, min(12, len(gone))):
        hits = _ask(searcher, mark)
        wrong += [f"back: {mark} in {h}" for h, text in hits if mark in text]
    for hit, text in _ask(searcher, "mark depot"):
        wrong += [f"back: {m} in {hit}" for m in MARK.findall(text) if m not in current]
    if complete:
        for mark in rng.sample(sorted(current), min(12, len(current))):
            # Of a case another passage may be shown than the one with the mark.
            if current[mark] not in [hit for hit, _ in _ask(searcher, mark)]:
                wrong.append(f"not found: {mark} of {current[mark]}")
    return wrong


def _ask(searcher: Searcher, text: str) -> list[tuple[tuple[str, str], str]]:
    query = SearchQuery(
        text=text,
        language="en",
        reader=Audience.internal,
        pools=frozenset(str(pool) for pool in Pool),
        limit=100,
    )
    hits = searcher.search(query).hits
    return [((h.pool, h.document_id), f"{h.title}\n{h.text}") for h in hits]
