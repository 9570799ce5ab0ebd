"""Finding and mending what the index should not be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import index_pending
from indexer.reconcile import reconcile, verify
from kb.domain import Article, ArticleState, Audience, Embedding, OutboxEvent, Passage
from tests.indexer.encoders import WordEncoder
from tests.indexer.test_pipeline import pending, save, texts, vectors

Sessions = sessionmaker[Session]


def _lose_passages(session: Session) -> None:
    session.execute(delete(Passage).where(col(Passage.document_id) == "a"))


def _spoil_a_text(session: Session) -> None:
    session.execute(
        update(Passage).where(col(Passage.document_id) == "a").values(terms="something else")
    )


def _lose_vectors(session: Session) -> None:
    session.execute(delete(Embedding))


def _unpublish_behind_its_back(session: Session) -> None:
    session.execute(update(Article).where(col(Article.id) == "a").values(state=ArticleState.draft))


def _narrow_behind_its_back(session: Session) -> None:
    session.execute(
        update(Article).where(col(Article.id) == "a").values(audience=Audience.internal)
    )


def _lose_events(session: Session) -> None:
    _lose_passages(session)
    session.execute(delete(OutboxEvent))


@pytest.mark.parametrize(
    ("damage", "missing", "unwanted", "without_vector"),
    [
        (_lose_passages, 2, 0, 0),
        (_spoil_a_text, 2, 2, 0),
        (_lose_vectors, 0, 0, 4),
        (_unpublish_behind_its_back, 0, 2, 0),
        (_narrow_behind_its_back, 2, 2, 0),
        (_lose_events, 2, 0, 0),
    ],
)
def test_damage_is_found_and_mended(
    sessions: Sessions,
    damage: Callable[[Session], None],
    missing: int,
    unwanted: int,
    without_vector: int,
) -> None:
    encoder = WordEncoder()
    for key in "ab":
        save(sessions, key, f"The text of {key}.")
    index_pending(sessions, encoder)
    with sessions.begin() as session:
        assert verify(session, encoder).ok
        damage(session)
    with sessions.begin() as session:
        report = verify(session, encoder)
        assert (report.missing, report.unwanted) == (missing, unwanted)
        assert report.without_vector == without_vector
        assert not report.mended
    with sessions.begin() as session:
        assert verify(session, encoder) == report  # it only looked
        assert reconcile(session, encoder).mended
    index_pending(sessions, encoder)
    with sessions.begin() as session:
        after = verify(session, encoder)
    assert after.ok
    assert after.differing == ()


def test_vectors_of_another_model_do_not_count(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    index_pending(sqlite_sessions, WordEncoder())

    class Other(WordEncoder):
        @property
        def model_id(self) -> str:
            return "other"

    with sqlite_sessions.begin() as session:
        assert reconcile(session, Other()).without_vector == 2
    with sqlite_sessions.begin() as session:
        reconcile(session, Other())
    assert pending(sqlite_sessions) == 1  # asked for once
    index_pending(sqlite_sessions, Other())
    assert vectors(sqlite_sessions) == 4
    assert texts(sqlite_sessions, "a") == ["Title of a", "Ask at the desk."]


def test_progress_counts_documents(sqlite_sessions: Sessions) -> None:
    for key in "abc":
        save(sqlite_sessions, key)
    seen: list[tuple[int, int]] = []
    with sqlite_sessions() as session:
        report = verify(session, WordEncoder(), lambda *given: seen.append(given))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (report.documents, report.passages, report.missing) == (3, 6, 6)
