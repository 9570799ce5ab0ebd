"""Figures against ir-measures, scikit-learn's definitions and values worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, R, Success, nDCG

from eval.metrics import (
    Floats,
    auroc,
    auroc_with_interval,
    calibration_error,
    coverage_at,
    coverage_curve,
    coverage_with_interval,
    gains_of,
    mean_with_interval,
    ranking_values,
    recall_at,
    reliability,
)

Relevant = list[dict[str, float]]


def _random_rankings(seed: int, graded: bool) -> tuple[list[list[str]], Relevant]:
    rng = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(40)]
    rankings, relevant = [], []
    for _ in range(60):
        rankings.append([names[i] for i in rng.permutation(40)[: rng.integers(1, 15)]])
        held = rng.choice(names, size=rng.integers(1, 14), replace=False)
        gains = rng.integers(1, 4, len(held)) if graded else np.ones(len(held))
        relevant.append({str(k): float(g) for k, g in zip(held, gains, strict=True)})
    return rankings, relevant


def _reference(
    measures: Sequence[object], rankings: list[list[str]], relevant: Relevant
) -> dict[str, list[float]]:
    qrels = {str(q): {d: int(g) for d, g in held.items()} for q, held in enumerate(relevant)}
    run = {
        str(q): {d: float(len(ranked) - rank) for rank, d in enumerate(ranked)}
        for q, ranked in enumerate(rankings)
    }
    found: dict[str, dict[int, float]] = {}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        found.setdefault(str(metric.measure), {})[int(metric.query_id)] = metric.value
    return {name: [by[q] for q in range(len(rankings))] for name, by in found.items()}


@pytest.mark.parametrize("graded", [False, True])
def test_ranking_figures_are_those_of_ir_measures(graded: bool) -> None:
    rankings, relevant = _random_rankings(3, graded)
    gains, ideal = gains_of(rankings, relevant)
    ours = ranking_values(gains, ideal)
    counts = np.array([len(held) for held in relevant], dtype=float)
    theirs = _reference([Success @ 1, Success @ 5, RR @ 5, nDCG @ 10, R @ 10], rankings, relevant)
    np.testing.assert_allclose(ours["R@1"], theirs["Success@1"])
    np.testing.assert_allclose(ours["R@5"], theirs["Success@5"])
    np.testing.assert_allclose(ours["MRR@5"], theirs["RR@5"])
    np.testing.assert_allclose(ours["nDCG@10"], theirs["nDCG@10"])
    np.testing.assert_allclose(recall_at(gains, counts, 10), theirs["R@10"])


def test_success_is_recall_where_one_document_is_relevant() -> None:
    rankings = [["a", "b"], ["b", "a"], ["c", "d", "e", "f", "g", "a"]]
    relevant: Relevant = [{"a": 1.0}] * 3
    gains, ideal = gains_of(rankings, relevant)
    ours = ranking_values(gains, ideal)
    theirs = _reference([R @ 1, R @ 5], rankings, relevant)
    np.testing.assert_allclose(ours["R@1"], theirs["R@1"])
    np.testing.assert_allclose(ours["R@5"], theirs["R@5"])
    assert ours["R@1"].tolist() == [1.0, 0.0, 0.0]


def test_an_empty_list_scores_nothing() -> None:
    gains, ideal = gains_of([[]], [{"a": 1.0}])
    assert {name: v.tolist() for name, v in ranking_values(gains, ideal).items()} == {
        "R@1": [0.0],
        "R@5": [0.0],
        "MRR@5": [0.0],
        "nDCG@10": [0.0],
    }


def test_auroc_counts_pairs_and_half_of_the_ties() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
    labels = np.array([True, True, False, True, False])
    # pairs: .9 wins 2, .8 ties 1 and wins 1, .3 loses 1 and wins 1
    assert auroc(scores, labels) == pytest.approx((2 + 1.5 + 1) / 6)


def test_auroc_is_the_mann_whitney_statistic() -> None:
    rng = np.random.default_rng(5)
    scores = rng.integers(0, 30, 400) / 30
    labels = rng.random(400) < scores
    positives, negatives = scores[labels], scores[~labels]
    wins = (positives[:, None] > negatives).sum() + (positives[:, None] == negatives).sum() / 2
    assert auroc(scores, labels) == pytest.approx(wins / (len(positives) * len(negatives)))


def test_auroc_of_one_class_says_nothing() -> None:
    assert auroc(np.array([0.1, 0.9]), np.array([True, True])) == 0.5


def test_coverage_answers_from_the_surest_down() -> None:
    scores = np.linspace(1, 0, 40)
    correct = np.ones(40, dtype=bool)
    correct[[10, 30]] = False
    # After 20 answers one is wrong (.95); after 30 one of 30; the 31st makes it 2 of 31 (.935),
    # and 38 right of 40 are .95 again.
    assert coverage_at(scores, correct) == pytest.approx(1.0)
    correct[39] = False
    assert coverage_at(scores, correct) == pytest.approx(30 / 40)


def test_coverage_does_not_part_equal_scores() -> None:
    scores = np.array([0.9, 0.5, 0.5])
    assert coverage_at(scores, np.array([True, True, False])) == pytest.approx(1 / 3)
    assert coverage_at(scores, np.array([False, False, False])) == 0.0


def test_coverage_curve_ends_with_everything_answered() -> None:
    scores = np.linspace(1, 0, 500)
    correct = np.arange(500) < 400
    curve = coverage_curve(scores, correct, points=20)
    assert curve[0] == (pytest.approx(1 / 500), 1.0)
    assert curve[-1] == (1.0, pytest.approx(0.8))
    assert len(curve) <= 22


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.15, 0.15, 1.0])
    correct = np.array([True, False, False, False, True])
    # bin .9-1.0: 3 questions, said .9667, right .6667; bin .1-.2: 2 questions, said .15, right 0
    expected = 3 / 5 * abs(2.9 / 3 - 2 / 3) + 2 / 5 * 0.15
    assert calibration_error(confidence, correct) == pytest.approx(expected)
    bars = reliability(confidence, correct)
    assert [(bar.count, round(bar.correct, 4)) for bar in bars] == [(2, 0.0), (3, 0.6667)]


def test_intervals_hold_the_value_and_shrink_with_more_questions() -> None:
    rng = np.random.default_rng(9)
    few, many = (_with_success(n, rng) for n in (50, 5_000))
    assert many.low < many.value < many.high
    assert few.low <= few.value <= few.high
    assert many.high - many.low < (few.high - few.low) / 3
    # The interval of a share p of n has a half-width of about 1.96 sqrt(p (1 - p) / n).
    expected = 2 * 1.96 * np.sqrt(many.value * (1 - many.value) / 5_000)
    assert many.high - many.low == pytest.approx(expected, rel=0.15)


def test_intervals_are_the_same_in_every_run() -> None:
    scores = np.linspace(0, 1, 200)
    labels = np.arange(200) % 3 == 0
    assert auroc_with_interval(scores, labels) == auroc_with_interval(scores, labels)
    figure = coverage_with_interval(scores, ~labels)
    assert figure.low <= figure.value <= figure.high


def test_bootstrap_of_a_large_set_goes_in_blocks() -> None:
    scores = np.linspace(0, 1, 20_000)
    labels = scores > 0.5
    figure = auroc_with_interval(scores, labels)
    assert (figure.value, figure.low, figure.high) == (1.0, 1.0, 1.0)


def _with_success(count: int, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    values: Floats = (rng.random(count) < 0.7).astype(float)
    return mean_with_interval(values)
