"""Searches that found nothing: questions that knowledge has no answer to, like gaps."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.checks import check_language, check_text
from kb.actions.gaps import question_hash
from kb.db import advisory_lock
from kb.domain import Audience, Gap, GapKind, GapState, utc_now
from kb.queries.redactions import hide, rules_of

LEAST = 3  # letters that are not masked: less asks for nothing that one could write about
MOST_LANGUAGES = 20  # counted apart; anybody may name any
MOST_OPEN = 10_000  # searches kept open: strangers may search, too
ROOM = 100  # that make room at once
_MASK = re.compile(r"\[[^\[\]\n]{1,40}\]")  # as `kb.text.redact.mask` leaves it
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UnansweredSearch:
    """What somebody typed, as typed, whom it was for, and why it counts as not answered
    (`nothing_found` or `not_sure`)."""

    text: str
    language: str
    reader: Audience
    reason: str


def record_search(session: Session, search: UnansweredSearch) -> int | None:
    """Count a search that found nothing, without what is personal; gives the gap's id.

    The same words, whatever the language, case and spacing, are one gap; searched again after it
    was closed, it is open again. None when nothing is left to write about. Of very many the
    oldest that were searched once go. Raises InvalidInput.
    """
    check_language(search.language)
    check_text(search.text, "text", needed=True)
    words = " ".join(hide(search.text, search.language, rules_of(session)).split())
    if sum(map(str.isalpha, _MASK.sub("", words))) < LEAST:
        return None
    advisory_lock(session, "gap:search")  # counts by language are read, then written
    found = select(Gap).where(col(Gap.question_hash) == search_hash(words))
    row = session.scalars(found, execution_options={"populate_existing": True}).first()
    if row is None:
        _make_room(session)
        row = Gap(
            question=words,
            question_hash=search_hash(words),
            language=search.language,
            reason=search.reason,
            count=0,
            kind=GapKind.search,
        )
        session.add(row)
    _count(row, search)
    session.flush()
    return row.id


def search_hash(words: str) -> str:
    """SHA-256 that no question of a conversation has."""
    return hashlib.sha256(f"search\n{question_hash(words, '')}".encode()).hexdigest()


def _count(row: Gap, search: UnansweredSearch) -> None:
    row.count += 1
    row.state, row.reason, row.last_at = GapState.open, search.reason, utc_now()
    languages, reader = dict(row.languages), str(search.reader)
    if search.language in languages or len(languages) < MOST_LANGUAGES:
        languages[search.language] = languages.get(search.language, 0) + 1
    row.languages = languages
    row.language = max(languages, key=lambda language: (languages[language], language))
    row.readers = {**row.readers, reader: row.readers.get(reader, 0) + 1}


def _make_room(session: Session) -> None:
    is_open = (col(Gap.kind) == GapKind.search) & (col(Gap.state) == GapState.open)
    count = session.scalar(select(func.count()).select_from(Gap).where(is_open)) or 0
    if count < MOST_OPEN:
        return
    oldest = (
        select(col(Gap.id))
        .where(is_open)
        .order_by(col(Gap.count), col(Gap.last_at), col(Gap.id))
        .limit(ROOM)
    )
    gone = list(session.scalars(oldest))
    session.execute(
        delete(Gap).where(col(Gap.id).in_(gone)),
        execution_options={"synchronize_session": "fetch"},
    )
    log.warning("searches.too_many", open=count, forgotten=len(gone))
