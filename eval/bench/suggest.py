"""How long a suggestion takes, and how long the index takes to come back from the database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import numpy as np
from numpy.typing import NDArray

from eval.bench.corpus import fill, vocabularies
from eval.bench.dialogs import dialogs
from eval.progress import Progress
from kb.assist.engine import Engine
from kb.assist.types import SuggestRequest
from kb.config import Settings
from kb.db import create_engine_for, migrate, session_factory
from kb.encoders.factory import create_encoder
from kb.ports import Encoder, TextKind, Vectors
from kb.search.snapshot import build_snapshot

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Of suggestions over one base. `scan` is a bare product of a query with all vectors,
    measured in the same run, to compare machines by."""

    passages: int
    requests: int
    answered: int  # requests that got at least one answer
    whole: Spread
    encoding: Spread
    rest: Spread  # everything but encoding
    rest_cpu: Spread  # of which this process had a core; on a busy machine the rest is waiting
    rebuild: float  # seconds: snapshot from stored vectors, written and verified
    opening: float  # seconds: load the snapshot and be ready
    scan: Spread


@contextmanager
def made_home(settings: Settings, passages: int, progress: Progress) -> Iterator[Settings]:
    """A home with a made-up base of so many passages and no index; gone afterwards."""
    home = Path(mkdtemp(prefix="potica-bench-"))
    own = settings.model_copy(update={"home": home, "database_url": ""})
    try:
        own.models_dir.symlink_to(settings.models_dir.resolve())
        encoder = create_encoder(settings)
        words = vocabularies(settings.content_dir, settings.languages)
        engine = create_engine_for(own)
        migrate(engine)
        fill(session_factory(engine), passages, encoder.model_id, encoder.dim, words, progress)
        engine.dispose()
        yield own
    finally:
        rmtree(home, ignore_errors=True)


def rebuild(settings: Settings, progress: Progress) -> float:
    """Build the snapshot from the stored vectors; gives seconds. No encoder takes part."""
    model_id = create_encoder(settings).model_id
    engine = create_engine_for(settings)
    with progress.task("Building the index") as task, session_factory(engine)() as session:
        start = time.perf_counter()
        build_snapshot(session, settings.index_dir, model_id)
        seconds = time.perf_counter() - start
        task.done()
    engine.dispose()
    return seconds


def measure(
    settings: Settings, passages: int, requests: int, rebuilt: float, progress: Progress
) -> Latency:
    """Suggestions one after the other in this process, each recorded as in service."""
    start = time.perf_counter()
    engine = Engine.open(settings)
    opening = time.perf_counter() - start
    watched = _Watched(engine.encoder)
    engine = replace(engine, encoder=watched)
    asked = dialogs(settings.content_dir, settings.languages, requests + WARM_UP)
    try:
        for request in asked[:WARM_UP]:
            engine.suggest(request)
        what = f"Asking {passages:,} passages"
        rows = [
            _timed(engine, watched, request)
            for request in progress.each(asked[WARM_UP:], what, requests)
        ]
        scan = _scan(passages, engine.encoder.dim)
    finally:
        engine.close()
    times = np.array([row.times for row in rows])
    return Latency(
        passages,
        requests,
        sum(row.answered for row in rows),
        spread(times[:, 0]),
        spread(times[:, 1]),
        spread(times[:, 0] - times[:, 1]),
        spread(times[:, 2] - times[:, 3]),
        rebuilt,
        opening,
        scan,
    )


def spread(milliseconds: Sequence[float] | NDArray[np.float64]) -> Spread:
    """Median and 95th percentile."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Spread(float(p50), float(p95))


class _Watched:
    """An encoder that notes the processor time it takes, in seconds."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.model_id, self.dim = encoder.model_id, encoder.dim
        self.max_tokens = encoder.max_tokens
        self.count_tokens, self.token_offsets = encoder.count_tokens, encoder.token_offsets
        self.taken = 0.0

    def encode(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        start = time.process_time()
        vectors = self._encoder.encode(texts, kind)
        self.taken += time.process_time() - start
        return vectors


@dataclass(frozen=True, slots=True)
class _Row:
    """Milliseconds: whole and encoding by the clock, then both by processor time."""

    times: tuple[float, float, float, float]
    answered: bool


def _timed(engine: Engine, watched: _Watched, request: SuggestRequest) -> _Row:
    before = watched.taken
    start, cpu_start = time.perf_counter(), time.process_time()
    result = engine.suggest(request)
    whole, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    encoding = result.milliseconds["encode"]
    times = (1000 * whole, encoding, 1000 * cpu, 1000 * (watched.taken - before))
    return _Row(times, bool(result.articles or result.cases))


def _scan(passages: int, dim: int) -> Spread:
    vectors = np.random.default_rng(3).standard_normal((passages, dim)).astype(np.float32)
    query = vectors[0].copy()
    times = []
    for _ in range(30):
        start = time.perf_counter()
        vectors @ query
        times.append(1000 * (time.perf_counter() - start))
    return spread(times)


def load_average() -> float:
    """Processes that wanted a core in the last minute; above the number of cores it is busy."""
    return os.getloadavg()[0]
