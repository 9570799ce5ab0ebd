"""Markdown of articles and cases: safe HTML, plain text, links between articles.

Whoever can write an article can write hostile Markdown, and Python-Markdown is quadratic or
worse on some of it. So input is refused when it is too large or nested too deep, and the
conversion itself looks at the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from kb.errors import InvalidInput, TooLarge

MAX_BYTES = 200_000
MAX_NESTING = 20  # levels of lists, quotes, brackets
_MAX_LINE = 20_000  # characters; a single pattern match cannot be interrupted
_MAX_BLOCK = 40_000  # characters without an empty line
_MAX_BLOCKS = 5_000
_MAX_FENCES = 400  # lines that open or close a code block

_KEY = r"[A-Za-z0-9][\w.-]{0,119}"
ARTICLE_LINK = re.compile(rf"article:(?P<key>{_KEY})(?P<fragment>#[\w-]+)?")

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
    "td": {"align", "style"},
    "th": {"align", "style", "scope"},
    "ul": {"class"},
}
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_CLASSES = re.compile(r"language-[\w+-]{1,30}|task-list(?:-item)?")
_ALIGN = re.compile(r"text-align: (?:left|right|center);")
_LOCAL = re.compile(r"/(?!/)[^\\\s]*")


def render_html(markdown: str) -> str:
    """Safe HTML of `markdown`.

    Raw HTML shows as text. Only allow-listed tags and attributes, no remote images; links carry
    `rel="nofollow noopener"`; `article:<key>` becomes `/a/<key>`.
    Raises TooLarge above `MAX_BYTES` or when it would take too long, InvalidInput when nested
    deeper than `MAX_NESTING`.
    """
    import nh3

    return nh3.clean(
        _convert(markdown).html,
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_allowed_value,
        url_schemes=set(_SCHEMES),
        link_rel="nofollow noopener",
        clean_content_tags={"script", "style", "iframe", "template", "noscript", "textarea"},
    )


def plain_text(markdown: str) -> str:
    """The words of `markdown` as read: no marks, a line per block, cells joined by " | ".

    Raises as `render_html`.
    """
    reader = _TextReader()
    reader.feed(render_html(markdown))
    reader.close()
    return reader.text()


def internal_links(markdown: str) -> list[str]:
    """Keys of the articles that `markdown` links to, each once, in order; not those in code.

    Raises as `render_html`.
    """
    return list(dict.fromkeys(_convert(markdown).links))


@dataclass(frozen=True, slots=True)
class Converted:
    """HTML as Python-Markdown made it, not yet safe, and the article keys it links to."""

    html: str
    links: tuple[str, ...]


def _convert(markdown: str) -> Converted:
    from kb.text.markdown_engine import convert

    text = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    text = text.encode("utf-8", "replace").decode()  # lone surrogates
    check_size(text)
    html, links = convert(text)
    return Converted(html, tuple(links))


def check_size(text: str) -> None:
    """Refuse what the converter cannot take in reasonable time; see `render_html`."""
    size = len(text.encode())
    if size > MAX_BYTES:
        raise TooLarge(
            f"The text has {size} bytes, {MAX_BYTES} are allowed. Split it into several articles.",
            limit=MAX_BYTES,
        )
    if len(re.findall(r"^[ \t>]*(?:```|~~~)", text, re.MULTILINE)) > _MAX_FENCES:
        raise TooLarge("The text has too many code blocks. Split it into several articles.")
    for line in text.split("\n"):
        if len(line) > _MAX_LINE:
            raise TooLarge(
                f"A line has {len(line)} characters, {_MAX_LINE} are allowed. Break it up.",
                limit=_MAX_LINE,
            )
        _check_indent(line)
    blocks = re.split(r"\n[ \t]*\n", text)
    if len(blocks) > _MAX_BLOCKS:
        raise TooLarge(
            f"The text has {len(blocks)} paragraphs, {_MAX_BLOCKS} are allowed. "
            "Split it into several articles.",
            limit=_MAX_BLOCKS,
        )
    for block in blocks:
        if len(block) > _MAX_BLOCK:
            raise TooLarge(
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


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    """nh3's filter: which values of the allowed attributes stay."""
    if name == "class":
        kept = " ".join(part for part in value.split() if _CLASSES.fullmatch(part))
        return kept or None
    if name == "style":
        return value if _ALIGN.fullmatch(value) else None
    if tag == "img" and name == "src":
        return value if _LOCAL.fullmatch(value) else None
    if tag == "input" and name == "type":
        return value if value == "checkbox" else "hidden"
    return value


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
