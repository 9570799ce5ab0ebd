"""Index work beside a running server: at once after a save, and again in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session, sessionmaker

from indexer.pipeline import AT_ONCE, IndexOutcome, index_documents, index_round
from kb.actions.outbox import enqueue
from kb.domain import Pool
from kb.ports import Encoder
from kb.queries.documents import unencoded_documents

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks for work, and between tries after a failure (doubling)."""

    idle: float = 2.0
    first_retry: float = 1.0
    longest_retry: float = 60.0


def drain_document(
    session_factory: sessionmaker[Session], encoder: Encoder, pool: Pool, document_id: str
) -> bool:
    """Index one document now, after the commit that changed it; gives whether all is in place.

    Never raises: what fails stays pending for the worker, and what was saved stays saved.
    Without vectors the document is found by its words.
    """
    try:
        outcome = index_documents(session_factory, encoder, [(pool, document_id)])
    except Exception:  # the save has been acknowledged; the event is still there
        log.exception("index.drain_failed", pool=pool, document=document_id)
        return False
    return outcome.done == 1


def enqueue_unencoded(session_factory: sessionmaker[Session], model_id: str) -> int:
    """Ask for the documents that have no vectors of this model; gives how many there are.

    After a change of the model they are all found by their words only, until this is done.
    """
    with session_factory.begin() as session:
        found = unencoded_documents(session, model_id)
        for pool, document_id in found:
            enqueue(session, pool, document_id)
    if found:
        log.warning("index.encoding_anew", documents=len(found), model=model_id)
    return len(found)


class IndexWorker:
    """A thread that settles pending index events until it is stopped.

    It begins with the documents that this encoder's model has not encoded yet.
    """

    def __init__(
        self,
        session_factory: sessionmaker[Session],
        encoder: Encoder,
        pace: Pace | None = None,
        after: Callable[[IndexOutcome], None] | None = None,
    ) -> None:
        """`after` is called in the thread after each round that did something."""
        self._session_factory = session_factory
        self._encoder = encoder
        self._pace = pace or Pace()
        self._after = after
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._loop, name="index-worker", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There is work: do not wait for the next look."""
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> bool:
        """Finish the round in hand and end; gives whether the thread has ended in time."""
        self._stop.set()
        self._wake.set()
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        if thread.is_alive():
            return False
        self._thread = None
        return True

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _loop(self) -> None:
        retry, has_looked = self._pace.first_retry, False
        while not self._stop.is_set():
            wait = self._pace.idle
            try:
                if not has_looked:
                    enqueue_unencoded(self._session_factory, self._encoder.model_id)
                    has_looked = True
                outcome = index_round(self._session_factory, self._encoder, AT_ONCE)
                if outcome.claimed and self._after is not None:
                    self._after(outcome)
            except Exception:  # a database that is away for a while must not end the worker
                log.exception("index.round_failed")
                outcome = IndexOutcome(failed=1)
            if outcome.partial or outcome.failed:
                wait, retry = retry, min(retry * 2, self._pace.longest_retry)
            else:
                retry = self._pace.first_retry
                if outcome.claimed:
                    wait = 0.0
            self._wait(wait)

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._wake.wait(seconds)
        self._wake.clear()
