"""Runs of digits in groups, as people write long numbers: where each group stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_GROUP = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Run:
    """Groups of digits one after the other, none cut; places are those of the text."""

    text: str
    start: int
    groups: tuple[str, ...]
    ends: tuple[int, ...]  # of each group
    starts: tuple[int, ...]

    def digits(self, count: int) -> str:
        """The digits of the first `count` groups."""
        return "".join(self.groups[:count])

    def between(self, place: int) -> str:
        """What stands before the group at `place` and after the one before it."""
        return self.text[self.ends[place - 1] : self.starts[place]]

    def enough(self, least: int) -> int:
        """The end of the first groups with that many digits, and what hangs on to them.

        Without that many digits the end of them all.
        """
        total = 0
        for place, group in enumerate(self.groups):
            if total >= least and " " in self.between(place):
                return self.ends[place - 1]
            total += len(group)
        return self.ends[-1]


def run_of(match: re.Match[str], least: int = 1) -> Run | None:
    """The groups of a match; a last group that goes on after the match is left out."""
    text, end = match.string, match.end()
    found = list(_GROUP.finditer(text, match.start(), end))
    if end < len(text) and found and found[-1].end() == end and text[end].isalnum():
        found.pop()
    if sum(len(group[0]) for group in found) < least:
        return None
    return Run(
        text,
        opened(text, match.start()),
        tuple(group[0] for group in found),
        tuple(group.end() for group in found),
        tuple(group.start() for group in found),
    )


def opened(text: str, start: int) -> int:
    """Where a number begins, with the plus and the bracket before its first digit."""
    first = start
    while start > max(0, first - 2) and text[start - 1] in "+(":
        start -= 1
    return start


def scan(
    pattern: re.Pattern[str], text: str, accept: Callable[[re.Match[str]], int]
) -> Iterator[tuple[int, int]]:
    """Matches that are accepted, cut to the end that `accept` names (0: not accepted).

    After a match that is not accepted the search goes on with its second group, so that a number
    is found behind another one. Each place is tried once.
    """
    place = 0
    while (match := pattern.search(text, place)) is not None:
        if end := accept(match):
            yield match.start(), end
            place = end
        else:
            group = _GROUP.search(text, match.start())
            place = group.end() if group else match.end()
