"""The editors' list of likely duplicates, on articles of which it is known which say the same."""

from __future__ import annotations

from dataclasses import dataclass

from eval.pair_sets import PairSet
from eval.progress import Progress
from eval.runs.base import temporary_base
from eval.runs.setup import Setup
from kb.assist.article_pairs import MOST_PAIRS, likely_pairs
from kb.domain import Pool

EVERY = 1_000_000  # pairs: the list without its end


@dataclass(frozen=True, slots=True)
class PairList:
    """What the list shows, the nearest first: whether each pair is `right`.

    `known` is how many pairs there are.
    """

    articles: int
    known: int
    right: tuple[bool, ...]

    @property
    def shown(self) -> int:
        """Pairs that an editor sees."""
        return min(len(self.right), MOST_PAIRS)

    @property
    def precision(self) -> float:
        """Of those, the share that is right; 1 where none is shown."""
        return sum(self.right[: self.shown]) / self.shown if self.shown else 1.0

    @property
    def found(self) -> float:
        """Of all that there are, the share that is shown."""
        return sum(self.right[: self.shown]) / self.known if self.known else 1.0

    @property
    def r_precision(self) -> float:
        """Of the first pairs, as many as there are right ones, the share that is right."""
        return sum(self.right[: self.known]) / self.known if self.known else 1.0


def run_pairs(one: PairSet, setup: Setup, progress: Progress) -> PairList:
    """The list that the desk shows of these articles, in a base of its own."""
    progress.say(f"{one.name}: {len(one.documents)} articles, {len(one.pairs)} pairs")
    with temporary_base(one.documents, Pool.article, setup, progress) as base:
        with base.sessions() as session:
            found = likely_pairs(session, base.searcher, {}, most=EVERY)
        named = [frozenset({base.names[pair.first], base.names[pair.second]}) for pair in found]
        right = tuple(pair in one.pairs for pair in named)
        return PairList(len(base.names), len(one.pairs), right)
