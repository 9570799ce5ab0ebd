"""Watched: one interaction as seen by one kind of eyes, and the queue of those to be looked at."""

from __future__ import annotations

import heapq
import itertools
from asyncio import Future
from dataclasses import dataclass, field
from enum import IntEnum

from api.live.subscription import Subscription
from api.live.viewer import Viewer
from kb.queries.live import Place

Key = tuple[str, str]


class Turn(IntEnum):
    """Who is served first."""

    now = 0  # something was said: somebody waits for the answer
    soon = 1  # a stream that begins, something that may not be shown any more
    later = 2  # knowledge changed, for a conversation in which nothing was said


@dataclass(slots=True, eq=False)
class Watched:
    """At most one look at it is under way, and at most one more is wanted after that."""

    key: Key
    viewer: Viewer
    subscriptions: set[Subscription] = field(default_factory=set)
    waiting: list[tuple[int, Future[None]]] = field(default_factory=list)  # for which version
    queued: Turn | None = None
    running: Turn | None = None
    again: Turn | None = None
    place: Place | None = None  # as it was last shown
    heard: float | None = None  # when the first change was told of that the next look is for
    failures: int = 0
    retry_at: float = 0.0

    @property
    def is_idle(self) -> bool:
        return self.queued is None and self.running is None

    @property
    def is_needed(self) -> bool:
        return bool(self.subscriptions or self.waiting) or not self.is_idle


class Queue:
    """What is to be looked at, by turn; the same one is in it once."""

    def __init__(self) -> None:
        self._heap: list[tuple[Turn, int, Watched]] = []
        self._numbers = itertools.count()

    def put(self, watched: Watched, turn: Turn) -> None:
        """Earlier than it stood, where it is in the queue already."""
        if watched.queued is None or turn < watched.queued:
            watched.queued = turn
            heapq.heappush(self._heap, (turn, next(self._numbers), watched))

    def take(self, with_later: bool) -> Watched | None:
        """The next one. Without `with_later` none whose turn is later."""
        while self._heap:
            turn, _, watched = self._heap[0]
            is_stale = watched.queued != turn  # put again with an earlier turn, or taken by it
            if not is_stale and turn == Turn.later and not with_later:
                return None
            heapq.heappop(self._heap)
            if not is_stale:
                watched.queued = None
                watched.running = turn
                return watched
        return None
