"""Groups of solved cases that say the same and that no article answers: what is worth writing.

Made of the stored vectors alone, so that ten thousand cases need no encoder and a second or two.
Greedy and deterministic: the case with the most others near it is the middle of the first group,
which takes them all; then the same among those that are left. How near is near is told by the
cases themselves: short texts of one trade are nearer to each other than long ones of many, so the
bar is so many spreads above the median cosine (measured in docs/authoring.md).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from kb.assist.duplicates import Duplicate, Wanted, find_duplicates
from kb.domain import Audience, Facets, Part, Pool
from kb.ports import Vectors
from kb.queries.unlinked import PARTS, UnlinkedCase, case_lines, unlinked_cases
from kb.search.centre import Means, unit
from kb.search.search import Searcher

SPREADS = 5.0  # above the usual cosine of two cases, from which two say the same
LEAST_NEAR, MOST_NEAR = 0.4, 0.85
SMALL = 30  # cases of which nothing is usual yet
SMALL_NEAR = 0.5
SAMPLE = 20_000  # pairs looked at to tell what is usual
FEWEST = 2  # cases of a group
BLOCK = 1024  # rows compared at a time
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Which groups are wanted. `answered`: also such that an article seems to answer."""

    scope: Facets
    reader: Audience = Audience.internal
    fewest: int = FEWEST
    limit: int = 20
    answered: bool = False


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a line: its subject as it may be shown."""

    id: str
    language: str
    subject: str


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases with the same problem, the middle one first, then the nearest to it.

    `closeness` is the mean cosine to the middle; `articles` what comes nearest among articles.
    """

    cases: tuple[CaseLine, ...]
    closeness: float
    articles: tuple[Duplicate, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({case.language for case in self.cases}))


def propose_groups(
    session: Session, searcher: Searcher, model_id: str, query: GroupQuery
) -> tuple[list[CaseGroup], int]:
    """The largest groups first, at most `query.limit`, and how many cases no article is linked to.

    Raises DatabaseError.
    """
    means = searcher.index.seen_by(session).means
    cases = unlinked_cases(session, model_id, query.scope)
    vectors = case_vectors(cases, means)
    groups = group_rows(vectors, near=usual_bar(vectors), fewest=query.fewest)
    found: list[CaseGroup] = []
    for rows in groups:
        if len(found) >= query.limit:
            break
        nearest = _articles(searcher, cases[rows[0]], query)
        if query.answered or not any(one.likely for one in nearest):
            lines = case_lines(session, [cases[row].id for row in rows])
            found.append(
                CaseGroup(
                    tuple(
                        CaseLine(cases[row].id, cases[row].language, lines[cases[row].id])
                        for row in rows
                    ),
                    float((vectors[rows[1:]] @ vectors[rows[0]]).mean()),
                    nearest,
                )
            )
    return found, len(cases)


def case_vectors(cases: Sequence[UnlinkedCase], means: Means) -> Vectors:
    """Shape (cases, dim): what a case asks and what solved it, centred, of length 1."""
    if not cases:
        return np.zeros((0, 1), np.float32)
    total = np.zeros((len(cases), len(cases[0].asked)), np.float32)
    for part in PARTS:
        kind = "passage" if part == Part.resolution else "query"
        for language in sorted({case.language for case in cases}):
            rows = [n for n, c in enumerate(cases) if c.language == language and part in c.vectors]
            if rows:
                raw = np.stack([cases[row].vectors[part] for row in rows])
                total[rows] += means.centred(raw, kind, language)
    return unit(total)


def usual_bar(vectors: Vectors) -> float:
    """The cosine from which two of these say the same, told by what is usual among them."""
    count = len(vectors)
    if count < SMALL:
        return SMALL_NEAR
    # The same pairs each time, spread over all: steps that share no factor with most counts.
    first = np.arange(SAMPLE) * 7919 % count
    second = (first + 1 + np.arange(SAMPLE) * 104_729 % (count - 1)) % count
    cosines = np.einsum("ij,ij->i", vectors[first], vectors[second])
    median, low = np.quantile(cosines, [0.5, 0.16])
    return float(np.clip(median + SPREADS * (median - low), LEAST_NEAR, MOST_NEAR))


def group_rows(vectors: Vectors, *, near: float, fewest: int = FEWEST) -> list[Rows]:
    """Rows of each group, its middle first, the others by nearness; the largest group first.

    Ties go to the lower row: the same vectors give the same groups.
    """
    neighbours = _neighbours(vectors, near)
    free = np.ones(len(vectors), np.bool_)
    queue = [(-len(found), row) for row, found in enumerate(neighbours)]
    heapq.heapify(queue)
    groups: list[Rows] = []
    while queue:
        size, row = heapq.heappop(queue)
        if not free[row] or -size < fewest:
            continue
        members = neighbours[row][free[neighbours[row]]]
        if len(members) < -size:  # some were taken meanwhile: wait for its turn again
            heapq.heappush(queue, (-len(members), row))
            continue
        free[members] = False
        others = members[members != row]
        order = np.lexsort((others, -(vectors[others] @ vectors[row])))
        groups.append(np.concatenate([[row], others[order]]).astype(np.int64))
    return groups


def _neighbours(vectors: Vectors, near: float) -> list[Rows]:
    """Of each row the rows at least so near to it, itself among them, in order."""
    if not len(vectors):
        return []
    pairs = [np.zeros((2, 0), np.int64)]
    for start in range(0, len(vectors), BLOCK):
        # Each pair is compared once: with the rows of the block and those after it.
        block = vectors[start : start + BLOCK] @ vectors[start:].T
        rows, columns = np.nonzero(block >= near)
        once = np.stack([rows, columns])[:, columns > rows] + start
        pairs += [once, once[::-1]]
    itself = np.arange(len(vectors))
    first, second = np.concatenate([*pairs, np.stack([itself, itself])], axis=1)
    order = np.lexsort((second, first))
    ends = np.searchsorted(first[order], np.arange(1, len(vectors)))
    return [part.astype(np.int64) for part in np.split(second[order], ends)]


def _articles(searcher: Searcher, case: UnlinkedCase, query: GroupQuery) -> tuple[Duplicate, ...]:
    """The articles nearest to the middle of a group, by its stored vector."""
    wanted = Wanted(
        case.text,
        case.language,
        reader=query.reader,
        pools=frozenset({Pool.article}),
        scope=query.scope,
        limit=3,
    )
    return find_duplicates(searcher, wanted, np.stack([case.asked, case.asked]))
