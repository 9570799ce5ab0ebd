"""The blocks of a Markdown text, as character spans: what may be cut and what may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_FENCE = re.compile(r"^\s*(`{3,}(?=[^`]*$)|~{3,})")
_DELIMITER_ROW = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_ITEM = re.compile(r"^ {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_INDENTED = re.compile(r"^( {4}|\t)")
_HEADING_GAP = re.compile(r"^(#+)[^\S\n]")


class BlockKind(StrEnum):
    prose = "prose"  # may be cut between sentences
    code = "code"
    table = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """Characters [start, end), without white space around them."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line's text without its line feed, where it starts, and whether it is fenced code."""

    text: str
    start: int
    fenced: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def blank(self) -> bool:
        return not self.text.strip()


def lines_of(text: str) -> list[Line]:
    """Every line; a fence left open runs to the end of the text, as in CommonMark."""
    lines: list[Line] = []
    fence, start = "", 0
    for line in text.split("\n"):
        if fence:
            lines.append(Line(line, start, True))
            bare = line.strip()
            if len(bare) >= len(fence) and set(bare) == {fence[0]}:
                fence = ""
        else:
            match = _FENCE.match(line)
            fence = match[1] if match else ""
            lines.append(Line(line, start, bool(fence)))
        start += len(line) + 1
    return lines


def without_code(lines: list[Line]) -> str:
    """The text, character for character as long, where only headings look like headings.

    Code is crossed out, and what could be taken for a fence but is none, so that a parser that
    knows fewer kinds of fences finds the same sections.
    """
    masked = []
    for line in lines:
        if line.fenced:
            masked.append(re.sub(r"\S", "x", line.text))
        elif line.text.lstrip().startswith("```"):
            masked.append(line.text.replace("`", "x"))
        else:
            masked.append(_HEADING_GAP.sub(r"\1 ", line.text))
    return "\n".join(masked)


def blocks_of(lines: list[Line]) -> list[Block]:
    """The blocks in some successive lines of a text: code, tables, paragraphs, list items."""
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if lines[at].blank and not lines[at].fenced:
            at += 1
            continue
        kind, end = _block_at(lines, at, blocks)
        block = _trimmed(kind, lines[at:end])
        if block is not None:
            blocks.append(block)
        at = end
    return blocks


def _block_at(lines: list[Line], at: int, before: list[Block]) -> tuple[BlockKind, int]:
    """The kind of the block that starts at line `at`, and the line after its last."""
    if lines[at].fenced:
        return BlockKind.code, _fence_end(lines, at)
    if _is_table(lines, at):
        return BlockKind.table, _run(lines, at, lambda line: "|" in line.text)
    if _ITEM.match(lines[at].text):
        return BlockKind.prose, _item_end(lines, at)
    after_blank = at == 0 or lines[at - 1].blank
    if _INDENTED.match(lines[at].text) and after_blank and not before:
        return BlockKind.code, _run(lines, at, lambda line: bool(_INDENTED.match(line.text)))
    return BlockKind.prose, _paragraph_end(lines, at)


def _fence_end(lines: list[Line], at: int) -> int:
    match = _FENCE.match(lines[at].text)
    fence = match[1] if match else "```"
    for end in range(at + 1, len(lines)):
        if not lines[end].fenced:
            return end
        bare = lines[end].text.strip()
        if len(bare) >= len(fence) and set(bare) == {fence[0]}:
            return end + 1
    return len(lines)


def _is_table(lines: list[Line], at: int) -> bool:
    if "|" not in lines[at].text or at + 1 >= len(lines) or lines[at + 1].fenced:
        return False
    row = lines[at + 1].text
    return "|" in row and _DELIMITER_ROW.match(row) is not None


def _run(lines: list[Line], at: int, belongs: Callable[[Line], bool]) -> int:
    end = at + 1
    while end < len(lines) and not lines[end].fenced and belongs(lines[end]):
        end += 1
    return end


def _item_end(lines: list[Line], at: int) -> int:
    """A list item with what is indented below it."""
    for end in range(at + 1, len(lines)):
        line = lines[end]
        if line.fenced or _ITEM.match(line.text):
            return end
        if line.blank:
            follower = lines[end + 1] if end + 1 < len(lines) else None
            if follower is None or follower.fenced or not follower.text.startswith((" ", "\t")):
                return end
    return len(lines)


def _paragraph_end(lines: list[Line], at: int) -> int:
    for end in range(at + 1, len(lines)):
        line = lines[end]
        if line.fenced or line.blank or _ITEM.match(line.text) or _is_table(lines, end):
            return end
    return len(lines)


def _trimmed(kind: BlockKind, lines: list[Line]) -> Block | None:
    text = "\n".join(line.text for line in lines)
    if not text.strip():
        return None
    start = lines[0].start + len(text) - len(text.lstrip())
    return Block(kind, start, lines[0].start + len(text.rstrip()))
