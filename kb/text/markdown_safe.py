"""HTML that Python-Markdown made, cleaned by an allow-list, and the words in it.

Runs in the Markdown process only.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

_TAGS = frozenset(
    """a blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr img input li ol p pre strong
    sub sup table tbody td th thead tr ul""".split()  # noqa: SIM905 (one line each is unreadable)
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "input": {"type", "checked", "disabled"},  # task lists
    "li": {"class"},
    "ol": {"start"},
    "td": {"class"},
    "th": {"class", "scope"},
    "ul": {"class"},
}
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_CLASSES = {
    "code": re.compile(r"language-[\w+-]{1,30}"),
    "li": re.compile(r"task-list-item"),
    "td": re.compile(r"align-(?:left|right|center)"),
    "th": re.compile(r"align-(?:left|right|center)"),
    "ul": re.compile(r"task-list"),
}
# No backslash, no second slash at the start: nothing that leads to another host.
_LOCAL = re.compile(r"/(?!/)[^\\\s]*")
_LOCAL_FILE = re.compile(r"/(?!/)[^\\\s?#]*")


def cleaned(html: str, drafts: bool) -> str:
    """`html` with what is on the allow-list only. Images must be of this site.

    `drafts`: images without a query or fragment only.
    """
    image = _LOCAL_FILE if drafts else _LOCAL

    def allowed(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return value if image.fullmatch(value) else None
        return _allowed_value(tag, name, value)

    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=allowed,
        url_schemes=set(_SCHEMES),
        link_rel="nofollow noopener",
        clean_content_tags={"script", "style", "iframe", "template", "noscript", "textarea"},
    )


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    """nh3's filter: which values of the allowed attributes stay."""
    if name == "class":
        known = _CLASSES.get(tag)
        kept = " ".join(part for part in value.split() if known and known.fullmatch(part))
        return kept or None
    if tag == "input" and name == "type":
        return value if value == "checkbox" else "hidden"
    return value


def words_of(html: str) -> str:
    """The text of cleaned HTML: a line per block, cells joined by " | "."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return reader.text()


_LINE_TAGS = frozenset(
    """p div li h1 h2 h3 h4 h5 h6 tr pre blockquote br hr dt dd table""".split()  # noqa: SIM905
)


class _TextReader(HTMLParser):
    """Collects text of cleaned HTML, a line per block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = [""]
        self._in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LINE_TAGS:
            self._parts.append("\n")
        self._in_pre = self._in_pre or tag == "pre"
        if tag in ("td", "th"):
            self._start_cell()
        if tag == "img":
            self._parts.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _LINE_TAGS:
            self._parts.append("\n")
        self._in_pre = self._in_pre and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self._in_pre:
            self._parts.append(data)
            return
        words = re.sub(r"\s+", " ", data)
        if self._parts[-1].endswith(("\n", " ")):
            words = words.lstrip()
        if words:
            self._parts.append(words)

    def _start_cell(self) -> None:
        if self._parts[-1] == " ":
            self._parts.pop()
        if not self._parts[-1].endswith("\n"):
            self._parts.append(" | ")

    def text(self) -> str:
        lines = (line.rstrip() for line in "".join(self._parts).split("\n"))
        return "\n".join(line for line in lines if line)
