"""markdownify's converter with the forms that our pages know."""

from __future__ import annotations

import re
from typing import Any

from markdownify import MarkdownConverter

_SPECIAL = re.compile(r"([\\`*_\[\]~])")
_BARE_END = re.compile(r"((?<!\\)(?:\\\\)*)#$")  # a # that nothing escapes
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_ANGLE = re.compile(r"<(?=\S)")  # it could begin an address
_LINE_START = re.compile(r"^(\s*)([#>+:|=-])", re.MULTILINE)
_NUMBER_START = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_ENTITIES = {":": "&#58;", "=": "&#61;"}


class Converter(MarkdownConverter):  # type: ignore[misc]  # it has no types
    def escape(self, text: str, parent_tags: Any) -> str:
        text = _ENTITY.sub("&amp;", _SPECIAL.sub(r"\\\1", text or ""))
        text = _ANGLE.sub("&lt;", text)
        if "td" in parent_tags or "th" in parent_tags:
            return text.replace("|", "\\|")
        text = _LINE_START.sub(_escaped_start, text)
        return _NUMBER_START.sub(r"\1\\\2", text)

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: Any) -> str:
        words = " ".join(text.split())
        words = _BARE_END.sub(r"\1\\#", words)
        if "_inline" in parent_tags or not words:
            return words
        return f"\n\n{'#' * min(n, 6)} {words}\n\n"

    def convert_li(self, el: Any, text: str, parent_tags: Any) -> str:
        text = (text or "").strip()
        if "_inline" in parent_tags:
            return f" • {text} "
        if not text:
            return "\n"
        bullet = _bullet(el)
        first, *rest = text.split("\n")
        lines = [f"{bullet:<4}{first}"] + [f"    {line}" if line else "" for line in rest]
        return "\n".join(lines) + "\n"

    def convert_list(self, el: Any, text: str, parent_tags: Any) -> str:
        if "_inline" in parent_tags:
            return f" {text.strip()} "
        if "li" in parent_tags:
            return "\n" + text.rstrip() + "\n"
        return "\n\n" + text.strip("\n") + "\n\n"

    convert_ul = convert_list
    convert_ol = convert_list

    def convert_pre(self, el: Any, text: str, parent_tags: Any) -> str:
        if "_inline" in parent_tags:
            return f" {' '.join(text.split())} "
        code = text.strip("\n")
        longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
        fence = "`" * (longest + 1)
        return f"\n\n{fence}{_code_language(el)}\n{code}\n{fence}\n\n" if code else ""

    def convert_blockquote(self, el: Any, text: str, parent_tags: Any) -> str:
        if "_inline" in parent_tags:
            return f" {text.strip()} "
        lines = text.strip().split("\n")
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"

    def convert_br(self, el: Any, text: str, parent_tags: Any) -> str:
        return " " if "_inline" in parent_tags else "  \n"

    def convert_sup(self, el: Any, text: str, parent_tags: Any) -> str:
        return _moved(text, _RAISED)

    def convert_sub(self, el: Any, text: str, parent_tags: Any) -> str:
        return _moved(text, _LOWERED)

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        alt = _SPECIAL.sub(r"\\\1", el.get("alt") or "")
        title = (el.get("title") or "").replace('"', "'")
        told = f' "{title}"' if title else ""
        return f"![{alt}]({_target(el.get('src'))}{told})"

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        words = " ".join(text.split())
        if not words or "_noformat" in parent_tags:
            return text
        title = (el.get("title") or "").replace('"', "'")
        told = f' "{title}"' if title and title != words else ""
        before = " " if text[:1].isspace() else ""
        after = " " if text[-1:].isspace() else ""
        return f"{before}[{words}]({_target(el.get('href'))}{told}){after}"

    def convert_caption(self, el: Any, text: str, parent_tags: Any) -> str:
        return f"{text.strip()}\n\n" if text.strip() else ""


def _escaped_start(found: re.Match[str]) -> str:
    """Our pages know no backslash before a colon or an equals sign."""
    return f"{found[1]}{_ENTITIES.get(found[2], chr(92) + found[2])}"


def _bullet(el: Any) -> str:
    if el.parent is None or el.parent.name != "ol":
        return "-"
    start = str(el.parent.get("start") or "1")
    first = int(start[:6]) if start.isascii() and start.isdigit() else 1
    return f"{first + len(el.find_previous_siblings('li'))}."


def _code_language(el: Any) -> str:
    inner = el.find("code")
    classes = [*(el.get("class") or []), *((inner.get("class") if inner else None) or [])]
    for name in classes:
        found = re.fullmatch(r"(?:language|lang|brush)[-:]?\s*([\w+-]{1,30})", name)
        if found:
            return found[1]
    return ""


def _moved(text: str, table: dict[int, int]) -> str:
    plain = text.strip()
    if plain and all(ord(char) in table for char in plain):
        return plain.translate(table)
    return text


def _target(address: str | None) -> str:
    """An address that ends where it should: between brackets where it holds some itself."""
    found = (address or "").replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
    return f"<{found}>" if re.search(r"[()\\]", found) else found
