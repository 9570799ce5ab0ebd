"""What a sidebar did at a turn, and whether that was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from eval.replay.dialogs import Said


class Verdict(StrEnum):
    """`stands`: nothing is asked, and the answer to what was asked before stays as it was."""

    rightly_silent = "rightly silent"
    stands = "silent, the answer before stands"
    rightly_speaks = "rightly speaks"
    wrongly_speaks = "wrongly speaks"
    wrongly_silent = "wrongly silent"
    wrong_answer = "speaks with a wrong answer"


GOOD = frozenset({Verdict.rightly_silent, Verdict.stands, Verdict.rightly_speaks})


@dataclass(frozen=True, slots=True)
class Shown:
    """`best`: the data's id of the first article, also of one that is held back; `nothing`: why
    nothing is suggested. `says` is equal for articles that say the same. `asks` and `confidence`
    are the engine's own figures."""

    best: str | None
    nothing: str | None
    asks: float
    confidence: float
    says: str | None = None

    @property
    def answer(self) -> str | None:
        """What the agent is shown first."""
        return self.best if self.nothing is None else None

    @property
    def said(self) -> str | None:
        """What it says."""
        return None if self.answer is None else self.says or self.answer


@dataclass(frozen=True, slots=True)
class Judged:
    """One turn: the interaction API beside the offline evaluation.

    `live` and `same` know what was said before; `live_alone` and `alone` hear the turn alone,
    as the offline evaluation does. `live_before` and `same_before` are what the answers said that
    stood.
    """

    said: Said
    live: Shown
    same: Shown
    live_alone: Shown
    alone: Shown
    live_before: str | None = None
    same_before: str | None = None


def verdict(said: Said, shown: Shown, before: str | None = None) -> Verdict:
    """Of one turn; `before` is what the answer said that was shown before it."""
    if said.should_speak:
        if shown.answer is None:
            return Verdict.wrongly_silent
        return Verdict.rightly_speaks if shown.answer in said.right else Verdict.wrong_answer
    if shown.answer is None:
        return Verdict.rightly_silent
    return Verdict.stands if shown.said == before else Verdict.wrongly_speaks


def counted(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How often each, all of them."""
    counts = Counter(verdicts)
    return {kind: counts[kind] for kind in Verdict}
