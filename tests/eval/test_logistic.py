"""Logistic regression and its figures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from eval.logistic import (
    auroc,
    calibration_error,
    fit_logistic,
    fit_offset,
    out_of_fold,
    platt,
    sigmoid,
)


def test_a_known_relation_is_found_again() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20_000, 2))
    labels = (rng.random(20_000) < sigmoid(features @ [2.0, -1.0] + 0.5)).astype(float)
    found = fit_logistic(features, labels, np.ones(20_000), ridge=1e-6)
    assert found == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def test_platt_makes_overconfident_logits_honest() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=20_000)
    labels = rng.random(20_000) < sigmoid(truth)
    slope, offset = platt(truth * 4, labels.astype(float), np.ones(20_000))
    assert (slope, offset) == pytest.approx((0.25, 0.0), abs=0.05)
    assert calibration_error(sigmoid(truth * 4), labels) > 0.1
    assert calibration_error(sigmoid(slope * truth * 4 + offset), labels) < 0.02


def test_an_offset_makes_the_mean_chance_the_share_that_was_right() -> None:
    logits, labels = np.array([-2.0, -0.5, 0.0, 1.5]), np.array([0.0, 1.0, 1.0, 1.0])
    free = fit_offset(logits, labels, ridge=0.0)
    assert sigmoid(logits + free).mean() == pytest.approx(0.75)
    assert fit_offset(np.zeros(4), labels, ridge=0.0) == pytest.approx(np.log(3))
    held = fit_offset(logits, labels, ridge=5.0)  # where the pull of the rows and the ridge's meet
    assert float((labels - sigmoid(logits + held)).sum()) == pytest.approx(5.0 * held)
    assert 0 < held < free


def test_auroc_counts_ties_half() -> None:
    labels = np.array([False, True, True, False])
    assert auroc(np.array([0.1, 0.9, 0.5, 0.5]), labels) == 0.875
    assert np.isnan(auroc(np.array([0.1, 0.9]), np.array([True, True])))


def test_every_row_is_scored_once_by_a_model_that_did_not_see_it() -> None:
    seen: list[int] = []

    def score(held: np.ndarray) -> np.ndarray:
        seen.append(int(held.sum()))
        return np.flatnonzero(held).astype(float)

    assert out_of_fold(11, 5, 3, score).tolist() == list(range(11))
    assert sum(seen) == 11
    assert len(seen) == 5
