"""Noting searches that found nothing, once per search and not per letter typed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from rapidfuzz.distance import Prefix
from sqlalchemy.orm import Session, sessionmaker

from kb.actions.searches import UnansweredSearch, record_search
from kb.assist.engine import SURE_ENOUGH
from kb.errors import KbError
from kb.search.types import Hit, SearchQuery

QUIET = 5.0  # seconds without another letter until a search counts as what was meant
MOST_WAITING = 10_000  # callers; the first ones are noted at once when there are more
log = structlog.get_logger(__name__)


def why_unanswered(hits: Sequence[Hit]) -> str | None:
    """`nothing_found`, `not_sure`, or None when the best hit may well answer."""
    if not hits:
        return "nothing_found"
    return "not_sure" if hits[0].confidence < SURE_ENOUGH else None


def goes_on(before: str, now: str) -> bool:
    """Whether the second text is the first one, typed on or corrected."""
    before, now = before.strip().casefold(), now.strip().casefold()
    return 2 * Prefix.similarity(before, now) >= min(len(before), len(now))


class SearchNotes:
    """A thread that records searches nothing answered when their callers have typed them out.

    People search as they type: what is typed on within QUIET seconds replaces what it goes on
    from, and is forgotten when it finds something. The last seconds are lost with a killed
    process. Threads may share it.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        quiet: float = QUIET,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._quiet = quiet
        self._clock = clock
        self._waiting: dict[str, tuple[float, UnansweredSearch]] = {}  # by caller, oldest first
        self._ready: list[UnansweredSearch] = []
        self._changed = threading.Condition()
        self._recording = threading.Lock()
        self._stop = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="searches", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Record what is waiting and end."""
        with self._changed:
            self._stop = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)
        self.flush()

    def note(self, caller: str, query: SearchQuery, hits: Sequence[Hit]) -> None:
        """A caller searched and was shown these hits, best first; returns at once."""
        reason, text = why_unanswered(hits), query.text.strip()
        if not text:
            return
        with self._changed:
            before = self._waiting.pop(caller, None)
            if before is not None and not goes_on(before[1].text, text):
                self._ready.append(before[1])
            if reason is not None:
                search = UnansweredSearch(text, query.language, query.reader, reason)
                if query.prefix:
                    self._waiting[caller] = (self._clock() + self._quiet, search)
                else:
                    self._ready.append(search)
            if len(self._waiting) > MOST_WAITING:
                self._ready.append(self._waiting.pop(next(iter(self._waiting)))[1])
            self._changed.notify()

    def flush(self) -> None:
        """Record all that is waiting, now; what is being recorded is so when this returns."""
        with self._recording:
            with self._changed:
                ready = [*self._ready, *(search for _, search in self._waiting.values())]
                self._ready.clear()
                self._waiting.clear()
            self._record(ready)

    def _loop(self) -> None:
        while not self._stop:
            with self._changed:
                if not self._ready and not self._stop:
                    self._changed.wait(self._wait())
            with self._recording:
                with self._changed:
                    ready = self._due()
                self._record(ready)

    def _due(self) -> list[UnansweredSearch]:
        now = self._clock()
        due = [caller for caller, (at, _) in self._waiting.items() if at <= now]
        ready = [*self._ready, *(self._waiting.pop(caller)[1] for caller in due)]
        self._ready.clear()
        return ready

    def _wait(self) -> float | None:
        """Seconds until the next is due; None when nothing waits."""
        first = next(iter(self._waiting.values()), None)
        return max(0.01, first[0] - self._clock()) if first else None

    def _record(self, searches: Sequence[UnansweredSearch]) -> None:
        for search in searches:
            try:
                with self._sessions.begin() as session:
                    record_search(session, search)
            except KbError as error:
                log.warning("searches.not_noted", code=error.code)
            except Exception:  # a database that is away must not end the thread
                log.exception("searches.not_noted")
