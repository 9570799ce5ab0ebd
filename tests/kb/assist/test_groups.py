"""Groups of vectors: the same each time, the largest first, nobody in two."""

from __future__ import annotations

import numpy as np

from kb.assist.groups import BLOCK, group_rows, usual_bar
from kb.ports import Vectors
from kb.search.centre import unit


def clusters(sizes: tuple[int, ...], noise: int = 0) -> Vectors:
    """Around one direction each, then what stands alone."""
    rng = np.random.default_rng(3)
    middles = unit(rng.normal(size=(len(sizes) + noise, 64)).astype(np.float32))
    counts = [*sizes, *([1] * noise)]
    rows = np.repeat(middles, counts, axis=0)
    return unit((rows + 0.03 * rng.normal(size=rows.shape)).astype(np.float32))


def test_groups_are_found_across_blocks() -> None:
    vectors = clusters((3, 5, 2), noise=BLOCK)
    mixed = np.random.default_rng(1).permutation(len(vectors))
    groups = group_rows(vectors[mixed], near=usual_bar(vectors))
    assert [len(group) for group in groups] == [5, 3, 2]
    assert {int(row) for row in mixed[groups[0]]} == {3, 4, 5, 6, 7}
    assert {int(row) for row in mixed[groups[1]]} == {0, 1, 2}


def test_the_middle_comes_first_and_then_the_nearest() -> None:
    vectors = clusters((6,), noise=40)
    (group,) = group_rows(vectors, near=0.6)
    cosines = vectors[group[1:]] @ vectors[group[0]]
    assert list(cosines) == sorted(cosines, reverse=True)
    assert len(set(group.tolist())) == 6


def test_small_groups_are_left_out_and_nothing_gives_nothing() -> None:
    vectors = clusters((4, 2), noise=30)
    assert [len(g) for g in group_rows(vectors, near=0.7, fewest=3)] == [4]
    assert group_rows(vectors[:0], near=0.7) == []
    assert group_rows(vectors, near=0.7)[0].tolist() == group_rows(vectors, near=0.7)[0].tolist()


def test_what_is_near_is_told_by_what_is_usual() -> None:
    loose = clusters((1,), noise=200)
    shared = unit(loose + loose.mean(axis=0) + unit(loose[:1]) * 0.8)
    assert usual_bar(shared) > usual_bar(loose)
    assert usual_bar(loose[:5]) == 0.5
