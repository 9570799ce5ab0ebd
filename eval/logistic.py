"""Logistic regression, its calibration and its figures, in numpy alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fit_logistic(
    features: Floats, labels: Floats, weights: Floats, ridge: float, steps: int = 30
) -> Floats:
    """Weights (d + 1,), the bias last, by iteratively reweighted least squares.

    `features` (n, d), `labels` (n,) in [0, 1], `weights` (n,) of the rows; `ridge` is the L2
    penalty on all but the bias, in units of a row's weight.
    """
    design = np.hstack([features, np.ones((len(features), 1))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-9
    found = np.zeros(design.shape[1])
    for _ in range(steps):
        chance = sigmoid(design @ found)
        spread = weights * np.maximum(chance * (1 - chance), 1e-6)
        gradient = design.T @ (weights * (labels - chance)) - penalty * found
        hessian = (design * spread[:, None]).T @ design
        hessian[np.diag_indices_from(hessian)] += penalty
        step = np.linalg.solve(hessian, gradient)
        found += step
        if np.abs(step).max() < 1e-6:
            break
    return found


def platt(logits: Floats, labels: Floats, weights: Floats) -> tuple[float, float]:
    """Slope and offset that make sigmoid(slope * logit + offset) a probability (Platt, 1999)."""
    slope, offset = fit_logistic(logits[:, None], labels, weights, ridge=1e-6)
    return float(slope), float(offset)


def fit_offset(logits: Floats, labels: Floats, ridge: float) -> float:
    """What to add to the logits (n,) so that their mean chance is the mean of `labels` (n,).

    Labels are in [0, 1]. By Newton's method on the log-likelihood; `ridge` is the L2 penalty on
    the offset, in rows, and holds it near zero while there are few of them.
    """
    offset = 0.0
    for _ in range(50):
        chance = sigmoid(logits + offset)
        slope = float((chance * (1 - chance)).sum()) + ridge
        step = (float((labels - chance).sum()) - ridge * offset) / slope
        offset += step
        if abs(step) < 1e-6:
            break
    return offset


def sigmoid(logits: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(logits, -40, 40)))


def auroc(scores: Floats, labels: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (Mann-Whitney, ties count half); nan without both classes."""
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    total = ranks[labels].sum() - positives * (positives + 1) / 2
    return float(total / (positives * negatives))


def calibration_error(chances: Floats, labels: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over `bins` bins of equal width."""
    which = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [
        abs(float(chances[rows].mean() - labels[rows].mean())) * int(rows.sum())
        for rows in (which == bin_ for bin_ in range(bins))
        if rows.any()
    ]
    return sum(gaps) / len(chances)


def out_of_fold(
    count: int, folds: int, seed: int, score: Callable[[NDArray[np.bool_]], Floats]
) -> Floats:
    """Scores of every row by models that did not see it.

    `score(held)` fits on the rows where `held` is False and gives the scores of those where it
    is True.
    """
    fold = np.random.default_rng(seed).permutation(count) % folds
    scores = np.zeros(count)
    for number in range(folds):
        held = fold == number
        scores[held] = score(held)
    return scores
