"""HTML as a tree that Markdown can say: what it cannot is taken out and told.

Whatever is left out here is noted in `Notes`, so that a report can name it. Parsing is libxml2's,
which takes time in proportion to the text; elements and depth are bounded.
"""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kb.errors import InvalidInput, TooLarge

MAX_ELEMENTS = 20_000
MAX_TEXT = 400_000  # characters; a page of ours takes half of it in bytes
MAX_DEPTH = 60
_FLAT_FROM = 30  # below this, what only groups other things is unwrapped
Element = Any  # lxml's own; it comes without types

_GROUPS = frozenset(
    """div span font section article center main header footer nav aside small fieldset form
    label tbody big u ins mark""".split()  # noqa: SIM905
)
_GONE = {
    "script": "a script",
    "style": "styles of its own",
    "template": "a template",
    "svg": "a drawing (SVG)",
    "canvas": "a drawing (canvas)",
    "math": "a formula (MathML)",
    "select": "a form field",
    "textarea": "a form field",
    "input": "a form field",
    "applet": "a program (applet)",
    "map": "an image map",
    "marquee": "moving text",
}
_EMBEDDED = frozenset({"iframe", "embed", "object", "video", "audio", "frame"})
_PLAIN_MARKS = {"u": "underlining", "mark": "highlighting", "font": "colours or fonts"}
_WEB = re.compile(r"(?:https?://|mailto:|tel:)[^\s\\]", re.IGNORECASE)
_SCHEME = re.compile(r"[\s\x00-\x20]*([a-z][a-z0-9+.\-\s]*):", re.IGNORECASE)
_DATA = re.compile(r"data:(image/[a-z+.-]+);base64,", re.IGNORECASE)


@dataclass(slots=True)
class Notes:
    """What could not be carried over, each thing once with how often."""

    found: Counter[str] = field(default_factory=Counter)

    def add(self, what: str) -> None:
        self.found[what] += 1

    def told(self) -> tuple[str, ...]:
        return tuple(
            what if count == 1 else f"{what} ({count:,} times)"
            for what, count in self.found.items()
        )


@dataclass(frozen=True, slots=True)
class Urls:
    """Where links and pictures of a text lead.

    `link` gives the new address of one that leads elsewhere in what is imported, or None when
    it is none of those. `image` gives the address of a kept picture; None: it is not there.
    `data_image` keeps a picture that stands in the text itself.
    """

    link: Callable[[str], str | None] = lambda _: None
    image: Callable[[str], str | None] = lambda _: None
    data_image: Callable[[bytes], str | None] = lambda _: None
    base: str = ""  # the text's own address: relative ones are completed with it


def parse_html(text: str) -> Element:
    """The document's root. Raises InvalidInput (nothing in it, nested too deep), TooLarge."""
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    data = text.replace("\0", "").encode("utf-8", "replace")
    if not data.strip():
        raise InvalidInput("The page is empty: leave it out.")
    try:
        root = lxml.html.document_fromstring(data, parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise InvalidInput(f"The page cannot be read as HTML: {error}.") from error
    if any("depth" in error.message.lower() for error in parser.error_log):
        raise InvalidInput("The page is nested far too deep: flatten it.")
    count = sum(1 for _ in root.iter())
    if count > MAX_ELEMENTS:
        raise TooLarge(f"The page has {count:,} elements, {MAX_ELEMENTS:,} are allowed: split it.")
    return root


def tidy(root: Element, urls: Urls, notes: Notes) -> None:
    """Leave in the tree below `root` only what Markdown can say. Raises InvalidInput."""
    _flatten(root)
    for element in list(root.iter()):
        if element.getparent() is None and element is not root:
            continue  # went with something around it
        if not isinstance(element.tag, str):  # an entity that is not known
            continue
        _tidy_one(element, urls, notes, root)
    _join_marks(root)
    _check_depth(root)
    size = sum(map(len, root.itertext()))
    if size > MAX_TEXT:
        raise TooLarge(f"The page has {size:,} characters, {MAX_TEXT:,} are allowed: split it.")


def _tidy_one(element: Element, urls: Urls, notes: Notes, root: Element) -> None:
    tag = element.tag.lower()
    if tag in _GONE and element is not root:
        if not (tag == "input" and element.get("type", "").lower() == "hidden"):
            notes.add(f"{_GONE[tag]} was left out")
        element.drop_tree()
    elif tag in _EMBEDDED:
        _embedded(element, tag, urls, notes)
    elif tag == "img":
        _picture(element, urls, notes)
    elif tag == "a":
        _link(element, urls, notes)
    elif tag == "table":
        _table(element, notes)
    elif tag in _PLAIN_MARKS:
        notes.add(f"{_PLAIN_MARKS[tag]} became plain text")
    elif tag == "summary":
        element.tag = "p"
    elif tag in ("abbr", "acronym") and element.get("title"):
        element.tail = f" ({element.get('title')}){element.tail or ''}"


def _flatten(root: Element) -> None:
    """Unwrap what only groups other things, where it is nested deep."""
    deep = [element for element, depth in _with_depth(root)
            if depth > _FLAT_FROM and element.tag in _GROUPS]  # fmt: skip
    for element in reversed(deep):  # from the inside: each step moves few children
        element.drop_tag()


def _check_depth(root: Element) -> None:
    if any(depth > MAX_DEPTH for _, depth in _with_depth(root)):
        raise InvalidInput(f"The page is nested more than {MAX_DEPTH} deep: flatten it.")


def _with_depth(root: Element) -> list[tuple[Element, int]]:
    found: list[tuple[Element, int]] = []
    level, depth = [root], 0
    while level:
        found += [(element, depth) for element in level]
        level = [child for element in level for child in element]
        depth += 1
    return found


def _join_marks(root: Element) -> None:
    """Bold in bold is bold, and two bold pieces that touch are one: the marks would add up."""
    for element in list(root.iter("b", "i", "strong", "em")):
        element.tag = {"b": "strong", "i": "em"}.get(element.tag, element.tag)
    for element in list(root.iter("strong", "em")):
        around = next(element.iterancestors(element.tag), None)
        if around is not None or not "".join(element.itertext()).strip():
            element.drop_tag()
            continue
        before = element.getprevious()
        if before is not None and before.tag == element.tag and not before.tail:
            joined = before[-1] if len(before) else None
            text = element.text or ""
            if joined is None:
                before.text = (before.text or "") + text
            else:
                joined.tail = (joined.tail or "") + text
            before.extend(list(element))
            element.text = None
            element.drop_tag()  # what stands behind it stays


def _embedded(element: Element, tag: str, urls: Urls, notes: Notes) -> None:
    """A player becomes a link to what it plays."""
    inner = [child.get("src") for child in element.iter("source", "embed") if child.get("src")]
    source = element.get("src") or element.get("data") or next(iter(inner), "")
    address = _address(source, urls)
    if address is None:
        notes.add(f"something embedded ({tag}) without an address of the web was left out")
        element.drop_tree()
        return
    notes.add(f"something embedded ({tag}) became a link")
    title = element.get("title") or address
    for child in list(element):
        child.drop_tree()
    _become_link(element, address, title)


def _picture(element: Element, urls: Urls, notes: Notes) -> None:
    source = (element.get("src") or element.get("data-src") or "").strip()
    alt = " ".join((element.get("alt") or "").split())
    if source.lower().startswith("data:"):
        address = _data_picture(source, urls, notes)
    else:
        address = urls.image(source) if source else None
        if address is None:
            notes.add(f"a picture is not there: {_short(source) or 'it has no address'}")
    if address is not None:
        title = element.get("title")
        element.attrib.clear()
        element.set("src", address)
        element.set("alt", alt)
        if title:
            element.set("title", " ".join(title.split()))
        return
    web = _address(source, urls)
    if web is None or source.lower().startswith("data:"):
        element.tag = "span"
        element.attrib.clear()
        element.text = alt
    else:
        _become_link(element, web, alt or web)


def _data_picture(source: str, urls: Urls, notes: Notes) -> str | None:
    found = _DATA.match(source)
    if found is None:
        notes.add("a picture in the text (data:) of a kind that is not taken was left out")
        return None
    try:
        data = base64.b64decode(urllib.parse.unquote(source[found.end() :]), validate=False)
    except (binascii.Error, ValueError):
        notes.add("a damaged picture in the text (data:) was left out")
        return None
    address = urls.data_image(data)
    if address is None:
        notes.add("a picture in the text (data:) that is none was left out")
    return address


def _become_link(element: Element, address: str, words: str) -> None:
    element.tag = "a"
    element.attrib.clear()
    element.set("href", address)
    element.text = words


def _link(element: Element, urls: Urls, notes: Notes) -> None:
    target = (element.get("href") or "").strip()
    if not target:
        element.drop_tag()  # a place to jump to
        return
    title = element.get("title")
    address = None
    if target.startswith("#"):
        notes.add("links to places within the text became plain text")
    else:
        address = _address(target, urls)
        if address is None:
            notes.add(f"a link that leads nowhere here became plain text: {_short(target)}")
    if address is None:
        element.drop_tag()
        return
    element.attrib.clear()
    element.set("href", address)
    if title:
        element.set("title", " ".join(title.split()))


def _address(target: str, urls: Urls) -> str | None:
    """Where a link leads from here; None when nobody may or can follow it."""
    target = target.strip()
    if target.startswith("article:"):
        return target
    inner = urls.link(target)
    if inner is not None:
        return inner
    whole = target if _SCHEME.match(target) else _completed(target, urls.base)
    whole = re.sub(r"[\s\x00-\x1f]", "%20", whole)
    return whole if _WEB.match(whole) else None


def _completed(target: str, base: str) -> str:
    if not base:
        return f"https:{target}" if target.startswith("//") else target
    try:
        return urllib.parse.urljoin(base, target)
    except ValueError:
        return target


def _table(element: Element, notes: Notes) -> None:
    """One table, its cells in line, no cell over several rows or columns."""
    for inner in list(element.iterdescendants("table")):
        notes.add("a table in a table became text")
        for row in list(inner.iter("tr", "td", "th", "tbody", "thead", "tfoot", "caption")):
            row.tag = "p" if row.tag in ("tr", "caption") else "span"
            row.tail = f" {row.tail or ''}"
        inner.tag = "div"
    rows = list(element.iter("tr"))
    cells = [cell for row in rows for cell in row if cell.tag in ("td", "th")]
    if len(cells) <= 1:
        for part in [*cells, *rows, *element.iter("tbody", "thead", "tfoot", "caption"), element]:
            part.tag = "div"
        return
    for cell in cells:
        if any(found.tag in ("ul", "ol", "pre", "blockquote") for found in cell.iterdescendants()):
            notes.add("lists or blocks in cells of a table became one line each")
        if _span(cell, "rowspan") > 1 or _span(cell, "colspan") > 1:
            notes.add("merged cells of a table were parted")
    _part_cells(rows)


def _part_cells(rows: list[Element]) -> None:
    """An empty cell wherever another one reached, and rows of one length."""
    import lxml.html

    reaching: dict[int, int] = {}  # column -> rows that a cell above still covers
    grid: list[list[Element]] = []
    for row in rows:
        cells: list[Element] = []
        for cell in [found for found in row if found.tag in ("td", "th")]:
            _fill(cells, reaching, cell.tag)
            for more in range(min(_span(cell, "colspan"), 50)):
                if _span(cell, "rowspan") > 1:
                    reaching[len(cells)] = min(_span(cell, "rowspan"), len(rows)) - 1
                cells.append(lxml.html.Element(cell.tag) if more else cell)
        _fill(cells, reaching, "td")
        grid.append(cells)
    width = max((len(cells) for cells in grid), default=0)
    for row, cells in zip(rows, grid, strict=True):
        cells += [lxml.html.Element("td") for _ in range(width - len(cells))]
        for cell in cells:
            cell.attrib.clear()
            row.append(cell)


def _fill(cells: list[Element], reaching: dict[int, int], tag: str) -> None:
    import lxml.html

    while reaching.get(len(cells), 0) > 0:
        reaching[len(cells)] -= 1
        cells.append(lxml.html.Element(tag))


def _span(cell: Element, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return int(value[:4]) if value.isascii() and value.isdigit() else 1


def _short(address: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in address)
    return plain if len(plain) <= 100 else f"{plain[:97]}..."
