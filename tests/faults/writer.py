"""A process that writes until it is killed: `python -m tests.faults.writer HOME SEED`.

A line on standard output is what a 2xx is for a server: printed after the commit.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from indexer.chunk import chunk_markdown
from indexer.pipeline import index_round
from kb.actions.articles import archive, publish, restore, save_article, unpublish
from kb.actions.cases import (
    CaseInput,
    MessageInput,
    archive_case,
    reopen_case,
    resolve_case,
    save_case,
)
from kb.actions.suggestions import FeedbackInput, SuggestionRecord, record_feedback
from kb.actions.suggestions import record_suggestion as record
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import (
    Article,
    ArticleState,
    Case,
    CaseState,
    Channel,
    FeedbackKind,
    Outcome,
    Revision,
    Role,
    Translation,
)
from kb.search.search import Searcher
from tests.faults.plan import LANGUAGES, Note, Write, body_of, mark_in
from tests.hash_encoder import HashEncoder
from tests.kb.search.base import article


class Writer:
    """Draws one change after the other; `seed` makes its marks its own."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._prefix = f"mk{seed:05d}"
        self._count = itertools.count()

    def mark(self) -> str:
        return f"{self._prefix}{next(self._count):05d}"

    def draw(self, session: Session) -> Write:
        """A change that fits what is there."""
        choices: list[Write] = [self.new_article, self.new_case, self.feedback]
        weights = [3, 2, 2]
        if session.scalar(select(func.count()).select_from(Article)):
            choices += [self.edit_article, self.take_article, self.show_article]
            weights += [4, 3, 2]
        if session.scalar(select(func.count()).select_from(Case)):
            choices.append(self.move_case)
            weights.append(4)
        return self.rng.choices(choices, weights)[0]

    def new_article(self, session: Session) -> Note:
        return self._save(session, f"a-{self.mark()}", self.rng.choice(LANGUAGES))

    def edit_article(self, session: Session) -> Note:
        row = session.get_one(Article, self._some(session, Article))
        if row.state == ArticleState.archived:
            restore(session, row.id, "writer")
            return _article_note(session, row.id)
        return self._save(session, row.id, row.original_language)

    def _save(self, session: Session, key: str, language: str) -> Note:
        before = _published_marks(session, key)
        mark = self.mark()
        state = self.rng.choice([None, ArticleState.published, ArticleState.published])
        text = {language: (f"About {mark}", body_of(mark, self.rng))}
        saved = save_article(session, article(key, text, state=state), "writer")
        after = _published_marks(session, key)
        row = session.get_one(Article, key)
        return Note("article", key, str(row.state), saved.version, (mark,), _less(before, after))

    def take_article(self, session: Session) -> Note:
        row = session.get_one(Article, self._some(session, Article))
        before = _published_marks(session, row.id)
        if row.state == ArticleState.published and self.rng.random() < 0.4:
            unpublish(session, row.id, "writer")
        else:
            archive(session, row.id, "writer")
        return _article_note(session, row.id, before)

    def show_article(self, session: Session) -> Note:
        row = session.get_one(Article, self._some(session, Article))
        before = _published_marks(session, row.id)
        if row.state == ArticleState.archived:
            restore(session, row.id, "writer")
        publish(session, row.id, None, "writer")
        return _article_note(session, row.id, _less(before, _published_marks(session, row.id)))

    def new_case(self, session: Session) -> Note:
        mark = self.mark()
        given = CaseInput(
            id=f"c-{mark}",
            language="en",
            channel=Channel.chat,
            messages=[MessageInput(Role.customer, "where is my parcel")],
            subject="A parcel is late",
            state=CaseState.resolved,
            resolution=body_of(mark, self.rng),
            outcome=Outcome.solved,
        )
        saved = save_case(session, given, "writer")
        return Note("case", saved.id, "resolved", saved.version, (mark,))

    def move_case(self, session: Session) -> Note:
        row = session.get_one(Case, self._some(session, Case))
        gone = (mark_in(row.resolution),) if row.state == CaseState.resolved else ()
        mark = mark_in(row.resolution)
        if row.state == CaseState.open:
            mark = self.mark()
            resolve_case(
                session, row.id, body_of(mark, self.rng), Outcome.solved, "asked", "writer"
            )
        elif row.state == CaseState.resolved and self.rng.random() < 0.5:
            archive_case(session, row.id, "writer")
        else:
            reopen_case(session, row.id, "writer")
        return Note("case", row.id, str(row.state), row.version, (mark,), gone)

    def feedback(self, session: Session) -> Note:
        key = self.mark()
        values = SuggestionRecord("en", "internal", key, {"messages": []}, {"answers": []})
        suggestion = record(session, values)
        given = FeedbackInput(FeedbackKind.used, "article:a", 0, idempotency_key=key)
        record_feedback(session, suggestion, given)
        return Note("feedback", key)

    def _some(self, session: Session, table: type[Article] | type[Case]) -> str:
        """The key of one of the latest."""
        return self.rng.choice(sorted(session.scalars(select(col(table.id))))[-40:])


def _published_marks(session: Session, key: str) -> tuple[str, ...]:
    query = (
        select(col(Revision.body))
        .join(Translation, col(Translation.published_revision_id) == col(Revision.id))
        .where(col(Translation.article_id) == key)
    )
    return tuple(mark_in(body) for body in session.scalars(query))


def _less(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(mark for mark in before if mark not in after)


def _article_note(session: Session, key: str, gone: tuple[str, ...] = ()) -> Note:
    row = session.get_one(Article, key)
    return Note("article", key, str(row.state), row.version, (), gone)


def main(home: Path, seed: int) -> None:
    settings, encoder = Settings(home=home, _env_file=None), HashEncoder()
    sessions = session_factory(create_engine_for(settings))
    searcher = Searcher(sessions, encoder, settings)
    writer = Writer(seed)
    searcher.refresh()
    chunk_markdown("# Load\n\nwhat indexing needs", "en", encoder)
    say(Note("started"))

    def index() -> None:
        while True:
            if index_round(sessions, encoder, limit=6).claimed:
                say(Note("index"))
            time.sleep(0.005)

    def snapshots() -> None:
        while True:
            searcher.index.rebuild()
            say(Note("snapshot"))
            time.sleep(0.02)

    for work in (index, snapshots):
        threading.Thread(target=work, daemon=True).start()
    while True:
        with sessions.begin() as session:
            note = writer.draw(session)(session)
        say(note)
        time.sleep(writer.rng.uniform(0, 0.01))  # the index wants its turn at the database


def say(note: Note) -> None:
    os.write(1, f"{note.line()}\n".encode())  # one write: lines of threads do not mix


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
