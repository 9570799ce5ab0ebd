"""What was found of what is there, span by span.

A true span is *found* when every letter and digit of it is covered, whatever kind was said: that
is what keeps it from readers. A span that was said is *right* when its letters and digits lie in
true spans: all of them for numbers, at least half for addresses and names, whose ends are a
matter of taste.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

from eval.personal.fill import Text
from kb.text.redact import PersonalKind, PersonalSpan, find_personal

WORDED = frozenset({PersonalKind.address, PersonalKind.name})
STRUCTURED = tuple(kind for kind in PersonalKind if kind not in WORDED)
_Z = 1.959964  # 97.5 % of the normal distribution


@dataclass(frozen=True, slots=True)
class Outcome:
    """One span, true or said, and whether it was found or right; `same`: and of that kind."""

    language: str
    template: int
    kind: PersonalKind
    known: bool
    good: bool
    same: bool
    shown: str  # the span in its text, for the list of misses


@dataclass(frozen=True, slots=True)
class Measured:
    """All true spans and all said ones of a set of texts."""

    texts: int
    characters: int
    empty: int  # texts without personal data
    empty_hit: int  # of them, those in which something was said
    true: list[Outcome] = field(default_factory=list)
    said: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Share:
    """good of count, with a 95 % interval."""

    good: int
    count: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.good / self.count if self.count else 0.0


def measure(texts: Iterable[Text]) -> Measured:
    """Run redaction over the texts, in the language and with the names of each."""
    true: list[Outcome] = []
    said: list[Outcome] = []
    count = characters = empty = empty_hit = 0
    for text in texts:
        spans = find_personal(text.text, text.language, names=text.names)
        count, characters = count + 1, characters + len(text.text)
        empty += not text.truths
        empty_hit += bool(spans and not text.truths)
        true += _true(text, spans)
        said += _said(text, spans)
    return Measured(count, characters, empty, empty_hit, true, said)


def share(outcomes: Iterable[Outcome], *, same: bool = False) -> Share:
    """How many are good, with Wilson's interval.

    Texts of one template are alike, so the count is first divided by Kish's design effect, the
    variance between templates by that of independent spans (at least 1).
    """
    groups: dict[tuple[str, int], list[bool]] = {}
    for outcome in outcomes:
        good = outcome.good and (outcome.same or not same)
        groups.setdefault((outcome.language, outcome.template), []).append(good)
    count = sum(map(len, groups.values()))
    right = sum(sum(group) for group in groups.values())
    if not count:
        return Share(0, 0, 0.0, 1.0)
    p = right / count
    effect = 1.0
    if 0 < p < 1 and len(groups) > 1:
        between = sum((sum(group) - p * len(group)) ** 2 for group in groups.values())
        between *= len(groups) / (len(groups) - 1) / count**2
        effect = max(1.0, between / (p * (1 - p) / count))
    return Share(right, count, *_wilson(p, count / effect))


def _wilson(p: float, n: float) -> tuple[float, float]:
    """The score interval of Wilson (1927)."""
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _true(text: Text, spans: Iterable[PersonalSpan]) -> Iterable[Outcome]:
    covered = {place: span.kind for span in spans for place in range(span.start, span.end)}
    for truth in text.truths:
        places = _solid(text.text, truth.span)
        good = all(place in covered for place in places)
        same = good and all(covered[place] == truth.span.kind for place in places)
        shown = _shown(text, truth.span, spans)
        yield Outcome(text.language, text.template, truth.span.kind, truth.known, good, same, shown)


def _said(text: Text, spans: Iterable[PersonalSpan]) -> Iterable[Outcome]:
    truths = [truth.span for truth in text.truths]
    held = {place: span.kind for span in truths for place in range(span.start, span.end)}
    for span in spans:
        places = _solid(text.text, span)
        inside = [place for place in places if place in held]
        good = len(inside) >= (len(places) / 2 if span.kind in WORDED else len(places))
        same = good and all(held[place] == span.kind for place in inside)
        shown = _shown(text, span, truths)
        yield Outcome(text.language, text.template, span.kind, False, good, same, shown)


def _solid(text: str, span: PersonalSpan) -> list[int]:
    return [place for place in range(span.start, span.end) if text[place].isalnum()]


def _shown(text: Text, span: PersonalSpan, others: Iterable[PersonalSpan]) -> str:
    """A span between the words around it, with what the other side has of it."""
    around = text.text[max(0, span.start - 25) : span.start], text.text[span.end : span.end + 20]
    inside = text.text[span.start : span.end]
    met = [
        text.text[other.start : other.end]
        for other in others
        if other.start < span.end and span.start < other.end
    ]
    beside = f" [{' | '.join(met)}]" if met and met != [inside] else ""
    return f"{around[0]}⟨{inside}⟩{around[1]}{beside}".replace("\n", "⏎")
