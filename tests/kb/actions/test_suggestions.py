"""Recording suggestions and the feedback that cites them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import Feedback, FeedbackKind
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.suggestions import get_suggestion
from tests.kb.builders import suggestion


def test_a_suggestion_is_kept_as_it_was_given(session: Session) -> None:
    response = {"answers": [{"id": "wrong-postcode", "text": "Žluťoučký kůň 🐴"}]}
    found = suggestion(session, response=response, confidence=0.5, channel="chat")
    assert re.fullmatch(r"sug_[0-9a-f]{24}", found)
    assert found != suggestion(session)
    session.commit()
    session.expunge_all()
    view = get_suggestion(session, found)
    assert (view.response, view.confidence, view.channel) == (response, 0.5, "chat")
    with pytest.raises(NotFound):
        get_suggestion(session, "sug_none")


def test_feedback_is_kept_without_what_is_personal(session: Session) -> None:
    text = "Dear customer, write to zuzana.hrubkova@example.com"
    given = FeedbackInput(FeedbackKind.edited, reason=text, text=text)
    row = session.get(Feedback, record_feedback(session, suggestion(session), given))
    assert row is not None
    assert row.text == row.reason == "Dear customer, write to [e-mail]"


def test_feedback_cites_a_suggestion(session: Session) -> None:
    found = suggestion(session)
    given = FeedbackInput(FeedbackKind.edited, "article:wrong-postcode", 0, text="Dear A.,")
    row = session.get(Feedback, record_feedback(session, found, given))
    assert row is not None
    assert (row.suggestion_id, row.kind, row.text) == (found, FeedbackKind.edited, "Dear A.,")
    with pytest.raises(NotFound, match="sug_none"):
        record_feedback(session, "sug_none", given)


def test_the_same_key_twice_is_one_row(sessions: sessionmaker[Session]) -> None:
    given = FeedbackInput(FeedbackKind.used, "case:en-0001", 1, idempotency_key="k1")
    with sessions.begin() as session:
        found = suggestion(session)
        first = record_feedback(session, found, given)
    with sessions.begin() as session:
        assert record_feedback(session, found, given) == first
        other = FeedbackInput(FeedbackKind.wrong, "case:en-0001", 1, idempotency_key="k1")
        with pytest.raises(Conflict, match="new key"):
            record_feedback(session, found, other)
        without_key = FeedbackInput(FeedbackKind.used)
        ids = {record_feedback(session, found, without_key) for _ in range(2)}
        assert len(ids) == 2
        assert session.scalar(select(func.count()).select_from(Feedback)) == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (FeedbackInput(FeedbackKind.dismissed), "why"),
        (FeedbackInput(FeedbackKind.dismissed, reason="  "), "why"),
        (FeedbackInput(FeedbackKind.used, "offer:x"), "article:<id>"),
        (FeedbackInput(FeedbackKind.used, position=-1), "position"),
        (FeedbackInput(FeedbackKind.edited, text="\0"), "NUL"),
        (FeedbackInput(FeedbackKind.used, idempotency_key="x" * 81), "80"),
        (FeedbackInput(FeedbackKind.used, idempotency_key=""), "empty"),
    ],
)
def test_feedback_that_cannot_be_is_refused(
    session: Session, given: FeedbackInput, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        record_feedback(session, suggestion(session), given)
