"""What a run found, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.metrics import (
    Bin,
    Figure,
    Floats,
    calibration_with_interval,
    coverage_curve,
    coverage_with_interval,
    gains_of,
    mean_with_interval,
    ranking_values,
    recall_at,
    reliability,
)

ENGINE = "engine"
BASELINES = ("lexical", "dense", "rrf")
SYSTEMS = (ENGINE, *BASELINES)
METRICS = ("R@1", "R@5", "MRR@5", "nDCG@10")

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Document ids, best first, per question of one set, and what is relevant to each."""

    relevant: Sequence[Mapping[str, float]]
    rankings: Mapping[str, Sequence[Sequence[str]]]  # by system


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Figures of every system, and the engine's lead over the best of the others.

    `lead` is the mean of the differences question by question, so that its interval says
    whether the lead is more than chance.
    """

    n: int
    systems: Mapping[str, Mapping[str, Figure]]
    best: Mapping[str, str]  # by metric, the best system that is not the engine
    lead: Mapping[str, Figure]

    def value(self, system: str, metric: str = "R@1") -> float:
        return self.systems[system][metric].value


@dataclass(frozen=True, slots=True)
class ConfidenceResult:
    """How far the confidence of the first answer can be trusted."""

    n: int
    error: Figure
    coverage: Figure
    bars: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """One retrieval or similar-cases run."""

    name: str
    total: RankingResult
    languages: Mapping[str, RankingResult]
    confidence: ConfidenceResult
    confidences: Mapping[str, ConfidenceResult]  # by language
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    documents: int
    passages: int
    skipped: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class KnownResult:
    """One nothing-known run. `score` says which score was used."""

    name: str
    n: int
    positive: int
    area: Figure
    coverage: Figure  # share of all turns answered with 95 % of the answered right
    answered: Figure  # share of the answerable turns answered then
    asks_area: Figure | None  # of `asks` alone, where the data says which turns ask
    confidences: Mapping[str, ConfidenceResult]
    groups: Mapping[str, Figure]  # AUROC against one kind of turn at a time
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CrossResult:
    """Query language x corpus language, by system, and one index of all languages."""

    name: str
    languages: tuple[str, ...]
    n: int  # questions per language
    matrix: Mapping[str, Mapping[str, Mapping[str, Figure]]]  # system, query, corpus: R@1
    across: Mapping[str, Figure]  # mean of the pairs of two languages, by system
    lead: Figure  # of the engine over dense, across
    pairs: RankingResult  # all pairs of two languages pooled
    mixed: RankingResult
    mixed_languages: Mapping[str, RankingResult]
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    seconds: float = 0.0


def rank_result(ranked: Ranked) -> RankingResult:
    """Figures and intervals of rankings."""
    values = {name: _values(ranked, name) for name in ranked.rankings}
    systems = {
        name: {metric: mean_with_interval(v) for metric, v in own.items()}
        for name, own in values.items()
    }
    best, lead = {}, {}
    for metric in values[ENGINE]:
        others = [name for name in BASELINES if name in values]
        if others:
            first = max((systems[name][metric].value, name) for name in others)[1]
            best[metric] = first
            lead[metric] = mean_with_interval(values[ENGINE][metric] - values[first][metric])
    return RankingResult(len(ranked.relevant), systems, best, lead)


def part_of(ranked: Ranked, rows: Sequence[int]) -> Ranked:
    """The same for some of the questions."""
    return Ranked(
        [ranked.relevant[row] for row in rows],
        {name: [lists[row] for row in rows] for name, lists in ranked.rankings.items()},
    )


def confidence_result(confidence: Floats, correct: NDArray[np.bool_]) -> ConfidenceResult:
    """How far these confidences, in [0, 1], can be trusted."""
    return ConfidenceResult(
        len(confidence),
        calibration_with_interval(confidence, correct),
        coverage_with_interval(confidence, correct),
        tuple(reliability(confidence, correct)),
        tuple(coverage_curve(confidence, correct)),
    )


def retrieval_json(result: RetrievalResult) -> Json:
    """`{"engine": {"R@1": ...}, "lexical": ..., "dense": ..., "rrf": ...}` and what is beside."""
    return {
        **ranking_json(result.total),
        "coverage@95": _round(result.confidence.coverage.value),
        "ECE": {lang: _round(c.error.value) for lang, c in result.confidences.items()},
        "languages": {lang: ranking_json(part) for lang, part in result.languages.items()},
        "name": result.name,
        "documents": result.documents,
        "passages": result.passages,
        "skipped": result.skipped,
        **_beside(result),
    }


def known_json(result: KnownResult) -> Json:
    """`{"AUROC": ..., "coverage@95": ..., "ECE": {language: ...}}` and what is beside."""
    intervals: Json = {"AUROC": _ends(result.area), "coverage@95": _ends(result.coverage)}
    found: Json = {
        "AUROC": _round(result.area.value),
        "coverage@95": _round(result.coverage.value),
        "answered_known@95": _round(result.answered.value),
        "ECE": {lang: _round(c.error.value) for lang, c in result.confidences.items()},
        "against": {kind: _round(figure.value) for kind, figure in result.groups.items()},
        "n": result.n,
        "known": result.positive,
        "name": result.name,
        "intervals": intervals,
        **_beside(result),
    }
    if result.asks_area is not None:
        found["asks"] = {"AUROC": _round(result.asks_area.value)}
        intervals["asks"] = {"AUROC": _ends(result.asks_area)}
    return found


def cross_json(result: CrossResult) -> Json:
    """The pairs of two languages, `matrix` (R@1 of the engine) and `mixed`."""
    return {
        **ranking_json(result.pairs),
        "matrix": _matrix(result.matrix[ENGINE]),
        "matrices": {name: _matrix(m) for name, m in result.matrix.items()},
        "cross": {name: _round(figure.value) for name, figure in result.across.items()},
        "cross_intervals": {name: _ends(figure) for name, figure in result.across.items()},
        "lead_over_dense": {"R@1": _round(result.lead.value), "interval": _ends(result.lead)},
        "mixed": ranking_json(result.mixed),
        "mixed_languages": {k: ranking_json(v) for k, v in result.mixed_languages.items()},
        "name": result.name,
        **_beside(result),
    }


def ranking_json(result: RankingResult) -> Json:
    """Values by system, then `n`, `intervals` and the lead over the best baseline."""
    return {
        **{
            name: {metric: _round(figure.value) for metric, figure in own.items()}
            for name, own in result.systems.items()
        },
        "n": result.n,
        "intervals": {
            name: {metric: _ends(figure) for metric, figure in own.items()}
            for name, own in result.systems.items()
        },
        "lead": {
            metric: {
                "over": result.best[metric],
                "value": _round(figure.value),
                "interval": _ends(figure),
            }
            for metric, figure in result.lead.items()
        },
    }


def _values(ranked: Ranked, name: str) -> dict[str, Floats]:
    gains, ideal = gains_of(ranked.rankings[name], ranked.relevant)
    values = ranking_values(gains, ideal)
    counts = np.array([len(judged) for judged in ranked.relevant], dtype=np.float64)
    if (counts > 1).any():
        values["recall@10"] = recall_at(gains, counts, 10)
    return values


def _matrix(matrix: Mapping[str, Mapping[str, Figure]]) -> Json:
    return {
        asked: {corpus: _round(figure.value) for corpus, figure in row.items()}
        for asked, row in matrix.items()
    }


def _beside(result: RetrievalResult | KnownResult | CrossResult) -> Json:
    return {
        "settings": dict(result.settings),
        "versions": dict(result.versions),
        "seconds": round(result.seconds, 1),
    }


def _ends(figure: Figure) -> list[float]:
    return [_round(figure.low), _round(figure.high)]


def _round(value: float) -> float:
    return round(value, 4)
