"""Dates, and which of them are dates of birth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.labels import Label
from kb.text.personal.rules import get_labels

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_SEP = r"(?: ?[./\-] ?| )"
DATE = re.compile(
    rf"(?<!\w)(?:{_DAY}{_SEP}{_MONTH}{_SEP}(?:{_YEAR}|\d\d)(?![\d])"
    rf"|{_YEAR}{_SEP}{{1,2}}{_MONTH}{_SEP}{{1,2}}{_DAY}(?!\d))"
)
"""Dates in digits, folded text."""
FULL_DATE = re.compile(
    rf"(?:{_DAY}(?: ?[./\-] ?){_MONTH}(?: ?[./\-] ?)|{_MONTH}/{_DAY}/){_YEAR}(?![\d])"
    rf"|{_YEAR}(?:[./\-] ?|\. ){_MONTH}(?:[./\-] ?|\. ){_DAY}(?!\d)"
)
"""Those that cannot be anything else."""


@lru_cache(maxsize=1)
def _worded() -> re.Pattern[str]:
    month, day = rf"(?:{get_labels().month})\.?", rf"{_DAY}(?:st|nd|rd|th|\.)?"
    return re.compile(
        rf"(?<!\w)(?:{day} ?(?:of )?{month},? ?(?:{_YEAR}|\d\d)(?!\d)"
        rf"|{month} ?{day},? ?{_YEAR}(?!\d)"
        rf"|{_YEAR}\.? ?{month} ?{_DAY}(?!\d)\.?)"
    )


_TAIL = re.compile(r"\.?-?[ae]n(?!\w)")


def find_birth_dates(lower: str, labels: Iterable[Label]) -> Iterator[PersonalSpan]:
    """Dates with a year that a word of birth stands before or after."""
    gaps = get_labels().gap
    for label in labels:
        if label.what == "born_before":
            gap = gaps.match(lower, label.end)
            place = gap.end() if gap else label.end
            if end := _date_end(lower, place):
                yield PersonalSpan(place, end, PersonalKind.birth_date)
        elif label.what == "born_after" and (found := _date_before(lower, label.start)):
            yield PersonalSpan(*found, PersonalKind.birth_date)


def _date_end(lower: str, place: int) -> int:
    for pattern in (DATE, _worded()):
        if (date := pattern.match(lower, place)) is not None:
            tail = _TAIL.match(lower, date.end())
            return tail.end() if tail else date.end()
    return 0


def _date_before(lower: str, end: int) -> tuple[int, int] | None:
    """The date that ends right before `end`, within thirty characters."""
    start = max(0, end - 30)
    found = None
    for pattern in (DATE, _worded()):
        for date in pattern.finditer(lower, start, end):
            stop = _date_end(lower, date.start())
            if not lower[stop:end].strip(" .,()-"):
                found = date.start(), stop
    return found
