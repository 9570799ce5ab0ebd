"""Watch: a look at the database now and then, as long as somebody watches anything.

It finds what other servers wrote, what nobody told of, what may not be shown any more, and
credentials that are not good any more.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.errors import log_unexpected
from api.live.subscription import End, Subscription
from api.live.watched import Turn
from api.live.work import Looked
from kb.errors import KbError
from kb.queries.live import KnowledgeMark

if TYPE_CHECKING:
    from api.live.hub import LiveHub

EVERY = 1.0  # seconds between looks
CHECK_EVERY = 15.0  # between looks at a stream's credential, and at what time itself withdraws
SETTLE = 1.0  # knowledge that changes is waited for so long: an import changes it many times
REFRESH_EVERY = 5.0  # at most so often everything is suggested anew because knowledge changed
log = structlog.get_logger("potica.live")


class Watch:
    """Runs in the event loop while there are streams."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._task: asyncio.Task[None] | None = None
        self._streams: set[Subscription] = set()
        self._mark: KnowledgeMark | None = None
        self._gate_at = 0.0
        self._refresh_at: float | None = None
        self._refreshed = float("-inf")

    def admit(self, subscription: Subscription) -> None:
        """A stream that begins: its credential was looked at just now."""
        subscription.check_at = time.monotonic() + CHECK_EVERY
        self._streams.add(subscription)

    def forget(self, subscription: Subscription) -> bool:
        """A stream that ended; false when it had ended before."""
        if subscription not in self._streams:
            return False
        self._streams.discard(subscription)
        return True

    def run(self) -> None:
        """Look from now on, until nobody watches."""
        if self._task is None or self._task.done():
            # Its lines in the log are not those of the request that began it.
            own = contextvars.Context()
            self._task = asyncio.get_running_loop().create_task(self._run(), context=own)

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        self._mark = None
        while self._streams:
            await asyncio.sleep(EVERY)
            try:
                await self._look()
            except (KbError, SQLAlchemyError) as error:  # the next look may see more
                log.warning("live_look_failed", kind=type(error).__name__)
            except Exception as error:
                log_unexpected(error)

    async def _look(self) -> None:
        now = time.monotonic()
        due = [stream for stream in self._streams if stream.check_at <= now]
        with_kept = now >= self._gate_at or self._refresh_at is not None
        if with_kept:
            self._gate_at = now + CHECK_EVERY
        found = await self._hub.look(due, with_kept)
        for stream in due:
            stream.check_at = now + CHECK_EVERY
        for stream in found.expired:
            stream.end(End.expired)
        self._go_after(found, now)
        self._follow(found.mark, now)

    def _go_after(self, found: Looked, now: float) -> None:
        """Have looked at what moved without our being told, and what is to be withdrawn."""
        for watched in self._hub.watched():
            place = found.places.get(watched.key[0])
            if watched.key[0] not in found.asked:  # it came while we looked
                continue
            if place is None:
                self._hub.gone(watched)
                continue
            failed = watched.failures > 0 and watched.retry_at <= now
            seen = 0 if watched.place is None else watched.place.sequence
            moved = place.sequence > seen and not watched.failures
            if watched.is_idle and (moved or failed):
                self._hub.want(watched, Turn.now)
            elif watched.key in found.withdrawn:
                self._hub.want(watched, Turn.soon)

    def _follow(self, mark: KnowledgeMark, now: float) -> None:
        """Once knowledge rests for a moment, have everything looked at anew."""
        if self._mark is not None and mark != self._mark:
            self._refresh_at = max(now + SETTLE, self._refreshed + REFRESH_EVERY)
        self._mark = mark
        if self._refresh_at is not None and now >= self._refresh_at:
            self._refresh_at, self._refreshed = None, now
            for watched in self._hub.watched():
                self._hub.want(watched, Turn.later)
