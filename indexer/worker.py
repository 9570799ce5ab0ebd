"""Index work beside a running server: at once after a save, and again in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session, sessionmaker

from indexer.pipeline import AT_ONCE, IndexOutcome, index_documents, index_round
from kb.actions.outbox import enqueue
from kb.background import Background
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


class IndexWorker(Background):
    """Settles pending index events.

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
        super().__init__("index-worker")
        self._session_factory = session_factory
        self._encoder = encoder
        self._pace = pace or Pace()
        self._after = after
        self._retry = self._pace.first_retry
        self._has_looked = False

    def do_round(self) -> float:
        try:
            if not self._has_looked:
                enqueue_unencoded(self._session_factory, self._encoder.model_id)
                self._has_looked = True
            outcome = index_round(self._session_factory, self._encoder, AT_ONCE)
            if outcome.claimed and self._after is not None:
                self._after(outcome)
        except Exception:  # tried again as what could not be indexed is
            log.exception("index.round_failed")
            outcome = IndexOutcome(failed=1)
        if outcome.partial or outcome.failed:
            wait, self._retry = self._retry, min(self._retry * 2, self._pace.longest_retry)
            return wait
        self._retry = self._pace.first_retry
        return 0.0 if outcome.claimed else self._pace.idle
