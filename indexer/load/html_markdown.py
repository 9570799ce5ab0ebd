"""HTML to Markdown as our pages read it, with a check that no word was lost on the way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from indexer.load.html_tree import Element, Notes, Urls, parse_html, tidy
from kb.errors import InvalidInput
from kb.text.markdown import plain_text

_MANY_LINES = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^\W_]+")
_LONG_LINE = 15_000  # characters; our pages take 20,000


@dataclass(frozen=True, slots=True)
class Converted:
    """A text in Markdown, and what did not come along."""

    markdown: str
    lost: tuple[str, ...]


def convert_page(html: str, urls: Urls, notes: Notes | None = None) -> Converted:
    """The body of a page, or a piece of one, as Markdown. Raises KbError."""
    return convert_tree(parse_html(html), urls, notes)


def convert_tree(root: Element, urls: Urls, notes: Notes | None = None) -> Converted:
    """The text below `root`, which is changed. Raises InvalidInput, TextRefused, TooLarge."""
    import lxml.html
    from bs4 import BeautifulSoup

    notes = notes or Notes()
    for head in root.findall("head"):
        root.remove(head)
    tidy(root, urls, notes)
    words = _words(root)
    _demote_headings(root)
    html = lxml.html.tostring(root, encoding="unicode", with_tail=False)
    try:
        made = _converter().convert_soup(BeautifulSoup(html, "html.parser"))
    except RecursionError as error:
        raise InvalidInput("The page is nested too deep: flatten it.") from error
    markdown = _finished(made)
    if markdown:
        _check_words(words, markdown, notes)
    return Converted(markdown, notes.told())


def _words(root: Element) -> Counter[str]:
    return Counter(_WORD.findall(_plain(" ".join(root.itertext()))))


def _plain(text: str) -> str:
    """As words are compared: x² is x2."""
    return unicodedata.normalize("NFKC", text).casefold()


def _check_words(before: Counter[str], markdown: str, notes: Notes) -> None:
    """Note words of the page that its Markdown does not show, and refuse what cannot be shown."""
    text = plain_text(markdown)
    missing = before - Counter(_WORD.findall(_plain(text)))
    if not missing:
        return
    # Words may be joined or parted otherwise (H<sub>2</sub>O): looked for without what is between.
    joined = _squeezed(text)
    gone = sorted(word for word in missing if word not in joined)
    if gone:
        notes.add(f"{len(gone):,} words did not come along, such as: {', '.join(gone[:5])}")


def _squeezed(text: str) -> str:
    return "".join(_WORD.findall(_plain(text)))


def _demote_headings(root: Element) -> None:
    """The title is the only heading of the first level on our pages."""
    if next(root.iter("h1"), None) is None:
        return
    for level in (5, 4, 3, 2, 1):
        for heading in list(root.iter(f"h{level}")):
            heading.tag = f"h{level + 1}"


def _finished(text: str) -> str:
    lines = [line.rstrip() if not line.endswith("  ") else f"{line.rstrip()}  "
             for line in text.split("\n")]  # fmt: skip
    whole = _MANY_LINES.sub("\n\n", "\n".join(line if line.strip() else "" for line in lines))
    whole = "\n".join(_broken(line) for line in whole.split("\n")).strip("\n")
    return re.sub(r"[ \t]+\Z", "", whole)


def _broken(line: str) -> str:
    """A line of a length that our pages take, broken between words."""
    if len(line) <= _LONG_LINE or line.lstrip().startswith("|"):
        return line
    parts = []
    while len(line) > _LONG_LINE:
        at = line.rfind(" ", 0, _LONG_LINE)
        if at <= 0:
            break
        parts.append(line[:at])
        line = line[at + 1 :]
    return "\n".join([*parts, line])


def _converter() -> Any:
    from indexer.load.markdown_forms import Converter

    return Converter(
        heading_style="atx",
        bullets="-",
        strong_em_symbol="*",
        table_infer_header=False,
    )
