"""Three-way merge: what two people made of the same text, put together where they do not meet.

The rule is that of diff3 (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007):
stretches that all three share part the texts; between them a side that changed alone wins, equal
changes count once, and what both changed differently is a conflict, first by lines, then by words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.text.diff import opcodes

OURS, MIDDLE, THEIRS = "<<<<<<< yours", "=======", ">>>>>>> saved meanwhile"
MOST_WORDS = 1500  # of a stretch merged word by word
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the merged text; a conflict has what each side made of `base`."""

    text: str = ""
    base: str = ""
    ours: str = ""
    theirs: str = ""
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """The proposal. Joined, the pieces lose nothing of either side."""

    pieces: tuple[Piece, ...]

    @property
    def conflicts(self) -> int:
        return sum(piece.is_conflict for piece in self.pieces)

    @property
    def text(self) -> str:
        """To edit: both sides of each conflict between markers on lines of their own."""
        return "".join(_shown(piece) for piece in self.pieces)


def merge(base: str, ours: str, theirs: str) -> Merged:
    """Merge two texts that came from `base`. Without conflicts `text` holds both changes."""
    if ours == theirs or theirs == base:
        return Merged((Piece(ours),))
    if ours == base:
        return Merged((Piece(theirs),))
    pieces: list[Piece] = []
    for piece in _pieces(_lines(base), _lines(ours), _lines(theirs)):
        finer = _by_words(piece) if piece.is_conflict else None
        pieces.append(piece if finer is None else Piece(finer))
    found = list(_joined(pieces))
    if found and not found[-1].is_conflict:
        found[-1] = Piece(found[-1].text.removesuffix("\n"))  # which `_lines` gave the last line
    return Merged(tuple(piece for piece in found if piece.is_conflict or piece.text))


def _by_words(piece: Piece) -> str | None:
    """The stretch merged word by word; None when the sides meet there, too."""
    sides = [_WORD.findall(text) for text in (piece.base, piece.ours, piece.theirs)]
    if not sides[0] or max(map(len, sides)) > MOST_WORDS:
        return None
    found = list(_pieces(*sides))
    if any(part.is_conflict for part in found):
        return None
    return "".join(part.text for part in found)


def _pieces(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Piece]:
    """Stretches in order: what all three share, and what is between."""
    b = o = t = 0
    for start, end, in_ours, in_theirs in _shared(base, ours, theirs):
        yield from _between(base[b:start], ours[o:in_ours], theirs[t:in_theirs])
        size = end - start
        if size:
            yield Piece("".join(base[start:end]))
        b, o, t = end, in_ours + size, in_theirs + size
    yield from _between(base[b:], ours[o:], theirs[t:])


def _shared(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of the base that both sides kept: from, to, place in ours, place in theirs."""
    first = [(a1, a2, b1) for tag, a1, a2, b1, _ in opcodes(base, ours) if tag == "equal"]
    second = [(a1, a2, b1) for tag, a1, a2, b1, _ in opcodes(base, theirs) if tag == "equal"]
    i = j = 0
    while i < len(first) and j < len(second):
        start = max(first[i][0], second[j][0])
        end = min(first[i][1], second[j][1])
        if start < end:
            in_ours = first[i][2] + start - first[i][0]
            in_theirs = second[j][2] + start - second[j][0]
            yield start, end, in_ours, in_theirs
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1


def _between(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Piece]:
    was, here, there = "".join(base), "".join(ours), "".join(theirs)
    if not (was or here or there):
        return
    if here == there or there == was:
        yield Piece(here)
    elif here == was:
        yield Piece(there)
    else:
        yield Piece(base=was, ours=here, theirs=there, is_conflict=True)


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    found: list[Piece] = []
    for piece in pieces:
        if found and not piece.is_conflict and not found[-1].is_conflict:
            found[-1] = Piece(found[-1].text + piece.text)
        elif piece.is_conflict or piece.text:
            found.append(piece)
    return tuple(found)


def _shown(piece: Piece) -> str:
    if not piece.is_conflict:
        return piece.text
    lines = (OURS, piece.ours.removesuffix("\n"), MIDDLE, piece.theirs.removesuffix("\n"), THEIRS)
    return "\n".join(line for line in lines if line) + "\n"


def _lines(text: str) -> list[str]:
    """With their ends; a last line without one gets it, so that it equals the same line above."""
    return [f"{line}\n" for line in text.split("\n")] if text else []
