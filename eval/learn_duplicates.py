"""Learn how surely a candidate is a duplicate: `python -m eval.learn_duplicates DATA`.

Asks the development halves of the sets of `eval.duplicate_sets`. Each candidate is right or wrong;
a logistic regression on its figures learns how likely it is right, one for each pool and length
of text, all sets counting the same, then a term for each pair of languages. The threshold is the
lowest at which the share of right candidates above it, as a mean over the sets, reaches
`PRECISION`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from eval.duplicate_sets import read_sets
from eval.logistic import Floats, fit_logistic, fit_offset, sigmoid
from eval.progress import Progress
from eval.runs.duplicates import Answer, run_duplicates
from eval.runs.setup import open_setup
from eval.splits import Split
from kb.assist.duplicates import NAMES
from kb.config import get_settings

TARGET = Path("kb/assist/weights/duplicates.json")
PRECISION = 0.85
RIDGE = 0.1
PAIR_RIDGE = 5.0
FEWEST = 50  # candidates of a pair of languages with a term of its own
LEAST = 0.5  # what is called likely is so at least
NEVER = 0.99  # threshold where none gives the precision


def main() -> None:
    """Write `kb/assist/weights/duplicates.json`."""
    progress = Progress(Console(stderr=True))
    setup = open_setup(get_settings(), progress)
    answers = [
        answer
        for one in read_sets(Path(sys.argv[1]), setup.languages, Split.dev)
        for answer in run_duplicates(one, setup, progress)
    ]
    TARGET.write_text(json.dumps(learned(answers), indent=1) + "\n", "utf-8")


def learned(answers: Sequence[Answer]) -> dict[str, dict[str, object]]:
    """The weights by model. Where a model saw one language only, other pairs borrow their terms."""
    found = {}
    for model in sorted({answer.model for answer in answers}):
        found[model] = _learn([answer for answer in answers if answer.model == model])
    for model, weights in found.items():
        if not weights["pairs"]:
            lender = found[model.replace("case", "article")]
            weights["pairs"], weights["other"] = lender["pairs"], lender["other"]
    return found


def _learn(answers: Sequence[Answer]) -> dict[str, object]:
    rows = [(answer, p) for answer in answers for p in answer.engine]
    figures = np.array([p.figures for _, p in rows], dtype=np.float64)
    right = np.array([p.right for _, p in rows], dtype=np.float64)
    sets = np.array([answer.set for answer, _ in rows])
    names, counts = np.unique(sets, return_counts=True)
    share = {
        name: len(rows) / len(names) / count for name, count in zip(names, counts, strict=True)
    }
    weights = fit_logistic(figures, right, np.array([share[s] for s in sets]), RIDGE)
    logits = figures @ weights[:-1] + weights[-1]
    pair_of = np.array([f"{answer.language}>{p.language}" for answer, p in rows])
    pairs: dict[str, float] = {}
    if len(set(pair_of)) > 1:
        for pair in sorted(set(pair_of)):
            chosen = pair_of == pair
            if chosen.sum() >= FEWEST:
                pairs[pair] = round(fit_offset(logits[chosen], right[chosen], PAIR_RIDGE), 4)
    crossed = [value for pair, value in pairs.items() if len(set(pair.split(">"))) == 2]
    chances = sigmoid(logits + np.array([pairs.get(pair, 0.0) for pair in pair_of]))
    return {
        "intercept": round(float(weights[-1]), 4),
        "weights": {n: round(float(w), 4) for n, w in zip(NAMES, weights[:-1], strict=True)},
        "pairs": pairs,
        "same": 0.0,
        "other": round(float(np.mean(crossed)) if crossed else 0.0, 4),
        "threshold": _threshold(chances, right, sets),
    }


def _threshold(chances: Floats, right: Floats, sets: NDArray[np.str_]) -> float:
    for threshold in np.arange(LEAST, NEVER, 0.01):
        shown = chances >= threshold
        means = [
            right[shown & (sets == s)].mean() for s in set(sets) if (shown & (sets == s)).any()
        ]
        if means and np.mean(means) >= PRECISION:
            return round(float(threshold), 2)
    return NEVER


if __name__ == "__main__":
    main()
