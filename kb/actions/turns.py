"""Turns of a live conversation as hosts send them: twice, late, out of order, edited.

Whatever the order in which the same turns arrive, what is kept is the same, as long as each has
an id and its edits carry the moment they were made. Without that moment an edit counts from when
it arrives, and words that the message had before are taken for an old delivery, not for an edit.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.checks import check_text, to_utc
from kb.domain import Interaction, InteractionMessage, Role, utc_now
from kb.errors import InvalidInput

MAX_TURNS = 5000
MAX_KEY = 200
REMEMBERED = 50  # texts that a message had before


@dataclass(frozen=True, slots=True)
class TurnInput:
    """One turn. `key` is the host's id; `at` and `edited_at` aware."""

    role: Role
    text: str
    key: str | None = None
    at: datetime | None = None
    edited_at: datetime | None = None
    position: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class TurnsSaved:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    newest_from_customer: datetime | None = None  # among those added

    @property
    def anything(self) -> bool:
        return bool(self.added or self.changed)


def save_turns(session: Session, row: Interaction, turns: Sequence[TurnInput]) -> TurnsSaved:
    """Keep what is new in the turns. The caller holds the interaction's lock.

    Raises InvalidInput when a text cannot be kept or the conversation gets too long.
    """
    now = utc_now()
    given = [_checked(turn, now) for turn in turns]
    there = _load(session, row.id, {turn.key for turn in given if turn.key})
    saved = TurnsSaved()
    for turn in given:
        assert turn.key is not None
        message = there.get(turn.key)
        if message is None:
            there[turn.key] = _add(session, row.id, turn, now)
            saved = replace(saved, added=saved.added + 1)
            if turn.role == Role.customer and not turn.deleted:
                newest = max(filter(None, (saved.newest_from_customer, there[turn.key].at)))
                saved = replace(saved, newest_from_customer=newest)
        elif _merge(message, turn, now):
            saved = replace(saved, changed=saved.changed + 1)
        else:
            saved = replace(saved, unchanged=saved.unchanged + 1)
    session.flush()
    if saved.added:
        _check_length(session, row.id)
    return saved


def _checked(turn: TurnInput, now: datetime) -> TurnInput:
    check_text(turn.text, "text")
    if not turn.deleted:
        check_text(turn.text, "text", needed=True)
    at, edited_at = to_utc(turn.at, "at"), to_utc(turn.edited_at, "edited_at")
    key = turn.key
    if key is not None:
        check_text(key, "id", needed=True)
        if len(key) > MAX_KEY:
            raise InvalidInput(f"The id of a message has at most {MAX_KEY} characters.")
    elif at is not None:
        key = f"auto-{_hash(f'{turn.role}|{at.isoformat()}|{turn.text}')[:24]}"
    else:
        key = f"auto-{secrets.token_hex(12)}"
    text = "" if turn.deleted else turn.text
    return replace(turn, key=key, at=at, edited_at=edited_at, text=text)


def _load(session: Session, interaction_id: str, keys: set[str]) -> dict[str, InteractionMessage]:
    query = select(InteractionMessage).where(
        col(InteractionMessage.interaction_id) == interaction_id
    )
    if len(keys) <= 100:
        query = query.where(col(InteractionMessage.key).in_(keys))
    found = session.scalars(query, execution_options={"populate_existing": True})
    return {message.key: message for message in found}


def _add(
    session: Session, interaction_id: str, turn: TurnInput, now: datetime
) -> InteractionMessage:
    at = turn.at or now
    message = InteractionMessage(
        interaction_id=interaction_id,
        key=turn.key or "",
        position=turn.position,
        role=turn.role,
        text=turn.text,
        at=at,
        edited_at=turn.edited_at or at,
        dated=turn.edited_at is not None,
        deleted=turn.deleted,
        text_hashes=[_state_hash(turn)],
        received_at=now,
    )
    session.add(message)
    return message


def _merge(message: InteractionMessage, turn: TurnInput, now: datetime) -> bool:
    """Take what is newer in `turn`; whether anything that is shown changed."""
    before = (message.role, message.text, message.deleted, message.at, message.position)
    made = _state_hash(turn)
    if _is_newer(message, turn, made):
        message.role, message.text, message.deleted = turn.role, turn.text, turn.deleted
        message.edited_at = turn.edited_at or max(now, message.edited_at)
        message.dated = turn.edited_at is not None
    if made not in message.text_hashes:
        message.text_hashes = [*message.text_hashes, made][-REMEMBERED:]
    if turn.at is not None:
        message.at = min(message.at, turn.at)
    if turn.position is not None:
        known = turn.position if message.position is None else message.position
        message.position = min(known, turn.position)
    return before != (message.role, message.text, message.deleted, message.at, message.position)


def _is_newer(message: InteractionMessage, turn: TurnInput, made: str) -> bool:
    current = _hash(f"{message.role}|{message.deleted}|{message.text}")
    if made == current:
        # The same words with a moment: from now on older edits are known to be older.
        return turn.edited_at is not None and (
            not message.dated or turn.edited_at > message.edited_at
        )
    if turn.edited_at is None:
        return not message.dated and made not in message.text_hashes
    if not message.dated:
        return turn.edited_at >= message.at
    if turn.edited_at == message.edited_at:
        return made > current  # any rule will do that does not ask which came first
    return turn.edited_at > message.edited_at


def _check_length(session: Session, interaction_id: str) -> None:
    mine = col(InteractionMessage.interaction_id) == interaction_id
    count = session.scalar(select(func.count()).select_from(InteractionMessage).where(mine)) or 0
    if count > MAX_TURNS:
        raise InvalidInput(
            f"A conversation has at most {MAX_TURNS} messages: open another interaction for what"
            " comes now."
        )


def _state_hash(turn: TurnInput) -> str:
    return _hash(f"{turn.role}|{turn.deleted}|{turn.text}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
