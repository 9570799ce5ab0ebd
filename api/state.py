"""What the application holds while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from fastapi.requests import HTTPConnection
from sqlalchemy.orm import Session, sessionmaker

from api.auth.attempts import Attempts
from api.auth.oidc_provider import Provider
from api.importing import Imports
from api.live.hub import LiveHub
from api.live.work import Work
from api.metrics import Metrics
from api.schemas.common import SavedOut
from api.ui.examples import EXAMPLES
from indexer.chunk import chunk_markdown
from indexer.schedule import Scheduler
from indexer.worker import IndexWorker, drain_document
from kb.actions.saved import SaveResult
from kb.assist.engine import Engine
from kb.assist.types import Message, SuggestRequest
from kb.assist.unanswered import SearchNotes
from kb.config import Settings
from kb.db import session_factory
from kb.domain import Pool
from kb.errors import KbError
from kb.privacy.upkeep import Upkeep, apply_before_start
from kb.queries.incidents import warm_up_incidents
from kb.queries.redactions import hide, redaction_rules
from kb.secret_key import load_secret_key
from kb.webhook_sender import WebhookSender

Result = TypeVar("Result")
WARM_UP = 60.0  # seconds a write or a shutdown waits for it at most
log = structlog.get_logger("potica.state")


@dataclass(frozen=True)
class Services:
    """Opened by the lifespan, closed with it."""

    settings: Settings
    engine: Engine
    worker: IndexWorker
    metrics: Metrics
    readers: sessionmaker[Session]
    warming: threading.Thread
    secret: bytes  # what tokens are signed with: use `kb.secret_key.derived_key`
    attempts: Attempts
    provider: Provider | None  # of identities
    upkeep: Upkeep
    live: LiveHub  # start and stop it in the event loop
    sender: WebhookSender  # of webhooks
    scheduler: Scheduler
    searches: SearchNotes  # that found nothing
    imports: Imports  # files that were sent

    @classmethod
    def open(cls, settings: Settings, metrics: Metrics) -> Services:
        """Database, encoder, index, and the worker that keeps it up to date. Raises KbError."""
        secret = load_secret_key(settings)
        redaction_rules(settings)  # patterns that are wrong are told of now
        unclean = apply_before_start(settings)
        engine = Engine.open(settings)
        readers = session_factory(engine.database, read_only=True)
        worker = IndexWorker(engine.session_factory, engine.encoder)
        warming = threading.Thread(target=_warm_up, args=(engine, worker), name="warm-up")
        warming.start()
        upkeep = Upkeep(
            settings, engine.database, unclean=unclean, after_clean=engine.searcher.index.rebuild
        )
        upkeep.start()
        work = Work(engine, readers, metrics)
        live = LiveHub(work, settings.live_threads, settings.max_streams)
        sender = WebhookSender(settings, engine.database, secret, metrics.observe_delivery)
        sender.start()
        scheduler = Scheduler(engine.session_factory, engine.encoder, readers)
        scheduler.start()
        searches = SearchNotes(engine.session_factory)
        searches.start()
        own = (secret, Attempts(), Provider.of(settings), upkeep, live, sender, scheduler)
        imports = Imports(engine.session_factory, settings.home / "imports", worker.wake)
        return cls(settings, engine, worker, metrics, readers, warming, *own, searches, imports)

    def close(self) -> None:
        """Finish the index work in hand, then let go of everything."""
        self.warming.join(WARM_UP)
        self.imports.close()
        self.live.close()
        self.sender.stop()
        self.searches.stop()
        self.scheduler.stop()
        self.upkeep.stop()
        self.worker.stop()
        self.engine.close()

    def write(self, pool: Pool, action: Callable[[Session], SaveResult]) -> SavedOut:
        """Commit one change, then bring the index up to date before anybody is told.

        What is committed stays: when the index cannot follow (the encoder is away), the worker
        tries again and `indexed` is false.
        """
        with self.engine.session_factory.begin() as session:
            saved = action(session)
        self.warming.join(WARM_UP)
        sessions, encoder = self.engine.session_factory, self.engine.encoder
        indexed = drain_document(sessions, encoder, pool, saved.id)
        if not indexed:
            self.worker.wake()
        return SavedOut(
            id=saved.id, status=str(saved.status), version=saved.version, indexed=indexed
        )

    def change(self, action: Callable[[Session], Result]) -> Result:
        """Commit one change that neither readers nor the index see."""
        with self.engine.session_factory.begin() as session:
            return action(session)


def _warm_up(engine: Engine, worker: IndexWorker) -> None:
    """Load what is loaded at first use, so that nobody waits for it, and start the worker.

    In one thread: two that import the chunker's library at once can see it half-made.
    """
    try:
        chunk_markdown("# Warm\n\nup", "en", engine.encoder)
        for language in engine.settings.languages:
            example = EXAMPLES.get(language, EXAMPLES["en"])[0]
            # The language is left to be found out: that, too, is slow the first time.
            request = SuggestRequest((Message("customer", example),))
            engine.suggest(request, record=False)
            hide(example, language, redaction_rules(engine.settings))
            with session_factory(engine.database, read_only=True)() as session:
                warm_up_incidents(session, language, example)
    except KbError as error:  # the first question will say the same, to somebody
        log.warning("warm_up_failed", code=error.code)
    finally:
        worker.start()


def services_of(request: HTTPConnection) -> Services:
    """The services of the application that serves this request."""
    found: Services = request.app.state.services
    return found
