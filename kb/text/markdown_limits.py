"""What Markdown may look like before anything tries to convert it.

Runs in the Markdown process only: even looking takes time on the worst of it.
"""

from __future__ import annotations

import re

from kb.errors import InvalidInput, TextRefused

MAX_NESTING = 20  # levels of lists, quotes, brackets
_MAX_LINE = 20_000  # characters; a single pattern match cannot be interrupted
_MAX_BLOCK = 40_000  # characters without an empty line
_MAX_BLOCKS = 5_000
_MAX_FENCES = 400  # lines that open or close a code block


def check_shape(text: str) -> None:
    """Raises TextRefused or InvalidInput for what takes the converter out of all proportion."""
    if len(re.findall(r"^[ \t>]*(?:```|~~~)", text, re.MULTILINE)) > _MAX_FENCES:
        raise TextRefused("The text has too many code blocks. Split it into several articles.")
    for line in text.split("\n"):
        if len(line) > _MAX_LINE:
            raise TextRefused(
                f"A line has {len(line)} characters, {_MAX_LINE} are allowed. Break it up.",
                limit=_MAX_LINE,
            )
        _check_indent(line)
    blocks = re.split(r"\n[ \t]*\n", text)
    if len(blocks) > _MAX_BLOCKS:
        raise TextRefused(
            f"The text has {len(blocks)} paragraphs, {_MAX_BLOCKS} are allowed. "
            "Split it into several articles.",
            limit=_MAX_BLOCKS,
        )
    for block in blocks:
        if len(block) > _MAX_BLOCK:
            raise TextRefused(
                f"A block has {len(block)} characters, {_MAX_BLOCK} are allowed. "
                "Put empty lines between paragraphs.",
                limit=_MAX_BLOCK,
            )
        _check_brackets(block)


def _check_indent(line: str) -> None:
    indent = re.match(r"[ \t>*+-]*", line)
    marks = indent[0].expandtabs(4) if indent else ""
    is_ruler = not marks.replace(" ", "").strip("-") or not marks.replace(" ", "").strip("*")
    quotes = marks.count(">")
    items = 0 if is_ruler else sum(marks.count(mark) for mark in "*+-")
    spaces = len(marks) // 4 if marks.strip() else 0
    if max(quotes, items, spaces) > MAX_NESTING and line.strip():
        _refuse("Lists and quotes")


def _check_brackets(block: str) -> None:
    for opening, closing in ("[]", "()"):
        depth = deepest = 0
        for char in re.findall(rf"[{re.escape(opening + closing)}]", block):
            depth = depth + 1 if char == opening else max(0, depth - 1)
            deepest = max(deepest, depth)
        if deepest > MAX_NESTING * 5:
            _refuse("Brackets")


def _refuse(what: str) -> None:
    raise InvalidInput(f"{what} are nested too deep or left open. Use fewer levels.")
