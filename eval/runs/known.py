"""When to stay silent: turns that ask nothing, or ask what is not in the base."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics import (
    Figure,
    Floats,
    auroc_with_interval,
    coverage_with_interval,
    reached_with_interval,
)
from eval.progress import Progress
from eval.results import ConfidenceResult, KnownResult, confidence_result
from eval.runs.ask import find, read
from eval.runs.base import Base, temporary_base
from eval.runs.baselines import by_language
from eval.runs.retrieval import FEWEST
from eval.runs.setup import Setup
from eval.splits import stable_order
from eval.turns import SILENT_INTENTS, UNKNOWN_INTENTS, KnownSet, Turn
from kb.assist.engine import answer_confidence
from kb.domain import Pool

Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the engine made of a turn."""

    turn: Turn
    asks: float
    score: float  # of there being an answer


def run_known(
    known: KnownSet, setup: Setup, progress: Progress, limit: int | None = None, **settings: str
) -> KnownResult:
    """AUROC, coverage and calibration of the engine's own "is there an answer".

    With a base the score is the confidence of the first answer times the probability that the
    turn asks anything, the figure by which a suggestion is given or kept back. Without a base
    it is the probability alone, and turns that ask what no base here could hold say nothing.
    """
    start = time.perf_counter()
    turns = _some(known.turns, limit)
    progress.say(f"{known.name}: {len(known.documents)} documents, {len(turns)} turns")
    pool = Pool(known.pool)
    has_base = bool(known.documents)
    if has_base:
        with temporary_base(known.documents, pool, setup, progress) as base:
            heard = [_hear(base, turn) for turn in progress.each(turns, "Listening", len(turns))]
    else:
        turns = [turn for turn in turns if turn.intent.lower() not in UNKNOWN_INTENTS]
        heard = [_read(setup, turn) for turn in progress.each(turns, "Listening", len(turns))]
    truth = np.array([_is_known(one.turn) for one in heard], dtype=np.bool_)
    scores = np.array([one.score for one in heard], dtype=np.float64)
    return KnownResult(
        name=known.name,
        n=len(heard),
        positive=int(truth.sum()),
        area=auroc_with_interval(scores, truth),
        coverage=coverage_with_interval(scores, truth),
        answered=reached_with_interval(scores, truth),
        asks_area=_asks_area(heard),
        confidences=_confidences(_languages(heard, setup), scores, truth),
        groups=_groups(heard, scores, truth),
        settings={
            "score": "confidence x asks" if has_base else "asks",
            "pool": str(pool),
            **settings,
        },
        versions=setup.versions(),
        seconds=time.perf_counter() - start,
    )


def _read(setup: Setup, turn: Turn) -> _Heard:
    dialog = read(setup, turn.messages, turn.language, {}).query
    return _Heard(turn, dialog.asks, dialog.asks)


def _hear(base: Base, turn: Turn) -> _Heard:
    reading = read(base.setup, turn.messages, turn.language, {})
    dialog = reading.query
    hits = find(base, reading, limit=1)
    return _Heard(turn, dialog.asks, answer_confidence(dialog, hits))


def _some(turns: Sequence[Turn], limit: int | None) -> list[Turn]:
    """At most `limit` turns, the same ones each time, from all over the set."""
    if limit is None or limit >= len(turns):
        return list(turns)
    order = sorted(range(len(turns)), key=lambda n: stable_order(turns[n].id))
    return [turns[n] for n in sorted(order[:limit])]


def _is_known(turn: Turn) -> bool:
    """Whether it should be answered: where only `asks` is told, what asks is known."""
    return bool(turn.asks if turn.known is None else turn.known)


def _asks_area(heard: Sequence[_Heard]) -> Figure | None:
    told = [one for one in heard if one.turn.asks is not None]
    asks = np.array([bool(one.turn.asks) for one in told], dtype=np.bool_)
    if not len(asks) or asks.all() or not asks.any():
        return None
    return auroc_with_interval(np.array([one.asks for one in told], dtype=np.float64), asks)


def _languages(heard: Sequence[_Heard], setup: Setup) -> list[str]:
    texts = [" ".join(m.text for m in one.turn.messages) for one in heard]
    return setup.languages.told([one.turn.language for one in heard], texts)


def _confidences(
    languages: Sequence[str], scores: Floats, truth: Truth
) -> dict[str, ConfidenceResult]:
    places = by_language(languages)
    return {
        tag: confidence_result(scores[rows], truth[rows])
        for tag, rows in places.items()
        if len(rows) >= FEWEST
    }


def _groups(heard: Sequence[_Heard], scores: Floats, truth: Truth) -> dict[str, Figure]:
    """AUROC of what should be answered against each kind of what should not."""
    kinds = np.array([_kind(one.turn) for one in heard])
    found = {}
    for kind in sorted(set(kinds[~truth])):
        rows = truth | (kinds == kind)
        if (kinds == kind).sum() >= FEWEST:
            found[str(kind)] = auroc_with_interval(scores[rows], truth[rows])
    return found


def _kind(turn: Turn) -> str:
    intent = turn.intent.lower()
    if intent in SILENT_INTENTS or intent in UNKNOWN_INTENTS:
        return intent
    return "asks nothing" if turn.asks is False else "asks what is not known"
