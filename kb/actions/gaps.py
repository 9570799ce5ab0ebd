"""Gaps: questions that nothing answered."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_language, check_text
from kb.domain import Gap, GapKind, GapState, utc_now
from kb.errors import NotFound


def record_gap(
    session: Session, question: str, language: str, reason: str, suggestion_id: str
) -> int:
    """Count a question nothing answered; gives the gap's id.

    The same question in the same language, whatever its case and spacing, is one gap; asked
    again after it was closed, it is open again.
    """
    check_language(language)
    check_text(question, "question", needed=True)
    now = utc_now()
    values = {
        "question": question,
        "question_hash": question_hash(question, language),
        "language": language,
        "reason": reason,
        "count": 1,
        "state": GapState.open,
        "kind": GapKind.conversation,
        "languages": {},
        "readers": {},
        "suggestion_id": suggestion_id,
        "first_at": now,
        "last_at": now,
    }
    connection = session.connection()
    gap_id: int = connection.execute(_upsert(connection.dialect.name), values).scalar_one()
    return gap_id


@lru_cache(maxsize=2)
def _upsert(dialect: str) -> Executable:
    """Made once: putting it together takes longer than running it."""
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(Gap)
    new = statement.excluded
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=["question_hash"],
        set_={
            "count": col(Gap.count) + 1,
            "state": new.state,
            "reason": new.reason,
            "suggestion_id": new.suggestion_id,
            "last_at": new.last_at,
        },
    ).returning(col(Gap.id))
    return upsert


def close_gap(session: Session, gap_id: int, *, actor: str) -> None:
    """The question is answered now, or needs no answer. Raises NotFound."""
    _move(session, gap_id, GapState.closed, actor)


def reopen_gap(session: Session, gap_id: int, *, actor: str) -> None:
    """It was closed by mistake, and waits for an answer again. Raises NotFound."""
    _move(session, gap_id, GapState.open, actor)


def _move(session: Session, gap_id: int, state: GapState, actor: str) -> None:
    gap = session.get(Gap, gap_id, populate_existing=True)
    if gap is None:
        raise NotFound(f"There is no gap {gap_id}: look up the list of gaps.")
    if gap.state == state:
        return
    gap.state = state
    verb = "close" if state == GapState.closed else "reopen"
    audit.record(session, actor, verb, "gap", str(gap_id), count=gap.count)
    session.flush()


def question_hash(question: str, language: str) -> str:
    """SHA-256 of the language and the question without case, spacing and Unicode variants."""
    plain = " ".join(unicodedata.normalize("NFKC", question).casefold().split())
    return hashlib.sha256(f"{language}\n{plain}".encode()).hexdigest()
