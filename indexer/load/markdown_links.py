"""Links and pictures in Markdown that come as files: their addresses are put right."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable, Iterator

from indexer.load.html_tree import Notes, Urls

_FENCE = re.compile(r"^[ >]{0,6}(?:[-*+]\s+|\d+\.\s+)?(`{3,}|~{3,})")
_SPAN = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]{0,2000}?(?<!`)(?P=ticks)(?!`))"
_TARGET = r"(?P<before>\]\()(?P<address><[^<>\n]*+>|[^()\s<>]*+)(?P<after>(?:\s+\"[^\"\n]*+\")?\))"
_LINK = re.compile(f"{_SPAN}|{_TARGET}")
_REFERENCE = re.compile(r"^(?P<before> {0,3}\[[^\]\n]{1,500}\]:\s+)(?P<address>\S+)(?P<after>.*)$")
_TAG = re.compile(r"<(?:img|table|div|br|iframe|video|p|span)\b[^<>\n]{0,500}>", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def rewrite(markdown: str, urls: Urls, is_picture: Callable[[str], bool], notes: Notes) -> str:
    """The text with addresses of files put right; one that needs nothing stays byte for byte.

    `is_picture` tells by its address whether something is a picture. Code is left alone.
    """
    if "](" not in markdown and "]:" not in markdown and "<" not in markdown:
        return markdown
    lines = [
        line if in_code else _line(line, urls, is_picture, notes)
        for line, in_code in with_code(markdown)
    ]
    return "\n".join(lines)


def with_code(markdown: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is code between fences."""
    fence = ""
    for line in markdown.split("\n"):
        found = _FENCE.match(line)
        if fence:
            yield line, True
            if found and found[1].startswith(fence) and not line.strip().strip("`~> "):
                fence = ""
            continue
        if found:
            fence = found[1]
        yield line, bool(found)


def _line(line: str, urls: Urls, is_picture: Callable[[str], bool], notes: Notes) -> str:
    if _TAG.search(re.sub(r"`[^`]*`", "", line)):
        notes.add("HTML within Markdown shows as text")

    def put_right(found: re.Match[str]) -> str:
        if found.groupdict().get("code"):
            return found[0]
        given = found["address"]
        address = _address(given.strip("<>"), urls, is_picture, notes)
        return found[0] if address is None else f"{found['before']}{address}{found['after']}"

    if "](" in line:
        return _LINK.sub(put_right, line)
    return _REFERENCE.sub(put_right, line) if "]:" in line else line


def _address(
    address: str, urls: Urls, is_picture: Callable[[str], bool], notes: Notes
) -> str | None:
    """The new address, or None when it stays."""
    if address.lower().startswith("data:image/"):
        kept = _data_picture(address, urls)
        if kept is None:
            notes.add("a picture in the text (data:) that is none was left out")
        return kept or "#"
    if address.lower().startswith(("javascript:", "vbscript:", "data:", "file:")):
        notes.add(f"a link that leads nowhere here: {address[:60]}")
        return None  # no page of ours lets it through
    if not address or address.startswith(("#", "article:", "mailto:", "tel:", "/images/", "/a/")):
        return None
    if _ELSEWHERE.match(address):
        found = urls.link(address)
        if found is None and is_picture(address):
            notes.add(f"a picture of another site is not shown: {address[:100]}")
        return found
    found = urls.image(address) if is_picture(address) else urls.link(address)
    if found is None:
        kind = "a picture is not there" if is_picture(address) else "a link leads to no article"
        notes.add(f"{kind}: {address[:100]}")
    return found


def _data_picture(address: str, urls: Urls) -> str | None:
    head, _, packed = address.partition(",")
    if not head.lower().endswith(";base64"):
        return None
    try:
        return urls.data_image(base64.b64decode(urllib.parse.unquote(packed)))
    except (binascii.Error, ValueError):
        return None
