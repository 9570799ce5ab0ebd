"""BM25 by hand, and fusion."""

from __future__ import annotations

import math

import numpy as np

from eval.runs.baselines import fuse
from eval.runs.bm25 import Bm25


def test_scores_by_hand() -> None:
    index = Bm25([["parcel", "late", "parcel"], ["refund"], ["parcel", "refund"]])
    # N = 3, mean length 2; "parcel" stands in 2 pages, "late" in 1.
    parcel, late = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
    first = parcel * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 1.5))
    first += late * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1.5))
    third = parcel * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1.0))
    np.testing.assert_allclose(index.scores(["parcel", "late", "unknown"]), [first, 0.0, third])


def test_a_term_asked_twice_counts_twice() -> None:
    index = Bm25([["a", "b"], ["b"]])
    np.testing.assert_allclose(index.scores(["a", "a"]), 2 * index.scores(["a"]))


def test_no_pages_give_no_scores() -> None:
    assert Bm25([]).scores(["a"]).shape == (0,)


def test_fusion_adds_reciprocal_ranks() -> None:
    # b: 1/62 + 1/61; a: 1/61; c: 1/62 + 1/63
    assert fuse([["a", "b", "c"], ["b", "c"]]) == ["b", "c", "a"]
    assert fuse([[], []]) == []
