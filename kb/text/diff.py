"""What changed between two texts: paragraph by paragraph, word by word inside those that changed.

Shown side by side or in one column, and as plain text. Time is bounded: texts of more than
`MOST_BLOCKS` pieces are compared coarsely, never refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_BLOCKS = 4000  # paragraphs or lines compared one by one
MOST_WORDS = 1500  # of one paragraph compared one by one
ALIKE = 0.3  # share of words from which on a paragraph counts as changed, not as another one
MOST_PAIRS = 400  # pairs of paragraphs looked at in one stretch

SpanKind = Literal["equal", "removed", "added"]
BlockKind = Literal["equal", "changed", "removed", "added"]

_BLOCK = re.compile(r"\n[ \t]*\n+")
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a paragraph."""

    kind: SpanKind
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph before and after; `old` is empty for one added, `new` for one removed.

    The old paragraph is its equal and removed spans, the new one its equal and added spans.
    """

    kind: BlockKind
    spans: tuple[Span, ...]

    @property
    def old(self) -> tuple[Span, ...]:
        """The left side."""
        return tuple(span for span in self.spans if span.kind != "added")

    @property
    def new(self) -> tuple[Span, ...]:
        """The right side."""
        return tuple(span for span in self.spans if span.kind != "removed")


def diff_blocks(old: str, new: str) -> tuple[Block, ...]:
    """Paragraphs in order. Nothing is lost: both texts can be read off, but for blank lines."""
    before, after = blocks_of(old), blocks_of(new)
    found: list[Block] = []
    for tag, a1, a2, b1, b2 in opcodes(before, after):
        if tag == "equal":
            found += [Block("equal", (Span("equal", text),)) for text in before[a1:a2]]
        else:
            found += _changed(before[a1:a2], after[b1:b2])
    return tuple(found)


def diff_words(old: str, new: str) -> tuple[Span, ...]:
    """Word by word, spaces and punctuation apart; equal neighbours are one span."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        return _whole(old, new)
    spans: list[Span] = []
    for tag, a1, a2, b1, b2 in opcodes(before, after):
        if tag == "equal":
            spans.append(Span("equal", "".join(before[a1:a2])))
            continue
        if a2 > a1:
            spans.append(Span("removed", "".join(before[a1:a2])))
        if b2 > b1:
            spans.append(Span("added", "".join(after[b1:b2])))
    return tuple(spans)


def diff_text(old: str, new: str, around: int = 1) -> str:
    """As plain text: `[-removed-]`, `{+added+}`, with `around` equal paragraphs beside."""
    blocks = diff_blocks(old, new)
    changed = {n for n, block in enumerate(blocks) if block.kind != "equal"}
    lines: list[str] = []
    gap = False
    for number, block in enumerate(blocks):
        if not any(number + step in changed for step in range(-around, around + 1)):
            gap = True
            continue
        if gap:
            lines.append("...")
            gap = False
        lines.append("".join(_marked(span) for span in block.spans))
    if gap and lines:
        lines.append("...")
    return "\n\n".join(lines)


def blocks_of(text: str) -> list[str]:
    """Paragraphs: what blank lines part."""
    return [block for block in _BLOCK.split(text.strip("\n")) if block.strip()]


def opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As `difflib` gives them, in bounded time: what is too much is one replacement."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if start:
        yield "equal", 0, start, 0, start
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(middle_old), len(middle_new)) > MOST_BLOCKS:
        yield "replace", start, len(old) - end, start, len(new) - end
    else:
        # Words seen everywhere join nothing: without them a long text of one word takes for ever.
        matcher = SequenceMatcher(None, middle_old, middle_new, len(middle_new) > 500)
        for tag, a1, a2, b1, b2 in matcher.get_opcodes():
            yield tag, a1 + start, a2 + start, b1 + start, b2 + start
    if end:
        yield "equal", len(old) - end, len(old), len(new) - end, len(new)


def _changed(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Pair the paragraphs that are alike, in order; the others went or came."""
    found: list[Block] = []
    rest = list(new)
    look = max(1, MOST_PAIRS // max(1, len(old)))
    for text in old:
        match = next((n for n, other in enumerate(rest[:look]) if _alike(text, other)), None)
        if match is None:
            found.append(Block("removed", (Span("removed", text),)))
            continue
        found += [Block("added", (Span("added", other),)) for other in rest[:match]]
        found.append(Block("changed", diff_words(text, rest[match])))
        rest = rest[match + 1 :]
    return found + [Block("added", (Span("added", text),)) for text in rest]


def _alike(old: str, new: str) -> bool:
    """Words in common, whatever their order."""
    before, after = set(_WORD.findall(old.casefold())), set(_WORD.findall(new.casefold()))
    before, after = ({word for word in words if word.strip()} for words in (before, after))
    return len(before & after) >= ALIKE * max(len(before), len(after), 1)


def _whole(old: str, new: str) -> tuple[Span, ...]:
    spans = (Span("removed", old), Span("added", new))
    return tuple(span for span in spans if span.text)


def _marked(span: Span) -> str:
    if span.kind == "equal":
        return span.text
    return f"[-{span.text}-]" if span.kind == "removed" else f"{{+{span.text}+}}"
