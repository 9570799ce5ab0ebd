"""From documents to passages with vectors, one by one or in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.embed import Progress, encode_apart, encode_texts, stored_hashes
from indexer.passages import article_passages, case_passages, embedding_inputs
from kb.actions.outbox import PendingDocument, claim_pending, mark_done, mark_failed
from kb.actions.passages import PassageChange, replace_passages, store_embeddings
from kb.domain import Article, Case, OutboxEvent, Passage, Pool
from kb.errors import Conflict, EncoderError, SearchIndexError
from kb.ports import Encoder, TextKind, Vectors
from kb.queries.articles import ArticleView, load_published
from kb.queries.cases import CaseView, load_resolved

MAX_ATTEMPTS = 5  # of a document that fails by itself; then it is parked with its error
REDONE = 3  # times a document is done again because it changed meanwhile
PROBE = "ok"
AT_ONCE = 64  # documents whose texts are encoded together

log = structlog.get_logger(__name__)

Source = ArticleView | CaseView | None


@dataclass(frozen=True, slots=True)
class IndexOutcome:
    """What a round did: documents by how they came out."""

    done: int = 0  # passages and vectors are in place
    partial: int = 0  # passages are in place, vectors are not: pending until the encoder is back
    failed: int = 0  # could not be done; pending until parked
    changed: int = 0  # changed while they were being done; pending

    @property
    def claimed(self) -> int:
        return self.done + self.partial + self.failed + self.changed

    def __add__(self, other: IndexOutcome) -> IndexOutcome:
        return IndexOutcome(
            self.done + other.done,
            self.partial + other.partial,
            self.failed + other.failed,
            self.changed + other.changed,
        )


@dataclass(slots=True)
class _Job:
    """A document on its way through: read, cut, encoded, written."""

    pool: Pool
    document_id: str
    events: tuple[int, ...] = ()
    version: int | None = None
    source: Source = None
    passages: list[Passage] = field(default_factory=list)
    error: str = ""
    partial: bool = False


def index_document(
    session: Session, encoder: Encoder, pool: Pool, document_id: str
) -> PassageChange:
    """Bring the passages and vectors of one document up to date, within the caller's transaction.

    The encoder runs while that is open: for tools and tests. A server uses `drain_document`.
    Raises EncoderError or SearchIndexError; then nothing was written.
    """
    job = _Job(pool, document_id)
    _read(session, job)
    _cut(job, encoder)
    if job.error:
        raise SearchIndexError(f"{pool} {document_id} cannot be indexed: {job.error}")
    inputs = embedding_inputs(job.passages)
    stored = stored_hashes(session, inputs, encoder.model_id)
    vectors = encode_texts(encoder, {k: v for k, v in inputs.items() if k not in stored})
    store_embeddings(session, encoder.model_id, vectors)
    return replace_passages(session, pool, document_id, job.passages, version=job.version)


def index_pending(
    session_factory: sessionmaker[Session],
    encoder: Encoder,
    limit: int = AT_ONCE,
    progress: Progress | None = None,
) -> int:
    """Settle at most `limit` pending index events; gives how many documents came out done.

    No database transaction is open while the encoder runs. Raises nothing for a document that
    cannot be done: its event keeps the error and comes again, until it is parked.
    """
    return index_round(session_factory, encoder, limit, progress).done


def index_round(
    session_factory: sessionmaker[Session],
    encoder: Encoder,
    limit: int = AT_ONCE,
    progress: Progress | None = None,
) -> IndexOutcome:
    """As `index_pending`, with all it did. Nothing claimed means nothing left but parked ones."""
    with session_factory.begin() as session:
        claimed = _unparked(session, claim_pending(session, limit))
        jobs = [_Job(d.pool, d.document_id, d.events) for d in claimed]
        for job in jobs:
            _read(session, job)
    return _process(session_factory, encoder, jobs, progress)


def index_documents(
    session_factory: sessionmaker[Session],
    encoder: Encoder,
    documents: Sequence[tuple[Pool, str]],
    progress: Progress | None = None,
) -> IndexOutcome:
    """Bring these documents up to date, together with their pending events."""
    outcome = IndexOutcome()
    for _ in range(REDONE):
        with session_factory.begin() as session:
            jobs = [_Job(p, i, _events_of(session, p, i)) for p, i in documents]
            for job in jobs:
                _read(session, job)
        outcome = _process(session_factory, encoder, jobs, progress)
        if not outcome.changed:
            break
    return outcome


def parked_documents(session: Session) -> list[tuple[PendingDocument, str]]:
    """Documents no longer tried, each with its last error."""
    rows = session.execute(
        select(
            col(OutboxEvent.id),
            col(OutboxEvent.pool),
            col(OutboxEvent.document_id),
            col(OutboxEvent.error),
        )
        .where(col(OutboxEvent.done_at).is_(None), col(OutboxEvent.attempts) >= MAX_ATTEMPTS)
        .order_by(col(OutboxEvent.id))
    )
    return [
        (PendingDocument(pool, document_id, (event_id or 0,)), error)
        for event_id, pool, document_id, error in rows
        if not _is_outage(error)
    ]


def _is_outage(error: str) -> bool:
    """Whether the encoder failed for all: no reason to give a document up."""
    return error.startswith(f"{EncoderError.code}:")


def _unparked(session: Session, claimed: Sequence[PendingDocument]) -> list[PendingDocument]:
    """Those documents of which at least one event is still to be tried."""
    ids = [event for document in claimed for event in document.events]
    if not ids:
        return []
    rows = session.execute(
        select(col(OutboxEvent.id), col(OutboxEvent.attempts), col(OutboxEvent.error)).where(
            col(OutboxEvent.id).in_(ids)
        )
    )
    live = {
        event_id
        for event_id, attempts, error in rows
        if attempts < MAX_ATTEMPTS or _is_outage(error)
    }
    return [document for document in claimed if live.intersection(document.events)]


def _events_of(session: Session, pool: Pool, document_id: str) -> tuple[int, ...]:
    ids = session.scalars(
        select(col(OutboxEvent.id)).where(
            col(OutboxEvent.done_at).is_(None),
            col(OutboxEvent.pool) == pool,
            col(OutboxEvent.document_id) == document_id,
        )
    )
    return tuple(event_id for event_id in ids if event_id is not None)


def _read(session: Session, job: _Job) -> None:
    """The version first: should the text change in between, the write notices."""
    table: type[Article] | type[Case] = Article if job.pool == Pool.article else Case
    job.version = session.scalar(select(col(table.version)).where(col(table.id) == job.document_id))
    load = load_published if job.pool == Pool.article else load_resolved
    job.source = load(session, job.document_id)


def _cut(job: _Job, encoder: Encoder) -> None:
    try:
        job.passages = passages_of(job.source, encoder)
    except Exception as error:  # one poisonous text must not stop the others
        log.exception("index.cut_failed", pool=job.pool, document=job.document_id)
        job.error = f"cut_failed: {type(error).__name__}: {error}"


def passages_of(source: Source, encoder: Encoder) -> list[Passage]:
    """The passages a document should have; none when it is not to be found at all."""
    if source is None:
        return []
    if isinstance(source, ArticleView):
        return article_passages(source, encoder)
    return case_passages(source, encoder)


def _process(
    session_factory: sessionmaker[Session],
    encoder: Encoder,
    jobs: Sequence[_Job],
    progress: Progress | None,
) -> IndexOutcome:
    if not jobs:
        return IndexOutcome()
    for job in jobs:
        _cut(job, encoder)
    inputs: dict[str, tuple[TextKind, str]] = {}
    for job in jobs:
        inputs |= embedding_inputs(job.passages)
    with session_factory() as session:
        stored = stored_hashes(session, inputs, encoder.model_id)
    missing = {key: given for key, given in inputs.items() if key not in stored}
    vectors, wrong = _encode(encoder, missing, progress)
    _blame(jobs, vectors, wrong)
    return _write(session_factory, encoder.model_id, jobs, vectors)


def _encode(
    encoder: Encoder, missing: Mapping[str, tuple[TextKind, str]], progress: Progress | None
) -> tuple[dict[str, Vectors], dict[str, str]]:
    """Vectors, and for the texts that have none what was wrong."""
    try:
        return encode_texts(encoder, missing, progress), {}
    except EncoderError as error:
        log.warning("index.encoder_failed", texts=len(missing), error=error.message)
        first = error.message
    # Is it one of the texts or the encoder? A text beyond suspicion tells.
    _, wrong = encode_apart(encoder, {"": ("query", PROBE)})
    if wrong:
        return {}, dict.fromkeys(missing, f"{EncoderError.code}: {first}")
    return encode_apart(encoder, missing)


def _blame(jobs: Sequence[_Job], vectors: Mapping[str, Vectors], wrong: Mapping[str, str]) -> None:
    """Mark the documents that stay without some vector."""
    for job in jobs:
        reasons = [wrong[p.text_hash] for p in job.passages if p.text_hash in wrong]
        if reasons and not job.error:
            job.error, job.partial = reasons[0], True


def _write(
    session_factory: sessionmaker[Session],
    model_id: str,
    jobs: Sequence[_Job],
    vectors: Mapping[str, Vectors],
) -> IndexOutcome:
    """Passages, vectors and settled events in one transaction."""
    outcome = IndexOutcome()
    settled: list[int] = []
    with session_factory.begin() as session:
        store_embeddings(session, model_id, vectors)
        for job in jobs:
            result = _write_one(session, job)
            settled += job.events if result.done else ()
            outcome += result
        if settled:
            mark_done(session, settled)
    return outcome


def _write_one(session: Session, job: _Job) -> IndexOutcome:
    if job.error and not job.partial:
        mark_failed(session, job.events, job.error)
        return IndexOutcome(failed=1)
    try:
        with session.begin_nested():
            replace_passages(session, job.pool, job.document_id, job.passages, version=job.version)
    except Conflict:
        return IndexOutcome(changed=1)
    except Exception as error:  # kept with the event; the other documents go on
        log.exception("index.write_failed", pool=job.pool, document=job.document_id)
        mark_failed(session, job.events, f"write_failed: {type(error).__name__}: {error}")
        return IndexOutcome(failed=1)
    if job.partial:
        mark_failed(session, job.events, job.error)
        return IndexOutcome(partial=1)
    return IndexOutcome(done=1)
