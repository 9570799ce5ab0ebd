"""Flags: something is not right with a document. None of these commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.events import record_event
from kb.actions.given import (
    About,
    check_about,
    check_words,
    current_about,
    kept_text,
    language_of,
    note_feedback,
)
from kb.actions.tasks import close_flag_tasks, follow_flag
from kb.db import insert_into
from kb.domain import (
    FeedbackKind,
    Flag,
    FlagKind,
    FlagState,
    InteractionEventKind,
    Pool,
    Principal,
    Revision,
    Translation,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.sight import check_seen, split_document


@dataclass(frozen=True, slots=True)
class FlagInput:
    """`about.document` is what is flagged; `language` the one it was read in, None: found out."""

    about: About
    kind: FlagKind
    text: str = ""
    language: str | None = None


def raise_flag(session: Session, flag: FlagInput, by: Principal) -> str:
    """Say that something is not right with a document; gives the flag's id.

    Also feedback on the suggestion cited and an event of the interaction. The same idempotency
    key again gives the same id and writes nothing. Raises NotFound for what `by` does not see,
    InvalidInput, Conflict when the key was used for something else.
    """
    about = current_about(session, flag.about)
    if about.document is None:
        raise InvalidInput("Say what the flag is about: name the document.")
    check_words(flag.text, "text")
    interaction = check_about(session, about, by)
    language = language_of(session, flag.text, flag.language, interaction)
    values = {
        "id": f"flg_{secrets.token_hex(12)}",
        "document": about.document,
        "revision_number": about.revision or _shown_revision(session, about.document, language),
        "language": language,
        "kind": flag.kind,
        "text": kept_text(session, flag.text, language, interaction),
        "suggestion_id": about.suggestion_id,
        "interaction_id": about.interaction_id,
        "actor": by.actor,
        "state": FlagState.open,
        "created_at": utc_now(),
        "idempotency_key": about.idempotency_key,
    }
    insert = insert_into(session, Flag).on_conflict_do_nothing(index_elements=["idempotency_key"])
    new_id = session.execute(insert.returning(col(Flag.id)), values).scalar()
    if new_id is None:
        return _same(session, values)
    note_feedback(session, about, FeedbackKind.flagged, str(flag.kind), by.actor)
    follow_flag(session, session.get_one(Flag, new_id), by.actor)
    audit.record(
        session, by.actor, "raise", "flag", new_id, document=about.document, kind=str(flag.kind)
    )
    record_event(
        session,
        about.interaction_id,
        InteractionEventKind.flagged,
        by.actor,
        about.suggestion_id,
        flag_id=new_id,
        document=about.document,
        kind=str(flag.kind),
        position=about.position,
    )
    return str(new_id)


def close_flag(session: Session, flag_id: str, by: Principal) -> bool:
    """It is seen to; gives whether it was open. Raises NotFound."""
    row = session.get(Flag, flag_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no flag {flag_id[:60]!r}: look it up in the list of flags.")
    _check_reached(session, row, by)
    if row.state == FlagState.closed:
        return False
    row.state, row.closed_at, row.closed_by = FlagState.closed, utc_now(), by.actor
    close_flag_tasks(session, row.id, by.actor)
    audit.record(session, by.actor, "close", "flag", row.id, document=row.document)
    session.flush()
    return True


def _check_reached(session: Session, row: Flag, by: Principal) -> None:
    try:
        check_seen(session, row.document, by)
    except NotFound as error:
        raise NotFound(f"There is no flag {row.id!r}: look it up in the list of flags.") from error


def _same(session: Session, values: Mapping[str, object]) -> str:
    """The flag that holds this idempotency key, if it says the same."""
    key = col(Flag.idempotency_key) == values["idempotency_key"]
    found = session.scalars(select(Flag).where(key)).one()
    said = ("interaction_id", "document", "kind", "text", "actor")
    if any(getattr(found, name) != values[name] for name in said):
        raise Conflict("This idempotency key was used for another flag: send a new key with it.")
    return found.id


def _shown_revision(session: Session, document: str, language: str) -> int | None:
    """The number of the revision that readers of this language are shown now; articles only."""
    pool, key = split_document(document)
    if pool != Pool.article:
        return None
    return session.scalar(
        select(col(Revision.number))
        .join(Translation, col(Translation.published_revision_id) == col(Revision.id))
        .where(col(Translation.article_id) == key, col(Translation.language) == language)
    )
