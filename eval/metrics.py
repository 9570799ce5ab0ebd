"""Retrieval and confidence figures, each a mean over questions, with bootstrap intervals.

Rankings come as gains: a float array of shape (questions, depth), the gain of the document at
each rank, 0 where it is not relevant or the list is over. `ideal` has the same shape and holds
the gains of a perfect list. All values lie in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]

DEPTH = 10
RESAMPLES = 1_000
SEED = 20_260_101
LEVEL = 0.95
BINS = 10
PRECISION = 0.95
_BLOCK = 4_000_000  # resampled weights held at a time


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram."""

    low: float
    high: float
    count: int
    confidence: float  # mean of what was said
    correct: float  # share that was right


def success_at(gains: Floats, k: int) -> Floats:
    """Shape (questions,): 1 where a relevant document is among the first k.

    With one relevant document per question its mean is recall at k.
    """
    return np.asarray((gains[:, :k] > 0).any(axis=1), dtype=np.float64)


def reciprocal_rank_at(gains: Floats, k: int) -> Floats:
    """Shape (questions,): 1 / rank of the first relevant document, 0 when it is not in the k."""
    hits = gains[:, :k] > 0
    ranks: Floats = np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1), 0.0)
    return ranks


def ndcg_at(gains: Floats, ideal: Floats, k: int) -> Floats:
    """Shape (questions,): sum of gain / log2(rank + 1), by that of a perfect list.

    The linear-gain form of Järvelin and Kekäläinen (2002), as trec_eval computes it.
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = ideal[:, :k] @ discounts[: ideal[:, :k].shape[1]]
    found: Floats = gains[:, :k] @ discounts[: gains[:, :k].shape[1]]
    values: Floats = np.divide(found, best, out=np.zeros_like(found), where=best > 0)
    return values


def recall_at(gains: Floats, relevant: Floats, k: int) -> Floats:
    """Shape (questions,): the share of the relevant documents that is among the first k."""
    found: Floats = (gains[:, :k] > 0).sum(axis=1).astype(np.float64)
    values: Floats = np.divide(found, relevant, out=np.zeros_like(found), where=relevant > 0)
    return values


def ranking_values(gains: Floats, ideal: Floats) -> dict[str, Floats]:
    """The four figures of a ranking, per question."""
    return {
        "R@1": success_at(gains, 1),
        "R@5": success_at(gains, 5),
        "MRR@5": reciprocal_rank_at(gains, 5),
        "nDCG@10": ndcg_at(gains, ideal, DEPTH),
    }


def gains_of(
    rankings: Sequence[Sequence[str]], relevant: Sequence[Mapping[str, float]], depth: int = DEPTH
) -> tuple[Floats, Floats]:
    """Gains and ideal gains of ranked document ids, both of shape (questions, depth)."""
    gains = np.zeros((len(rankings), depth))
    ideal = np.zeros((len(rankings), depth))
    for row, (ranking, judged) in enumerate(zip(rankings, relevant, strict=True)):
        for rank, document in enumerate(ranking[:depth]):
            gains[row, rank] = judged.get(document, 0.0)
        best = sorted(judged.values(), reverse=True)[:depth]
        ideal[row, : len(best)] = best
    return gains, ideal


def mean_with_interval(values: Floats) -> Figure:
    """The mean and its percentile bootstrap interval over questions."""
    if not len(values):
        return Figure(0.0, 0.0, 0.0)
    means = np.concatenate(
        [weights @ values / weights.sum(axis=1) for weights in _resamples(len(values))]
    )
    return _figure(float(values.mean()), means)


def auroc(scores: Floats, labels: NDArray[np.bool_]) -> float:
    """The chance that a positive scores above a negative, ties counting half.

    The Mann-Whitney form. 0.5 when one of the classes is missing.
    """
    return float(_Curve(scores, labels).auroc(np.ones((1, len(scores))))[0])


def auroc_with_interval(scores: Floats, labels: NDArray[np.bool_]) -> Figure:
    """AUROC and its bootstrap interval over questions."""
    curve = _Curve(scores, labels)
    return _bootstrapped(curve.auroc, len(scores))


def coverage_at(scores: Floats, correct: NDArray[np.bool_], precision: float = PRECISION) -> float:
    """The largest share of all questions answered, from the surest down, with at least this
    share of the answered right. Questions of one score are answered together or not at all.
    """
    return float(_Curve(scores, correct).coverage(np.ones((1, len(scores))), precision)[0])


def coverage_with_interval(
    scores: Floats, correct: NDArray[np.bool_], precision: float = PRECISION
) -> Figure:
    """Coverage at a precision and its bootstrap interval over questions."""
    curve = _Curve(scores, correct)
    return _bootstrapped(lambda weights: curve.coverage(weights, precision), len(scores))


def reached_with_interval(
    scores: Floats, correct: NDArray[np.bool_], precision: float = PRECISION
) -> Figure:
    """The share of the answerable questions that is answered at a precision, with interval."""
    curve = _Curve(scores, correct)
    return _bootstrapped(lambda weights: curve.reached(weights, precision), len(scores))


def coverage_curve(
    scores: Floats, correct: NDArray[np.bool_], points: int = 100
) -> list[tuple[float, float]]:
    """(coverage, precision of the answered) from the surest question down, thinned to `points`."""
    if not len(scores):
        return []
    answered, right = _Curve(scores, correct).cumulated(np.ones((1, len(scores))))
    pairs = list(zip(answered[0] / len(scores), right[0] / answered[0], strict=True))
    step = max(1, len(pairs) // points)
    return [*pairs[::step], pairs[-1]]


def calibration_error(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015)."""
    return float(_calibration(confidence, correct)(np.ones((1, len(confidence))))[0])


def calibration_with_interval(confidence: Floats, correct: NDArray[np.bool_]) -> Figure:
    """Calibration error and its bootstrap interval over questions."""
    return _bootstrapped(_calibration(confidence, correct), len(confidence))


def reliability(confidence: Floats, correct: NDArray[np.bool_]) -> list[Bin]:
    """The bars of a reliability diagram; empty bins are left out."""
    places = _bins(confidence)
    bars = []
    for place in range(BINS):
        held = places == place
        if held.any():
            said, right = float(confidence[held].mean()), float(correct[held].mean())
            bars.append(Bin(place / BINS, (place + 1) / BINS, int(held.sum()), said, right))
    return bars


class _Curve:
    """Questions sorted by falling score, with the ends of runs of equal scores."""

    def __init__(self, scores: Floats, labels: NDArray[np.bool_]) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ranked = scores[self.order]
        self.ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.labels = labels[self.order].astype(np.float64)

    def cumulated(self, weights: Floats) -> tuple[Floats, Floats]:
        """Answered and rightly answered at each score, shapes (resamples, scores)."""
        sorted_weights = weights[:, self.order]
        answered = np.cumsum(sorted_weights, axis=1)[:, self.ends]
        right = np.cumsum(sorted_weights * self.labels, axis=1)[:, self.ends]
        return answered, right

    def auroc(self, weights: Floats) -> Floats:
        answered, right = self.cumulated(weights)
        wrong = answered - right
        new_wrong = np.diff(wrong, axis=1, prepend=0.0)
        before = np.concatenate([np.zeros((len(right), 1)), right[:, :-1]], axis=1)
        pairs = right[:, -1] * wrong[:, -1]
        won = (new_wrong * (before + right) / 2).sum(axis=1)
        # Of a class that is missing nothing can be said.
        areas: Floats = np.divide(won, pairs, out=np.full(len(won), 0.5), where=pairs > 0)
        return areas

    def coverage(self, weights: Floats, precision: float) -> Floats:
        answered, right = self.cumulated(weights)
        good = right >= precision * answered - 1e-9
        most: Floats = np.where(good, answered, 0.0).max(axis=1) / answered[:, -1]
        return most

    def reached(self, weights: Floats, precision: float) -> Floats:
        answered, right = self.cumulated(weights)
        good = right >= precision * answered - 1e-9
        most: Floats = np.where(good, right, 0.0).max(axis=1)
        return most / np.maximum(right[:, -1], 1.0)


def _calibration(confidence: Floats, correct: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    member = np.eye(BINS)[_bins(confidence)]
    gaps = member * (confidence - correct)[:, None]

    def error(weights: Floats) -> Floats:
        return np.asarray(np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1))

    return error


def _bins(confidence: Floats) -> NDArray[np.int64]:
    return np.minimum((np.asarray(confidence) * BINS).astype(np.int64), BINS - 1)


def _bootstrapped(statistic: Callable[[Floats], Floats], count: int) -> Figure:
    if not count:
        return Figure(0.0, 0.0, 0.0)
    value = float(statistic(np.ones((1, count)))[0])
    return _figure(value, np.concatenate([statistic(w) for w in _resamples(count)]))


def _resamples(count: int) -> Iterator[Floats]:
    """How often each question is drawn, in blocks of shape (resamples, questions)."""
    rng = np.random.default_rng(SEED)
    even = np.full(count, 1.0 / count)
    block = max(1, min(RESAMPLES, _BLOCK // count))
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        yield rng.multinomial(count, even, size=rows).astype(np.float64)


def _figure(value: float, resampled: Floats) -> Figure:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Figure(value, float(low), float(high))
