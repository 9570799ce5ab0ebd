"""LiveHub: one look at a time for each watched interaction, and the newest view to all who watch.

All of it lives in the event loop; what takes time is done in threads of its own. `changed` and
`touched` may be called from any thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from api.errors import log_unexpected
from api.live.subscription import End, Standing, Subscription
from api.live.viewer import Viewer
from api.live.views import Kept, Shown
from api.live.watch import Watch
from api.live.watched import Key, Queue, Turn, Watched
from api.live.work import Done, Looked, Order, Work
from api.schemas.interactions import InteractionView
from kb.domain import Principal
from kb.errors import Busy, KbError, NotFound, TooMany

KEPT = 1_000  # suggestions, the last used; made anew when they are asked for again
PER_PERSON = 50  # streams
MAX_RETRY = 30.0  # seconds between tries that fail
log = structlog.get_logger("potica.live")
T = TypeVar("T")


class LiveHub:
    """`start` in the event loop, `stop` there, `close` in a thread after it."""

    def __init__(self, work: Work, threads: int, most: int) -> None:
        self._work = work
        self._threads = threads
        self._most = most
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="live")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._watched: dict[Key, Watched] = {}
        self._of: defaultdict[str, set[Key]] = defaultdict(set)
        self._shown: OrderedDict[Key, Shown] = OrderedDict()
        self._persons: Counter[str] = Counter()
        self._count = 0
        self._queue = Queue()
        self._busy = 0
        self._watch = Watch(self)

    # -- life

    def start(self) -> None:
        """Call it in the event loop that serves."""
        self._loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """End every stream. Call it in the event loop."""
        self._stopping = True
        self._watch.stop()
        for watched in list(self._watched.values()):
            for subscription in list(watched.subscriptions):
                subscription.end(End.stopped)
            self._release_waiting(watched, None)

    def close(self) -> None:
        """Wait for what is under way. Call it in a thread."""
        self._stopping = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- what writers say

    def changed(self, interaction_id: str) -> None:
        """Something was said or is known: suggest anew, and show it. After the commit."""
        self._tell(interaction_id, Turn.now)

    def touched(self, interaction_id: str) -> None:
        """Something else that viewers see is new: show it. After the commit."""
        self._tell(interaction_id, Turn.soon)

    # -- what readers ask

    async def view(
        self,
        interaction_id: str,
        principal: Principal,
        wait_ms: int = 0,
        with_history: bool = False,
    ) -> InteractionView:
        """All that this one sees now; waits so long for a suggestion to the newest state.

        Raises NotFound.
        """
        viewer = Viewer.of(principal)
        return await self._here(self._view(interaction_id, viewer, wait_ms, with_history))

    async def subscribe(
        self, interaction_id: str, principal: Principal, standing: Standing
    ) -> Subscription:
        """A stream of views, the first one at once. Call its `close` in the end.

        Raises NotFound, Busy when there is no room, TooMany when one person has too many.
        """
        viewer = Viewer.of(principal)
        subscription = self._admit(interaction_id, viewer, standing)
        key = viewer.key(interaction_id)
        try:
            watched = self._watch_for(key, viewer)
            watched.subscriptions.add(subscription)
            shown = self._shown_for(key)
            built = await run_sync(self._work.view, interaction_id, viewer, shown)
        except BaseException:
            subscription.close()
            raise
        subscription.begin(built.frame)
        watched.place = watched.place or built.place
        if not built.is_fresh:
            self.want(watched, Turn.soon)
        if self._stopping:
            subscription.end(End.stopped)
        self._watch.run()
        return subscription

    @property
    def streams(self) -> int:
        """How many are open."""
        return self._count

    # -- for the watch

    def watched(self) -> list[Watched]:
        """Those that somebody looks at."""
        return [found for found in self._watched.values() if found.subscriptions]

    def kept(self) -> list[Kept]:
        """What those who look have been shown last."""
        return [
            Kept(watched.key, watched.viewer.reader, shown)
            for watched in self.watched()
            if (shown := self._shown.get(watched.key)) is not None
        ]

    async def look(self, due: list[Subscription], with_kept: bool) -> Looked:
        """Ask the database."""
        ids = list({watched.key[0] for watched in self.watched()})
        kept = self.kept() if with_kept else []
        return await run_sync(self._work.look, ids, due, kept)

    def want(self, watched: Watched, turn: Turn) -> None:
        """Have it looked at, once."""
        if self._stopping:
            self._release_waiting(watched, None)
        elif watched.running is not None:
            watched.again = turn if watched.again is None else min(watched.again, turn)
        else:
            self._queue.put(watched, turn)
            self._run_next()

    def gone(self, watched: Watched) -> None:
        """The interaction is not there any more, or not for these eyes: nothing of it is kept."""
        self._shown.pop(watched.key, None)
        for subscription in watched.subscriptions:
            subscription.end(End.gone)

    # -- inside

    def _tell(self, interaction_id: str, turn: Turn) -> None:
        loop = self._loop
        if loop is None or self._stopping:
            return
        with suppress(RuntimeError):  # the loop was closed this very moment
            loop.call_soon_threadsafe(self._look_at, interaction_id, turn)

    def _look_at(self, interaction_id: str, turn: Turn) -> None:
        for key in list(self._of.get(interaction_id, ())):
            watched = self._watched[key]
            watched.heard = watched.heard or time.perf_counter()
            self.want(watched, turn)

    async def _here(self, asked: Coroutine[Any, Any, T]) -> T:
        """In the loop that serves, from whichever one asks."""
        loop = self._loop
        assert loop is not None, "the application has not started"
        if asyncio.get_running_loop() is loop:
            return await asked
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, loop))

    async def _view(
        self, interaction_id: str, viewer: Viewer, wait_ms: int, with_history: bool
    ) -> InteractionView:
        key = viewer.key(interaction_id)
        if wait_ms and viewer.asks:
            await self._fresh(key, viewer, wait_ms / 1000)
        shown = self._shown_for(key)
        built = await run_sync(self._work.view, interaction_id, viewer, shown, with_history)
        if not built.is_fresh:
            self.want(self._watch_for(key, viewer), Turn.now)
        return built.view

    async def _fresh(self, key: Key, viewer: Viewer, seconds: float) -> None:
        """Until there is a suggestion to the newest state, or the time is over."""
        shown = self._shown_for(key)
        version = await run_sync(self._work.version_without, key[0], viewer, shown)
        if version is None:
            return
        watched = self._watch_for(key, viewer)
        waiter = (version, asyncio.get_running_loop().create_future())
        watched.waiting.append(waiter)
        self.want(watched, Turn.now)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiter[1]
        finally:
            with suppress(ValueError):
                watched.waiting.remove(waiter)
            self._drop(watched)

    def _admit(self, interaction_id: str, viewer: Viewer, standing: Standing) -> Subscription:
        if self._count >= self._most or self._stopping:
            raise Busy("Too many streams are open: try again in a few seconds.")
        if viewer.person is not None and self._persons[viewer.person] >= PER_PERSON:
            raise TooMany(f"At most {PER_PERSON} streams for one person: close one first.", 5)
        self._count += 1
        if viewer.person is not None:
            self._persons[viewer.person] += 1
        subscription = Subscription(interaction_id, viewer, standing, self._left)
        self._watch.admit(subscription)
        self._work.metrics.streams.set(self._count)
        return subscription

    def _left(self, subscription: Subscription) -> None:
        """A stream was closed; closing it again does nothing."""
        watched = self._watched.get(subscription.viewer.key(subscription.interaction_id))
        if not self._watch.forget(subscription):
            return
        self._count -= 1
        self._work.metrics.streams.set(self._count)
        person = subscription.viewer.person
        if person is not None:
            self._persons[person] -= 1
            if not self._persons[person]:
                del self._persons[person]
        if watched is not None:
            watched.subscriptions.discard(subscription)
            self._drop(watched)

    def _watch_for(self, key: Key, viewer: Viewer) -> Watched:
        found = self._watched.get(key)
        if found is None:
            found = self._watched[key] = Watched(key, viewer)
            self._of[key[0]].add(key)
        return found

    def _drop(self, watched: Watched) -> None:
        if watched.is_needed or self._watched.get(watched.key) is not watched:
            return
        del self._watched[watched.key]
        keys = self._of[watched.key[0]]
        keys.discard(watched.key)
        if not keys:
            del self._of[watched.key[0]]

    def _shown_for(self, key: Key) -> Shown | None:
        found = self._shown.get(key)
        if found is not None:
            self._shown.move_to_end(key)
        return found

    def _run_next(self) -> None:
        while self._busy < self._threads and not self._stopping:
            watched = self._queue.take(with_later=self._busy < max(1, self._threads - 1))
            if watched is None:
                return
            self._busy += 1
            languages = {one.viewer.language for one in watched.subscriptions}
            shown = self._shown_for(watched.key)
            order = Order(watched.key[0], watched.viewer, languages, shown)
            assert self._loop is not None
            heard, watched.heard = watched.heard, None
            done = self._loop.run_in_executor(self._pool, self._work.do, order)
            done.add_done_callback(partial(self._done, watched, heard))

    def _done(self, watched: Watched, heard: float | None, done: asyncio.Future[Done]) -> None:
        self._busy -= 1
        watched.running = None
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._failed(watched, error)
        elif not done.cancelled():
            self._show(watched, done.result())
            if heard is not None and watched.subscriptions:
                self._work.metrics.pushed.observe(time.perf_counter() - heard)
        again, watched.again = watched.again, None
        if again is not None and watched.is_needed:
            self.want(watched, again)
        self._drop(watched)
        self._run_next()

    def _show(self, watched: Watched, done: Done) -> None:
        watched.failures, watched.retry_at = 0, 0.0
        watched.place = done.place
        if done.shown is not None:
            self._shown[watched.key] = done.shown
            self._shown.move_to_end(watched.key)
            while len(self._shown) > KEPT:
                self._shown.popitem(last=False)
        for subscription in watched.subscriptions:
            frame = done.frames.get(subscription.viewer.language)
            if frame is None:  # it came while the views were made
                watched.again = Turn.soon
            else:
                subscription.offer(frame)
        self._release_waiting(watched, None if done.shown is None else done.shown.version)

    def _release_waiting(self, watched: Watched, version: int | None) -> None:
        """Those that waited for this version or an older one; all of them without a version."""
        for wanted, waiter in list(watched.waiting):
            if (version is None or wanted <= version) and not waiter.done():
                waiter.set_result(None)

    def _failed(self, watched: Watched, error: BaseException) -> None:
        """What waits is given what there is; the watch tries again for who looks."""
        self._release_waiting(watched, None)
        if isinstance(error, NotFound):
            watched.again = None
            self.gone(watched)
            return
        watched.failures += 1
        watched.retry_at = time.monotonic() + min(2.0**watched.failures, MAX_RETRY)
        if isinstance(error, KbError):
            log.warning("live_failed", code=error.code, failures=watched.failures)
        elif isinstance(error, SQLAlchemyError):
            log.warning("live_failed", kind=type(error).__name__, failures=watched.failures)
        else:
            log_unexpected(error)
