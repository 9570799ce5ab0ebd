"""What happens by the clock: planned publishing and archiving, and the tasks that fall due."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session, sessionmaker

from indexer.worker import drain_document
from kb.actions.due_reviews import raise_due
from kb.actions.schedules import carry_out, due_schedules, next_moment
from kb.background import Background
from kb.domain import Pool, utc_now
from kb.ports import Encoder

LOOK = 20.0  # seconds between looks at the clock at most: it may be put forward or back
TASKS = 600.0  # seconds between rounds of tasks
FIRST = 60.0  # seconds after the start until the first round of tasks
log = structlog.get_logger(__name__)


def run_due(
    session_factory: sessionmaker[Session],
    now: datetime | None = None,
    readers: sessionmaker[Session] | None = None,
) -> tuple[str, ...]:
    """Do all that was planned until `now` and was not done; gives the articles changed.

    Each plan in a transaction of its own, once, also when several processes try. What a server
    that was down has missed is done in the order it was planned for.
    """
    now = now or utc_now()
    with (readers or session_factory)() as session:
        due = due_schedules(session, now)
    changed = []
    for schedule_id in due:
        with session_factory.begin() as session:
            saved = carry_out(session, schedule_id, now)
        if saved is not None:
            changed.append(saved.id)
    return tuple(changed)


class Scheduler(Background):
    """Does what was planned, at the moment planned or as soon as it runs again."""

    def __init__(
        self,
        session_factory: sessionmaker[Session],
        encoder: Encoder,
        readers: sessionmaker[Session] | None = None,
        clock: Callable[[], datetime] = utc_now,
        look: float = LOOK,
    ) -> None:
        super().__init__("schedule")
        self._session_factory = session_factory
        self._encoder = encoder
        self._readers = readers or session_factory
        self._clock = clock
        self._look = self.after_error = look
        self._next_tasks = time.monotonic() + FIRST

    def do_round(self) -> float:
        for article_id in run_due(self._session_factory, self._clock(), self._readers):
            drain_document(self._session_factory, self._encoder, Pool.article, article_id)
        if time.monotonic() >= self._next_tasks:
            self._next_tasks = time.monotonic() + TASKS
            self._raise_tasks()
        until_tasks = max(0.0, self._next_tasks - time.monotonic())
        return min(self._look, self._until_next(), until_tasks)

    def _raise_tasks(self) -> None:
        with self._session_factory.begin() as session:
            found = raise_due(session, self._clock())
        if found:
            log.info("schedule.tasks", found=found)

    def _until_next(self) -> float:
        """Seconds by the clock of the wall; it is looked at again before they are long over."""
        with self._readers() as session:
            moment = next_moment(session)
        if moment is None:
            return self._look
        return max(0.0, (moment - self._clock()).total_seconds())
