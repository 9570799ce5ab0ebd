"""A replay: each turn through the API, beside the offline evaluation of the same turn."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from eval.progress import Progress
from eval.replay.deliver import BEGIN, Delivered, MessageJson, Shares, posts_of
from eval.replay.dialogs import Dialog, ReplaySet, Said
from eval.replay.feed import Helpdesk, helpdesk
from eval.replay.judge import Judged, Shown
from eval.replay.offline import Heard
from eval.runs.base import temporary_base
from eval.runs.setup import Setup
from kb.domain import Pool


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay of one set found."""

    name: str
    documents: int
    dialogs: int
    has_context: bool
    turns: tuple[Judged, ...]
    delivered: Mapping[str, int]
    milliseconds: tuple[float, ...]
    versions: Mapping[str, str]
    seconds: float


def run_replay(one: ReplaySet, setup: Setup, progress: Progress, shares: Shares) -> Replayed:
    """Raises ServeError when the server does not start or answer, SearchIndexError."""
    start = time.perf_counter()
    turns = sum(len(dialog.turns) for dialog in one.dialogs)
    progress.say(f"{one.name}: {len(one.documents)} documents, {turns} turns")
    done = Delivered(Counter())
    models = str(setup.settings.models_dir.resolve())
    with (
        temporary_base(one.documents, Pool.article, setup, progress) as base,
        helpdesk(base, models, "replay", one.same) as desk,
    ):
        judged = [
            found
            for dialog in progress.each(one.dialogs, "Replaying", len(one.dialogs))
            for found in _replay(dialog, Heard(base, one.same), desk, shares, done)
        ]
    return Replayed(
        one.name,
        len(one.documents),
        len(one.dialogs),
        one.has_context,
        tuple(judged),
        dict(done.counts),
        tuple(desk.milliseconds),
        setup.versions(),
        time.perf_counter() - start,
    )


def _replay(
    dialog: Dialog, base: Heard, desk: Helpdesk, shares: Shares, done: Delivered
) -> list[Judged]:
    path = desk.open(dialog)
    found: list[Judged] = []
    live_before = same_before = None
    for post in posts_of(dialog, shares, done):
        if post.judged is None:
            desk.send(path, post)
            continue
        live = desk.look(path, post.messages)
        same = base.shown(dialog, post.heard)
        if len(post.heard) == 1:
            live_alone, alone = live, same
        else:
            live_alone = _alone(dialog, post.judged, desk)
            alone = base.shown(dialog, [post.judged])
        found.append(Judged(post.judged, live, same, live_alone, alone, live_before, same_before))
        live_before, same_before = live.said, same.said
    return found


def _alone(dialog: Dialog, said: Said, desk: Helpdesk) -> Shown:
    """The turn as a conversation of its own."""
    path = desk.open(dialog, f"#{said.id}")
    message: MessageJson = {
        "id": "0",
        "role": "customer",
        "text": said.text,
        "at": BEGIN.isoformat(),
    }
    return desk.look(path, (message,))
