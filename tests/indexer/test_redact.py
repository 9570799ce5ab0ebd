"""Cases from before redaction: what is personal leaves the index."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import index_round
from indexer.reconcile import reconcile, verify
from indexer.redact import RedactReport, redact_cases
from kb.actions.cases import MessageInput, save_case
from kb.actions.redactions import texts_of
from kb.domain import Case, Passage, Role
from tests.indexer.encoders import WordEncoder
from tests.kb.builders import case

MAIL = "zuzana.hrubkova@example.com"


def test_old_cases_are_looked_through_once(sqlite_sessions: sessionmaker[Session]) -> None:
    encoder = WordEncoder()
    with sqlite_sessions.begin() as session:
        for key, said in (("en-1", f"Write to {MAIL}"), ("en-2", "Where is it?")):
            save_case(session, case(key, messages=[MessageInput(Role.customer, said)]), "i")
    with sqlite_sessions.begin() as session:  # as before there were redactions
        session.execute(text("DELETE FROM redaction"))
        session.execute(text('UPDATE "case" SET redacted_with = NULL'))
    while index_round(sqlite_sessions, encoder).claimed:
        pass
    assert redact_cases(sqlite_sessions, "cli") == RedactReport(2, 1)
    assert redact_cases(sqlite_sessions, "cli") == RedactReport(0, 0)
    with sqlite_sessions.begin() as session:
        reconcile(session, encoder)
        assert verify(session, encoder).ok
        passages = session.scalars(select(col(Passage.text))).all()
        assert "Write to [e-mail]" in passages
        assert not any(MAIL in found for found in passages)
        stored = session.get(Case, "en-1")
        assert stored is not None
        assert texts_of(session, stored)["message:0"] == f"Write to {MAIL}"  # stays


def test_passages_made_before_are_replaced(sqlite_sessions: sessionmaker[Session]) -> None:
    encoder = WordEncoder()
    with sqlite_sessions.begin() as session:
        save_case(session, case("en-1", messages=[MessageInput(Role.customer, MAIL)]), "i")
    while index_round(sqlite_sessions, encoder).claimed:
        pass
    with sqlite_sessions.begin() as session:
        session.execute(text("UPDATE passage SET text = :raw, terms = :raw"), {"raw": MAIL})
        assert not reconcile(session, encoder).ok
        assert MAIL not in str(session.execute(select(Passage.text, Passage.terms)).all())
