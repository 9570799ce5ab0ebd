"""From saved documents to passages and vectors, whatever goes wrong in between."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import (
    MAX_ATTEMPTS,
    index_document,
    index_documents,
    index_pending,
    index_round,
    parked_documents,
)
from kb.actions.articles import (
    ArticleFields,
    ArticleInput,
    TranslationInput,
    archive,
    save_article,
)
from kb.domain import ArticleState, Audience, Embedding, OutboxEvent, Passage, Pool
from kb.queries.outbox import outbox_state
from tests.indexer.encoders import FailingEncoder, WordEncoder

Sessions = sessionmaker[Session]


def save(sessions: Sessions, key: str, body: str = "Ask at the desk.") -> None:
    article = ArticleInput(
        key,
        [TranslationInput("en", f"Title of {key}", body)],
        ArticleFields("en", Audience.public),
        ArticleState.published,
    )
    with sessions.begin() as session:
        save_article(session, article, "test")


def texts(sessions: Sessions, key: str) -> list[str]:
    with sessions() as session:
        query = select(col(Passage.text)).where(col(Passage.document_id) == key)
        return list(session.scalars(query.order_by(col(Passage.id))))


def vectors(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Embedding)) or 0


def pending(sessions: Sessions) -> int:
    with sessions() as session:
        return outbox_state(session).pending


def test_pending_documents_get_passages_and_vectors(sessions: Sessions) -> None:
    save(sessions, "a")
    save(sessions, "b")
    assert index_pending(sessions, WordEncoder(), limit=10) == 2
    assert texts(sessions, "a") == ["Title of a", "Ask at the desk."]
    assert vectors(sessions) == 4
    assert pending(sessions) == 0
    assert index_pending(sessions, WordEncoder(), limit=10) == 0


def test_a_limit_is_kept(sqlite_sessions: Sessions) -> None:
    for key in "abc":
        save(sqlite_sessions, key)
    assert index_pending(sqlite_sessions, WordEncoder(), limit=2) == 2
    assert pending(sqlite_sessions) == 1


def test_texts_that_have_a_vector_are_not_encoded_again(sqlite_sessions: Sessions) -> None:
    encoder = WordEncoder()
    save(sqlite_sessions, "a", "One.\n\n## Head\n\nTwo.")
    index_pending(sqlite_sessions, encoder)
    encoder.seen.clear()
    save(sqlite_sessions, "a", "One.\n\n## Head\n\nThree.")
    index_pending(sqlite_sessions, encoder)
    assert encoder.seen == [("passage", "Title of a\nHead\nThree.")]


def test_an_archived_document_loses_its_passages(sessions: Sessions) -> None:
    save(sessions, "a")
    index_pending(sessions, WordEncoder())
    with sessions.begin() as session:
        archive(session, "a", "test")
    index_pending(sessions, WordEncoder())
    assert texts(sessions, "a") == []


def test_no_transaction_is_open_while_the_encoder_runs(sessions: Sessions) -> None:
    """Else a writer would have to wait for the encoder."""
    save(sessions, "a")
    encoder = WordEncoder()
    encoder.before = lambda: save(sessions, "b")
    assert index_pending(sessions, encoder) == 1


def test_a_document_changed_while_it_was_encoded_is_done_again(sessions: Sessions) -> None:
    save(sessions, "a", "Old.")
    encoder = WordEncoder()

    def change() -> None:
        encoder.before = None
        save(sessions, "a", "New.")

    encoder.before = change
    outcome = index_round(sessions, encoder)
    assert (outcome.done, outcome.changed) == (0, 1)
    assert texts(sessions, "a") == []
    assert pending(sessions) == 2
    assert index_pending(sessions, encoder) == 1
    assert texts(sessions, "a") == ["Title of a", "New."]
    assert pending(sessions) == 0


def test_index_documents_does_it_again_by_itself(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a", "Old.")
    encoder = WordEncoder()

    def change() -> None:
        encoder.before = None
        save(sqlite_sessions, "a", "New.")

    encoder.before = change
    outcome = index_documents(sqlite_sessions, encoder, [(Pool.article, "a")])
    assert outcome.done == 1
    assert texts(sqlite_sessions, "a") == ["Title of a", "New."]
    assert pending(sqlite_sessions) == 0


def test_without_an_encoder_words_are_searchable_and_the_job_stays(sessions: Sessions) -> None:
    save(sessions, "a")
    encoder = FailingEncoder()
    outcome = index_round(sessions, encoder)
    assert (outcome.done, outcome.partial) == (0, 1)
    assert texts(sessions, "a") == ["Title of a", "Ask at the desk."]
    assert vectors(sessions) == 0
    with sessions() as session:
        state = outbox_state(session)
    assert (state.pending, state.last_error) == (1, "encoder_error: out of order")
    encoder.poison = None
    assert index_pending(sessions, encoder) == 1
    assert vectors(sessions) == 2


def test_an_outage_parks_nothing(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    encoder = FailingEncoder()
    for _ in range(MAX_ATTEMPTS + 2):
        assert index_round(sqlite_sessions, encoder).partial == 1
    encoder.poison = None
    assert index_pending(sqlite_sessions, encoder) == 1


def test_a_poisonous_document_is_parked_and_stops_no_other(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "bad", "This is poison, as anybody can see from its length.")
    save(sqlite_sessions, "good")
    encoder = FailingEncoder("poison")
    first = index_round(sqlite_sessions, encoder)
    assert (first.done, first.partial) == (1, 1)
    for _ in range(MAX_ATTEMPTS - 1):
        assert index_round(sqlite_sessions, encoder).partial == 1
    assert index_round(sqlite_sessions, encoder).claimed == 0
    with sqlite_sessions() as session:
        ((document, error),) = parked_documents(session)
    assert (document.document_id, error) == ("bad", "out of order")
    assert texts(sqlite_sessions, "bad") != []  # still found by its words
    save(sqlite_sessions, "bad", "Mended.")
    assert index_pending(sqlite_sessions, encoder) == 1
    with sqlite_sessions() as session:
        assert parked_documents(session) == []


def test_a_text_that_cannot_be_cut_is_a_failure_of_that_document(
    sqlite_sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(sqlite_sessions, "bad")
    save(sqlite_sessions, "good")
    encoder = WordEncoder()
    count = encoder.count_tokens

    def fail(given: list[str]) -> list[int]:
        if any("bad" in text for text in given):
            raise ValueError("cannot count")
        return count(given)

    monkeypatch.setattr(encoder, "count_tokens", fail)
    outcome = index_round(sqlite_sessions, encoder)
    assert (outcome.done, outcome.failed) == (1, 1)
    with sqlite_sessions() as session:
        assert "ValueError: cannot count" in outbox_state(session).last_error


def test_one_document_in_the_callers_transaction(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    with sqlite_sessions() as session:
        change = index_document(session, WordEncoder(), Pool.article, "a")
        assert (len(change.added), change.removed) == (2, ())
        session.rollback()
    assert texts(sqlite_sessions, "a") == []


def test_an_event_for_a_document_that_is_not_there_is_settled(sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        session.add(OutboxEvent(pool=Pool.case, document_id="never"))
    assert index_pending(sqlite_sessions, WordEncoder()) == 1
    assert pending(sqlite_sessions) == 0


def test_progress_counts_texts(sqlite_sessions: Sessions) -> None:
    save(sqlite_sessions, "a")
    seen: list[tuple[int, int]] = []
    index_pending(sqlite_sessions, WordEncoder(), progress=lambda *given: seen.append(given))
    assert seen == [(1, 2), (2, 2)]
