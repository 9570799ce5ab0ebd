"""A text in its plainest letters, digits and spaces, with the way back to the original.

Rules are written once, for folded letters, ASCII digits, plain spaces and hyphens; what people
type (fullwidth digits, no-break spaces, soft hyphens, letters with combining marks) is brought
to that form character by character, so that every place can be told in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.text.personal.kinds import PersonalSpan

TAKEN = "\0"
"""Stands for every character that is already known to be personal; no rule crosses it."""

_DROPPED = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NOT_PLAIN = re.compile("[^ !-~\n]")
_UNDECOMPOSED = dict(zip("łŁđĐðøØħŧıßþæÆœŒ", "lLdDdoOhtistaAoO", strict=True))
_LINES = frozenset("\r\x0b\x0c\x85\u2028\u2029")
_QUOTES = frozenset("’‘ʼ`´′＇")
_REMEMBERED = 10_000  # characters outside ASCII kept in the table


class _Simplest(dict[int, str]):
    """Every character by its simplest single one; filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        simple = _simplest(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = simple
        return simple


def _simplest(char: str) -> str:
    if char.isascii():
        return "\n" if char in _LINES else " " if char == "\t" else char
    if char in _LINES:
        return "\n"
    if char in _QUOTES:
        return "'"
    if char in _UNDECOMPOSED:
        return _UNDECOMPOSED[char]
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category == "Pd" or char == "\u2212":
        return "-"
    bare = _DROPPED.sub("", unicodedata.normalize("NFKD", char))
    return bare if len(bare) == 1 and bare.isascii() else char


_SIMPLEST = _Simplest()


@dataclass(frozen=True, slots=True)
class Plain:
    """`cased` and `lower` are of one length; `places` are theirs in the original, if others."""

    cased: str
    lower: str
    length: int  # of the original
    places: Sequence[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters [start, end) stand in the original, marks on the last included."""
        if self.places is None:
            return start, end
        after = self.places[end] if end < len(self.places) else self.length
        return self.places[start], after

    def without(self, spans: Iterable[PersonalSpan]) -> Plain:
        """The same with these spans taken."""
        cased, lower = block(self.cased, spans), block(self.lower, spans)
        return Plain(cased, lower, self.length, self.places)


def read_plain(text: str) -> Plain:
    """The plain form of any text; linear in its length."""
    cased, places = text, None
    if _NOT_PLAIN.search(text):
        if _DROPPED.search(text):
            places = [place for place, char in enumerate(text) if not _DROPPED.match(char)]
            cased = _DROPPED.sub("", text)
        cased = cased.translate(_SIMPLEST)
    return Plain(cased, cased.lower(), len(text), places)


def block(text: str, spans: Iterable[PersonalSpan]) -> str:
    """`text` with the characters of these spans taken; the length stays."""
    parts, at = [], 0
    for span in sorted(spans, key=lambda span: span.start):
        parts.append(text[at : span.start])
        parts.append(TAKEN * (span.end - max(at, span.start)))
        at = max(at, span.end)
    return "".join(parts) + text[at:] if parts else text
