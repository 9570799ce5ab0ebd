"""What the application holds while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from kb.assist.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from api.metrics import Metrics
from api.schemas.common import SavedOut
from indexer.worker import IndexWorker, drain_document
from kb.actions.saved import SaveResult
from kb.config import Settings
from kb.db import session_factory
from kb.domain import Pool


@dataclass(frozen=True)
class Services:
    """Opened by the lifespan, closed with it."""

    settings: Settings
    engine: Engine
    worker: IndexWorker
    metrics: Metrics
    readers: sessionmaker[Session]

    @classmethod
    def open(cls, settings: Settings, metrics: Metrics) -> Services:
        """Database, encoder, index, and the worker that keeps it up to date. Raises KbError."""
        engine = Engine.open(settings)
        readers = session_factory(engine.session_factory.kw["bind"], read_only=True)
        worker = IndexWorker(engine.session_factory, engine.encoder)
        worker.start()
        return cls(settings, engine, worker, metrics, readers)

    def close(self) -> None:
        """Finish the index work in hand, then let go of everything."""
        self.worker.stop()
        self.engine.close()

    def write(self, pool: Pool, action: Callable[[Session], SaveResult]) -> SavedOut:
        """Commit one change, then bring the index up to date before anybody is told.

        What is committed stays: when the index cannot follow (the encoder is away), the worker
        tries again and `indexed` is false.
        """
        with self.engine.session_factory.begin() as session:
            saved = action(session)
        sessions, encoder = self.engine.session_factory, self.engine.encoder
        indexed = drain_document(sessions, encoder, pool, saved.id)
        if not indexed:
            self.worker.wake()
        return SavedOut(
            id=saved.id, status=str(saved.status), version=saved.version, indexed=indexed
        )


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    found: Services = request.app.state.services
    return found
