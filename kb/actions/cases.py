"""Cases: save, resolve, archive, reopen. None of these commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_key, check_language, check_text, to_utc
from kb.actions.outbox import enqueue
from kb.actions.passages import remove_passages
from kb.actions.redactions import (
    check_not_masked,
    read_before,
    refresh_redactions,
    texts_of,
)
from kb.actions.redirect_rows import current_keys
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import (
    Article,
    Case,
    CaseArticle,
    CaseMessage,
    CaseState,
    Channel,
    Outcome,
    Pool,
    Role,
    case_may_move,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class MessageInput:
    role: Role
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseInput:
    """A whole case; saving replaces what was there.

    `state=None` leaves the state alone (a new case is open), `opened_at=None` likewise (now).
    """

    id: str
    language: str
    channel: Channel
    messages: Sequence[MessageInput]
    subject: str = ""
    state: CaseState | None = None
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    customer_ref: str | None = None
    agent_ref: str | None = None
    tried: str = ""
    resolution: str = ""
    outcome: Outcome | None = None
    articles: Sequence[str] = ()
    opened_at: datetime | None = None
    resolved_at: datetime | None = None


def save_case(session: Session, case: CaseInput, actor: str) -> SaveResult:
    """Create or change a case; saving the same again changes nothing.

    Raises InvalidInput on fields that cannot be, Conflict when the state may not change so
    (an archived case does not come back by being imported again) or when a text is the redacted
    one, whose hidden words saving would lose.
    """
    case = _checked(case)
    case = replace(case, articles=current_keys(session, case.articles))
    row = _find(session, case.id)
    old = row.state if row else None
    state = case.state or old or CaseState.open
    opened_at = case.opened_at or (row.opened_at if row else utc_now())
    case = replace(case, state=state, opened_at=opened_at)
    _check_resolved(case)
    created, before, parts = row is None, None, _parts(case)
    if row is None:
        row = Case.model_validate(_columns(case))
        session.add(row)
        session.flush()
    elif _hash(case) == row.content_hash:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    else:
        _check_move(row, state)
        before = read_before(session, row)
        check_not_masked(before, parts, row.language)
        for name, value in _columns(case).items():
            setattr(row, name, value)
        row.raw_removed_at = None
    _replace_messages(session, row.id, case.messages)
    _replace_articles(session, row.id, case.articles)
    row.content_hash = _hash(case)
    hidden = refresh_redactions(session, row, parts, before)
    saved = _finish(session, row, actor, "save", created=created, old=old)
    return replace(saved, redacted=hidden)


def resolve_case(
    session: Session,
    case_id: str,
    resolution: str,
    outcome: Outcome,
    tried: str,
    actor: str,
) -> SaveResult:
    """Note what solved an open case, so that colleagues can find it.

    Raises NotFound, Conflict when it is not open, InvalidInput without a resolution.
    """
    check_text(resolution, "resolution", needed=True)
    check_text(tried, "tried")
    row = _locked(session, case_id)
    if row.state != CaseState.open:
        raise Conflict(f"The case {case_id} is {row.state}: reopen it first.", state=row.state)
    old, row.state = row.state, CaseState.resolved
    before = read_before(session, row)
    row.resolution, row.outcome, row.tried = resolution, outcome, tried
    row.resolved_at = utc_now()
    refresh_redactions(session, row, texts_of(session, row), before)
    return _rehash_and_finish(session, row, actor, "resolve", old)


def cite_article(session: Session, case_id: str, article_id: str, actor: str) -> SaveResult:
    """Note that an article is about the problem of a case; citing it again changes nothing.

    The case's passages stay: what is searched of it is the same. Raises NotFound.
    """
    row = _locked(session, case_id)
    (article_id,) = current_keys(session, [article_id])
    if session.get(Article, article_id) is None:
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    if article_id in row.articles:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    row.articles = [*row.articles, article_id]
    _replace_articles(session, row.id, row.articles)
    row.content_hash = _hash_of(session, row)
    row.version += 1
    row.updated_at = utc_now()
    audit.record(session, actor, "link", "case", row.id, version=row.version, article=article_id)
    session.flush()
    return SaveResult(row.id, SaveStatus.changed, row.version)


def cite_instead(session: Session, old_id: str, new_id: str) -> int:
    """Let the cases that cite one article cite another in its place; gives how many.

    Saving the same case again, by whichever key, still changes nothing.
    """
    citing = select(Case).join(CaseArticle, col(CaseArticle.case_id) == col(Case.id))
    rows = session.scalars(
        citing.where(col(CaseArticle.article_id) == old_id).order_by(col(Case.id)),
        execution_options={"populate_existing": True},
    ).all()
    for row in rows:
        moved = (new_id if key == old_id else key for key in row.articles)
        row.articles = list(dict.fromkeys(moved))
        _replace_articles(session, row.id, row.articles)
        row.content_hash = _hash_of(session, row)
    session.flush()
    return len(rows)


def replace_texts(
    session: Session, case_id: str, texts: Mapping[str, str], actor: str, action: str
) -> SaveResult:
    """Put other words in place of a case's texts, by part, whatever its state. Raises NotFound.

    For erasure and retention: what stood there is gone.
    """
    row = _locked(session, case_id)
    before = read_before(session, row)
    for part, text in texts.items():
        name, _, position = part.partition(":")
        if name == "message":
            session.execute(
                update(CaseMessage)
                .where(
                    col(CaseMessage.case_id) == case_id,
                    col(CaseMessage.position) == int(position),
                )
                .values(text=text)
            )
        else:
            setattr(row, name, text)
    session.flush()
    refresh_redactions(session, row, texts_of(session, row), before)
    return _rehash_and_finish(session, row, actor, action, row.state)


def archive_case(session: Session, case_id: str, actor: str) -> SaveResult:
    """Put a case away: gone from suggestions with the commit. Raises NotFound."""
    return _set_state(session, case_id, CaseState.archived, actor, "archive")


def reopen_case(session: Session, case_id: str, actor: str) -> SaveResult:
    """Open a resolved or archived case again. Raises NotFound."""
    return _set_state(session, case_id, CaseState.open, actor, "reopen")


def _set_state(
    session: Session, case_id: str, state: CaseState, actor: str, action: str
) -> SaveResult:
    row = _locked(session, case_id)
    if row.state == state:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    _check_move(row, state)
    old, row.state = row.state, state
    if state == CaseState.open:
        row.resolved_at = None
    return _rehash_and_finish(session, row, actor, action, old)


def _find(session: Session, case_id: str) -> Case | None:
    advisory_lock(session, f"case:{case_id}")
    return session.get(Case, case_id, populate_existing=True)


def _locked(session: Session, case_id: str) -> Case:
    row = _find(session, case_id)
    if row is None:
        raise NotFound(f"There is no case {case_id[:120]!r}: look it up by its key.")
    return row


def _check_move(row: Case, state: CaseState) -> None:
    if not case_may_move(row.state, state):
        raise Conflict(
            f"The case {row.id} is {row.state} and cannot become {state}: reopen it first.",
            state=row.state,
        )


def _check_resolved(case: CaseInput) -> None:
    if case.state == CaseState.resolved and not case.resolution.strip():
        raise InvalidInput(f"The case {case.id} is resolved but says not how: give a resolution.")


def _replace_messages(session: Session, case_id: str, messages: Sequence[MessageInput]) -> None:
    session.execute(delete(CaseMessage).where(col(CaseMessage.case_id) == case_id))
    session.add_all(
        CaseMessage(case_id=case_id, position=position, role=m.role, text=m.text, at=m.at)
        for position, m in enumerate(messages)
    )


def _replace_articles(session: Session, case_id: str, articles: Sequence[str]) -> None:
    session.execute(delete(CaseArticle).where(col(CaseArticle.case_id) == case_id))
    session.add_all(
        CaseArticle(case_id=case_id, article_id=article_id, position=position)
        for position, article_id in enumerate(dict.fromkeys(articles))
    )


def _rehash_and_finish(
    session: Session, row: Case, actor: str, action: str, old: CaseState
) -> SaveResult:
    row.content_hash = _hash_of(session, row)
    return _finish(session, row, actor, action, created=False, old=old)


def _hash_of(session: Session, row: Case) -> str:
    messages = session.scalars(
        select(CaseMessage)
        .where(col(CaseMessage.case_id) == row.id)
        .order_by(col(CaseMessage.position))
    )
    return _hash(
        CaseInput(
            messages=tuple(MessageInput(m.role, m.text, m.at) for m in messages),
            **{name: getattr(row, name) for name in _COLUMNS},
        )
    )


def _finish(
    session: Session, row: Case, actor: str, action: str, *, created: bool, old: CaseState | None
) -> SaveResult:
    if not created:
        row.version += 1
        row.updated_at = utc_now()
        # A case has no revisions to tell an old passage by, so old text goes now, not when
        # the worker comes round.
        remove_passages(session, Pool.case, row.id)
    name = "create" if created else action
    audit.record(session, actor, name, "case", row.id, version=row.version, old=old, new=row.state)
    if CaseState.resolved in (old, row.state):
        enqueue(session, Pool.case, row.id)
    session.flush()
    return SaveResult(row.id, SaveStatus.created if created else SaveStatus.changed, row.version)


_COLUMNS = tuple(name for name in CaseInput.__dataclass_fields__ if name != "messages")


def _columns(case: CaseInput) -> dict[str, Any]:
    """The input as the table holds it."""
    values = {name: getattr(case, name) for name in _COLUMNS}
    values["facets"] = {name: list(found) for name, found in case.facets.items()}
    values["articles"] = list(case.articles)
    return values


def _parts(case: CaseInput) -> dict[str, str]:
    parts = {"subject": case.subject, "tried": case.tried, "resolution": case.resolution}
    return parts | {f"message:{n}": message.text for n, message in enumerate(case.messages)}


def _hash(case: CaseInput) -> str:
    """SHA-256 of everything in the case."""
    values = asdict(replace(case, messages=tuple(case.messages))) | _columns(case)
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=datetime.isoformat)
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(case: CaseInput) -> CaseInput:
    """The input with times in UTC. Raises InvalidInput."""
    check_key(case.id, "a case")
    check_language(case.language)
    if not case.messages and not case.subject.strip():
        raise InvalidInput(f"The case {case.id} says nothing: give it a message or a subject.")
    for name in ("subject", "tried", "resolution", "customer_ref", "agent_ref"):
        check_text(getattr(case, name) or "", name)
    for text in (*case.articles, *case.facets, *(v for vs in case.facets.values() for v in vs)):
        check_text(text, "articles or facets")
    messages = []
    for message in case.messages:
        check_text(message.text, "message")
        messages.append(replace(message, at=to_utc(message.at, "at")))
    return replace(
        case,
        messages=tuple(messages),
        opened_at=to_utc(case.opened_at, "opened_at"),
        resolved_at=to_utc(case.resolved_at, "resolved_at"),
    )
