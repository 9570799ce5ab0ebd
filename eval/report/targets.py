"""What should be reached, and whether it is: computed from the results, never typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.results import ENGINE, CrossResult, KnownResult, RankingResult, RetrievalResult

Result = RetrievalResult | KnownResult | CrossResult

CLEAR_LEAD = 0.03
CROSS_LEAD = 0.10
ENTITY_R1 = 0.85
KNOWN_AREA = 0.90
EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for, what was found, and whether that is enough."""

    asked: str
    found: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Contest:
    """The engine against the others on one set in one language."""

    name: str
    language: str
    result: RankingResult

    @property
    def lead(self) -> float:
        """R@1 of the engine less that of the best of the others."""
        return self.result.lead["R@1"].value


def contests(results: Sequence[Result]) -> list[Contest]:
    """Every retrieval set in every language."""
    found = []
    for result in results:
        if isinstance(result, RetrievalResult):
            parts = dict(result.languages)
            if not parts or sum(part.n for part in parts.values()) < result.total.n / 2:
                parts = {"all": result.total}
            found += [Contest(set_name(result), tag, part) for tag, part in parts.items()]
    return found


def set_name(result: Result) -> str:
    """The folder, and how it was asked where that is not the usual way."""
    mode = result.settings.get("mode", "open")
    name = result.name if mode == "open" else f"{result.name}, entity known"
    base = result.settings.get("base", "")
    return f"{name}, {base}" if base else name


def check_targets(results: Sequence[Result]) -> list[Target]:
    """Those targets that the results have something to say about."""
    return [*_leads(contests(results)), *_entities(results), *_across(results), *_silence(results)]


def _leads(found: Sequence[Contest]) -> Iterator[Target]:
    if not found:
        return
    behind = [one for one in found if one.lead < -EVEN]
    names = ", ".join(f"{one.name} {one.language} ({100 * one.lead:+.1f})" for one in behind)
    yield Target(
        "R@1 at least that of the best of lexical, dense and RRF on every set and language",
        f"on {len(found) - len(behind)} of {len(found)}"
        + (f"; behind on {names}" if names else ""),
        not behind,
    )
    clear = [one for one in found if one.lead >= CLEAR_LEAD - EVEN]
    yield Target(
        f"better by {100 * CLEAR_LEAD:.0f} points of R@1 or more on most sets and languages",
        f"on {len(clear)} of {len(found)}",
        2 * len(clear) > len(found),
    )


def _entities(results: Sequence[Result]) -> Iterator[Target]:
    for result in results:
        if isinstance(result, RetrievalResult) and result.settings.get("mode") == "entity":
            value = result.total.value(ENGINE)
            asked = f"{result.name} with the entity known: R@1 >= {ENTITY_R1:.2f}"
            yield Target(asked, f"{value:.3f}", value >= ENTITY_R1)


def _across(results: Sequence[Result]) -> Iterator[Target]:
    for result in results:
        if isinstance(result, CrossResult):
            pairs = len(result.languages) * (len(result.languages) - 1)
            lead = result.lead.value
            yield Target(
                f"{result.name} across languages: R@1, mean of the {pairs} pairs, at least"
                f" {100 * CROSS_LEAD:.0f} points above raw dense",
                f"{result.across[ENGINE].value:.3f} against {result.across['dense'].value:.3f}"
                f" ({100 * lead:+.1f})",
                lead >= CROSS_LEAD - EVEN,
            )


def _silence(results: Sequence[Result]) -> Iterator[Target]:
    for result in results:
        if isinstance(result, KnownResult):
            value = result.area.value
            asked = f"{set_name(result)}: AUROC of an answer being known >= {KNOWN_AREA:.2f}"
            yield Target(asked, f"{value:.3f}", value >= KNOWN_AREA)
