"""Cutting a text into pieces: by its Markdown sections, then by size at sentence bounds."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from indexer.blocks import Block, BlockKind, blocks_of, lines_of, without_code
from kb.ports import Encoder
from kb.text.sentences import split_sentences

TARGET_TOKENS = 180
RESERVED_TOKENS = 16  # special tokens, the prompt, and joints between what is counted apart
_PATH = "\x1f"  # between headings: no heading holds it
_HEADING = re.compile(r"^(#+)(\s|$)")


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens a piece should have, and may have at most (code and tables alone reach it)."""

    target: int
    most: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters [start, end) of the text, below these headings."""

    start: int
    end: int
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Section:
    headings: tuple[str, ...]
    start: int  # of the heading line, if there is one
    content: int  # behind the heading line
    end: int


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is not cut any further."""

    start: int
    end: int
    tokens: int


def size_for(encoder: Encoder, taken: int = 0) -> Size:
    """The sizes for this encoder when `taken` tokens of its input go to title and headings."""
    most = max(8, encoder.max_tokens - RESERVED_TOKENS - taken)
    return Size(min(TARGET_TOKENS, most), most)


def chunk_markdown(text: str, language: str, encoder: Encoder, taken: int = 0) -> list[Piece]:
    """Pieces of a Markdown text in order, none across a heading; together they hold all of it.

    Heading lines are kept as paths, not as text (but for a heading with nothing below it). Code
    and tables stay whole unless one alone is larger than the encoder takes.
    """
    lines = lines_of(text)
    starts = [line.start for line in lines]
    size = size_for(encoder, taken)
    sections = list(_sections(text, without_code(lines)))
    pieces: list[Piece] = []
    for number, section in enumerate(sections):
        # Text without a heading may start in the middle of its line, behind white space.
        first = bisect_left(starts, section.content + 1)
        first -= section.content == section.start
        inside = lines[first : bisect_left(starts, section.end)]
        atoms = _atoms(text, blocks_of(inside), language, size, encoder)
        if atoms:
            pieces += [Piece(a, b, section.headings) for a, b in _packed(atoms, size)]
        elif not _goes_deeper(sections, number):
            pieces += _bare_heading(text, section, size, encoder)
    return pieces


def chunk_text(text: str, language: str, encoder: Encoder, taken: int = 0) -> list[Piece]:
    """Pieces of a plain text in order, cut at sentence bounds."""
    size = size_for(encoder, taken)
    paragraphs = [Block(BlockKind.prose, a, b) for a, b in _paragraphs(text)]
    atoms = _atoms(text, paragraphs, language, size, encoder)
    return [Piece(start, end) for start, end in _packed(atoms, size)]


def shorten(text: str, most: int, encoder: Encoder) -> str:
    """The first `most` tokens of `text`, without white space at the end."""
    if encoder.count_tokens([text])[0] <= most:
        return text
    offsets = encoder.token_offsets(text)
    return text[: offsets[most - 1][1]].rstrip() if most > 0 else ""


@lru_cache(maxsize=1)
def _parser() -> Any:
    from llama_index.core.node_parser import MarkdownNodeParser  # takes two seconds

    return MarkdownNodeParser(header_path_separator=_PATH, include_prev_next_rel=False)


def _sections(text: str, masked: str) -> Iterator[_Section]:
    """Sections as llama-index finds them in the masked text, placed in the real one."""
    if not masked.strip():
        return
    from llama_index.core.schema import TextNode

    at = 0
    for node in _parser().get_nodes_from_node(TextNode(text=masked)):
        found = str(node.text)
        start = masked.index(found, at)  # between sections there is white space alone
        at = end = start + len(found)
        parents = [h for h in str(node.metadata["header_path"]).split(_PATH) if h.strip()]
        match = _HEADING.match(found)
        content = start
        if match:
            content = start + len(found.split("\n", 1)[0])
            parents.append(text[start + len(match[1]) : content])
        headings = tuple(filter(None, (heading.strip().rstrip("#").strip() for heading in parents)))
        yield _Section(headings, start, content, end)


def _goes_deeper(sections: Sequence[_Section], number: int) -> bool:
    """Whether the section's heading is part of the next one's path."""
    path = sections[number].headings
    following = sections[number + 1 : number + 2]
    return any(
        len(after.headings) > len(path) and after.headings[: len(path)] == path
        for after in following
    )


def _bare_heading(text: str, section: _Section, size: Size, encoder: Encoder) -> list[Piece]:
    if section.start == section.end:
        return []
    atoms = _fitting(text, (section.start, section.end), "lines", size, encoder)
    return [Piece(start, end, section.headings[:-1]) for start, end in _packed(atoms, size)]


def _atoms(
    text: str, blocks: Sequence[Block], language: str, size: Size, encoder: Encoder
) -> list[_Atom]:
    """The blocks, those too long in parts: prose in sentences, the rest in lines."""
    counts = encoder.count_tokens([text[block.start : block.end] for block in blocks])
    atoms: list[_Atom] = []
    for block, tokens in zip(blocks, counts, strict=True):
        span = (block.start, block.end)
        if tokens <= (size.target if block.kind == BlockKind.prose else size.most):
            atoms.append(_Atom(*span, tokens))
        elif block.kind == BlockKind.prose:
            for part in _sentences(text, span, language):
                atoms += _fitting(text, part, "words", size, encoder)
        else:
            atoms += _fitting(text, span, "lines", size, encoder)
    return atoms


def _fitting(
    text: str, span: tuple[int, int], unit: str, size: Size, encoder: Encoder
) -> Iterator[_Atom]:
    """The span, in as many parts as the encoder needs: by lines, then by words, then anywhere."""
    start, end = span
    tokens = encoder.count_tokens([text[start:end]])[0]
    if tokens <= size.most or end - start < 2:
        yield _Atom(start, end, tokens)
        return
    if unit == "lines":
        parts = _cut(text, span, [m.end() for m in re.finditer("\n", text[start:end])])
        if len(parts) > 1:
            for part in parts:
                yield from _fitting(text, part, "words", size, encoder)
            return
    if unit == "anywhere":
        cuts = [(end - start) // 2]
    else:
        offsets = encoder.token_offsets(text[start:end])[:: size.target]
        cuts = [_word_start(text[start:end], offset[0]) for offset in offsets]
    for part in _cut(text, span, cuts):
        yield from _fitting(text, part, "anywhere", size, encoder)


def _word_start(text: str, at: int) -> int:
    """The start of the word around `at`, unless it is far away: then `at` itself."""
    for start in range(at, max(at - 40, 0), -1):
        if text[start - 1].isspace():
            return start
    return at


def _sentences(text: str, span: tuple[int, int], language: str) -> list[tuple[int, int]]:
    start, end = span
    bounds, last = [], 0
    for sentence in split_sentences(text[start:end], language):
        gap = text[start + last : start + sentence.start]
        newline = gap.rfind("\n")  # markers of lists and quotes stay with what they mark
        bounds.append(last + newline + 1 if newline >= 0 else sentence.start)
        last = sentence.end
    return _cut(text, span, bounds)


def _paragraphs(text: str) -> list[tuple[int, int]]:
    return _cut(text, (0, len(text)), [m.end() for m in re.finditer(r"\n\s*\n", text)])


def _cut(text: str, span: tuple[int, int], bounds: Sequence[int]) -> list[tuple[int, int]]:
    """The span in parts that start at `bounds` (counted from its start), white space trimmed."""
    start, end = span
    inner = sorted({start + bound for bound in bounds if 0 < bound < end - start})
    parts = []
    for left, right in pairwise([start, *inner, end]):
        part = text[left:right]
        if part.strip():
            indent = len(part) - len(part.lstrip())
            parts.append((left + indent, left + len(part.rstrip())))
    return parts


def _packed(atoms: Iterator[_Atom] | Sequence[_Atom], size: Size) -> list[tuple[int, int]]:
    """Neighbours together up to the target; a short rest joins the piece before it."""
    groups: list[list[_Atom]] = []
    for atom in atoms:
        if groups and _tokens(groups[-1]) + atom.tokens <= size.target:
            groups[-1].append(atom)
        else:
            groups.append([atom])
    if len(groups) > 1:
        rest = _tokens(groups[-1])
        together = _tokens(groups[-2]) + rest
        if rest < size.target // 4 and together <= min(size.most, size.target * 5 // 4):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [(group[0].start, group[-1].end) for group in groups]


def _tokens(group: Sequence[_Atom]) -> int:
    return sum(atom.tokens for atom in group)
