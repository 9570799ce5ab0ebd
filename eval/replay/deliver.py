"""How messages reach the API: most as they are said, some twice, late, or edited."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from eval.replay.dialogs import Dialog, Said

BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SHORT = 2  # words; what is shorter is not torn

MessageJson = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the turns: delivered `again` (with all before them, the newest first), `late` (after
    the next one), or `edited` (half of the words first)."""

    again: float = 0.25
    late: float = 0.1
    edited: float = 0.15


@dataclass(frozen=True, slots=True)
class Post:
    """Messages that are sent together. `judged`: the turn whose suggestion is looked at then."""

    messages: tuple[MessageJson, ...]
    judged: Said | None = None
    heard: tuple[Said, ...] = ()  # all that was said by then


@dataclass(slots=True)
class Delivered:
    """What was done with the messages, for the report."""

    counts: Counter[str] = field(default_factory=Counter)


def posts_of(dialog: Dialog, shares: Shares, done: Delivered) -> Iterator[Post]:
    """The posts of a dialog; the same each time. Each turn but the late ones is judged once.

    A turn that comes late is not judged by itself: when it arrives, the next one is there.
    """
    dice = random.Random(dialog.id)
    turns, at = dialog.turns, 0
    while at < len(turns):
        if at + 1 < len(turns) and dice.random() < shares.late:
            done.counts["late"] += 1
            done.counts["turns"] += 2
            yield Post((_message(turns, at + 1),))
            yield Post((_message(turns, at),), turns[at + 1], turns[: at + 2])
            at += 2
            continue
        done.counts["turns"] += 1
        words = turns[at].text.split()
        edited = len(words) > SHORT and dice.random() < shares.edited
        if edited:
            done.counts["edited"] += 1
            torn = _message(turns, at) | {"text": " ".join(words[: len(words) // 2])}
            yield Post((torn,))
        messages = [_message(turns, at, edited=edited)]
        if dice.random() < shares.again:
            done.counts["again"] += 1
            messages += [_message(turns, place) for place in range(at, -1, -1)]
        yield Post(tuple(messages), turns[at], turns[: at + 1])
        at += 1


def _message(turns: tuple[Said, ...], place: int, *, edited: bool = False) -> MessageJson:
    at = BEGIN + timedelta(minutes=place)
    message: MessageJson = {
        "id": str(place),
        "role": "customer",
        "text": turns[place].text,
        "at": at.isoformat(),
    }
    if edited:
        message["edited_at"] = (at + timedelta(seconds=20)).isoformat()
    return message
