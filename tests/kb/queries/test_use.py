"""How often answers were used."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import FeedbackKind
from kb.queries.use import UseCounts, feedback_counts
from tests.kb.builders import suggestion


def test_feedback_is_counted_per_document(session: Session) -> None:
    found = suggestion(session)
    given = {
        "article:a": ["used", "used", "edited", "solved", "wrong"],
        "case:c": ["dismissed"],
        "article:other": ["used"],
    }
    for document, kinds in given.items():
        for kind in kinds:
            feedback = FeedbackInput(FeedbackKind(kind), document, reason="no")
            record_feedback(session, found, feedback)
    record_feedback(session, found, FeedbackInput(FeedbackKind.used))
    assert feedback_counts(session, ["article:a", "case:c", "case:never"]) == {
        "article:a": UseCounts(used=3, solved=1, wrong=1),
        "case:c": UseCounts(dismissed=1),
    }
    assert feedback_counts(session, []) == {}
