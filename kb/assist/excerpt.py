"""The sentences and steps of a Markdown passage that a reply may quote, with exact spans."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from kb.text.sentences import split_sentences

_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}(\s|$)")
_RULE = re.compile(r"\s{0,3}([-*_=])(\s*\1){2,}\s*$")
_STEP = re.compile(r"\s*\d{1,3}[.)]\s+")
_BULLET = re.compile(r"\s*[-*+•]\s+")
_ROW = re.compile(r"\s*\|")
_QUOTE = re.compile(r"\s*(?:>\s?)+")

_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\s]*(?:\s+\"[^\"\n]*\")?\)")
_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]*)(?:\s+\"[^\"\n]*\")?\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^>\s]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_STRONG = re.compile(r"(\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)|\b_(?=\S)([^_\n]+?)(?<=\S)_\b")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
_ASIDE = 0xE000
_SET_ASIDE = re.compile("[\ue020-\ue07f]")


class Kind(StrEnum):
    sentence = "sentence"
    step = "step"
    bullet = "bullet"
    table = "table"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is quoted whole or not at all.

    `text` is plain; `start`, `end` are characters of the passage. Steps of one list, and the
    sentence that opens the list ("Do this:"), share a `group` of 1 or more; others have 0.
    `refers` tells of a link to another article, `opens` of a sentence that ends with a colon;
    `opener` is the sentence that opens the list of a bullet.
    """

    text: str
    start: int
    end: int
    kind: Kind
    group: int = 0
    refers: bool = False
    opens: bool = False
    opener: Unit | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines [start, end) of one kind."""

    kind: Kind
    start: int
    end: int


def units_of(passage: str, language: str) -> list[Unit]:
    """Quotable units in order; headings, rulers and code are none."""
    units: list[Unit] = []
    group = 0
    opener: Unit | None = None
    previous: Kind | None = None
    for block in _blocks(passage):
        if block.kind is Kind.step and previous is not Kind.step:
            group += 1
            units = _with_opening(units, group)
        if block.kind is Kind.bullet and previous is not Kind.bullet:
            opener = units[-1] if units and units[-1].opens else None
        if block.kind is Kind.sentence:
            for span in split_sentences(passage[block.start : block.end], language):
                start, end = block.start + span.start, block.start + span.end
                units.append(_unit(passage, start, end, block.kind))
        else:
            unit = _unit(passage, block.start, block.end, block.kind)
            is_step, is_bullet = block.kind is Kind.step, block.kind is Kind.bullet
            unit = replace(
                unit, group=group if is_step else 0, opener=opener if is_bullet else None
            )
            units.append(unit)
        previous = block.kind
    return [unit for unit in units if any(c.isalnum() for c in unit.text)]


def plain(markdown: str) -> str:
    """The words of a sentence, step or table as read; cells joined by " | ", rows by lines."""
    rows = markdown.split("\n") if _ROW.match(markdown) else [" ".join(markdown.split())]
    lines = (_inline(_cells(row) if _ROW.match(row) else row) for row in rows)
    return "\n".join(line for line in lines if line.strip(" |-:"))


def _with_opening(units: list[Unit], group: int) -> list[Unit]:
    """A sentence that ends with a colon goes with the steps that follow it."""
    if not units or not units[-1].opens:
        return units
    return [*units[:-1], replace(units[-1], group=group)]


def _unit(passage: str, start: int, end: int, kind: Kind) -> Unit:
    raw = passage[start:end]
    text = plain(raw)
    return Unit(text, start, end, kind, 0, "](article:" in raw, text.endswith(":"))


def _blocks(passage: str) -> Iterator[_Block]:
    """Paragraphs, list items with what continues them, tables whole."""
    kind: Kind | None = None
    start = end = at = 0
    fenced = False
    for line in passage.split("\n"):
        begin, at = at, at + len(line) + 1
        is_fence = _FENCE.match(line) is not None
        found = None if fenced or is_fence else _line_kind(line)
        fenced ^= is_fence
        is_new = found is None or found is Kind.step or found is Kind.bullet
        continues = found is Kind.sentence and kind in (Kind.step, Kind.bullet)
        if kind is not None and (is_new or (found is not kind and not continues)):
            yield _Block(kind, start, end)
            kind = None
        if found is None:
            continue
        if kind is None:
            kind, start = found, begin + len(line) - len(line.lstrip())
            start += len(_quote_mark(passage[start : begin + len(line)]))
        end = begin + len(line.rstrip())
    if kind is not None:
        yield _Block(kind, start, end)


def _line_kind(line: str) -> Kind | None:
    """None for lines that say nothing by themselves: blank, heading, ruler."""
    line = _QUOTE.sub("", line, count=1)
    if not line.strip() or _HEADING.match(line) or _RULE.match(line):
        return None
    if _ROW.match(line):
        return Kind.table
    if _STEP.match(line):
        return Kind.step
    return Kind.bullet if _BULLET.match(line) else Kind.sentence


def _quote_mark(line: str) -> str:
    match = _QUOTE.match(line)
    return match[0] if match and line.lstrip().startswith(">") else ""


def _cells(row: str) -> str:
    cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
    if all(set(cell) <= set("-: ") for cell in cells):
        return ""
    return " | ".join(cells)


def _inline(text: str) -> str:
    # Escaped marks are set aside as private characters, so that they pair with nothing.
    text = _ESCAPE.sub(lambda match: chr(_ASIDE + ord(match[1])), text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(_link_text, text)
    text = _AUTOLINK.sub(lambda match: match[1].removeprefix("mailto:"), text)
    text = _TAG.sub("", text)
    for _ in range(3):  # bold within italics within code
        text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(lambda match: match[1] or match[2], text)
    # A sentence may hold only one half of a pair that spans several.
    text = re.sub(r"\*\*|__|~~|`", "", text)
    text = _SET_ASIDE.sub(lambda match: chr(ord(match[0]) - _ASIDE), text)
    return html.unescape(text).strip()


def _link_text(match: re.Match[str]) -> str:
    text, target = match[1], match[2]
    is_shown = not target.startswith(("http://", "https://")) or target in text
    return text if is_shown else f"{text} ({target})"
