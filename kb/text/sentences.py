"""Sentences of a text, or of Markdown, with exact character spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.text.terms import base_language


@dataclass(frozen=True, slots=True)
class Span:
    """The characters [start, end) of a text."""

    start: int
    end: int


# Abbreviations that a sentence goes on after, without their final dot, lower case.
_ABBREVIATIONS: dict[str, str] = {
    "en": """mr mrs ms dr prof st rev hon sr jr no nos vs e.g i.e eg ie approx dept est inc ltd
        co p pp vol fig tel ext ave rd jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m""",
    "pl": """np tj tzn tzw m.in itp itd ul al pl os nr tel godz pan p prof dr hab mgr inż lek św
        ok ww wg zob por str s r w min max zł gr woj pow gm im ks sp z.o o.o ds dot ust art pkt
        poz kod pon wt śr czw pt sob niedz sty lut kwi cze lip sie wrz paź lis gru""",
    "cs": """např tj tzn tzv atd apod ul nám č čp čj tel str s r p pí pan mj mgr ing dr prof doc
        bc mudr judr phdr rndr csc st sv kč hod min cca popř příp resp viz odst písm čl zn obr
        tab vč max kap pozn event po út stř čt pá so ne""",
    "sl": """npr tj t.i itd ipd ul št tel g ga gdč dr mag prof doc inž dipl univ sv str s r op oz
        ok pribl cca min maks odst čl tč d.o.o d.d sp zg ur oz al idr itn jan feb mar apr jun jul
        avg sep okt nov dec pon tor sre čet pet sob ned kom""",
    "hu": """pl ún ill stb dr ifj id özv kb kft bt zrt nyrt rt u út utca krt hsz em fszt sz tel
        max min vö ld lásd old o p mp ezr db csom jan febr márc ápr máj jún júl aug szept okt nov
        dec hétf szerd csüt vas szt prof st ti uo""",
}
# Abbreviations that are also words, or that sentences end with: before a capital they do end.
_CLOSING: dict[str, str] = {
    "en": "no co est mar inc ltd ave rd a.m p.m",
    "pl": "r itp itd zł pan im",
    "cs": "kč atd apod r ne po so",
    "sl": "itd ipd d.o.o d.d r",
    "hu": "stb kft bt zrt nyrt rt",
}
_TERMINATOR = re.compile(r"[.!?…]+[\"'”’»«)\]*_]*(?=\s|$)|[。！？]+")
_LINE = re.compile(r"[^\r\n]+")
_ITEM = r"(?:[-*+•‣–—]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+|[a-z]\)\s+|#{1,6}\s+)"
_MARKER = re.compile(rf"\s*(?:(?:>\s*)+{_ITEM}?|{_ITEM})")
_ROMAN = re.compile(r"[IVX]+")
_WORD_BEFORE = re.compile(r"[^\s\"'„“”«»(\[]+$")
_RULE = re.compile(r"[\s|:\-=*_+~`]*$")
_NEXT = re.compile(r"\s+[\"'„“”»«(\[*_¿¡]*(\S)")
_LONGEST = 20_000  # characters of a line that is searched for ends; the rest is one sentence


def split_sentences(text: str, language: str) -> list[Span]:
    """Spans of the sentences of `text`, in order, without the white space around them.

    List items, headings and table rows are sentences of their own; a line that is only a
    ruler or a code fence is none. Lines of a paragraph are joined. Abbreviations, ordinals
    ("3. maja"), decimals, initials and addresses do not end a sentence. Every span covers
    some letter, digit or symbol; list markers and heading marks are left out.
    """
    base = base_language(language)
    found: list[Span] = []
    for start, end in _blocks(text):
        is_row = text[start] == "|"
        found.extend(_trimmed(text, start, end) if is_row else _sentences(text, start, end, base))
    return found


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines that belong together: a paragraph, an item with its continuation, a row."""
    start = end = -1
    fence = False
    for match in _LINE.finditer(text):
        line = match[0]
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            fence = not fence
        marker = _MARKER.match(line)
        alone = fence or stripped.startswith("|") or bool(re.match(r"\s*#{1,6}\s", line))
        gap = end >= 0 and text.count("\n", end, match.start()) > 1
        breaks = alone or marker or gap or _RULE.match(line) or not stripped
        if breaks and start >= 0:
            yield start, end
            start = -1
        if not stripped or _RULE.match(line) or stripped.startswith(("```", "~~~")):
            continue
        if start < 0:
            start = match.start() + (marker.end() if marker and not fence else 0)
            start += len(text[start : match.end()]) - len(text[start : match.end()].lstrip())
            if start >= match.end():  # a mark with nothing after it
                start = -1
                continue
        end = match.end()
        if alone:
            yield start, end
            start = -1
    if start >= 0:
        yield start, end


def _sentences(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    begin = start
    for match in _TERMINATOR.finditer(text, start, min(end, start + _LONGEST)):
        if match.end() < end and not _ends_here(text, begin, match, end, language):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right and not _RULE.match(text, left, right):
        yield Span(left, right)


def _ends_here(text: str, begin: int, match: re.Match[str], end: int, language: str) -> bool:
    """Whether this stop, followed by white space and more text, ends the sentence."""
    upcoming = _NEXT.match(text, match.end(), end)
    if upcoming is None:
        return True
    opens = upcoming[1]
    if match[0][0] in "!?。！？":
        return not opens.islower() or "\n" in text[match.end() : upcoming.start(1)]
    if match[0].startswith(("…", "...", "..")):
        return not opens.islower()
    if opens.islower():
        return False
    before = _WORD_BEFORE.search(text, max(begin, match.start() - 40), match.start())
    return before is None or not _goes_on_after(before[0], opens, language)


def _goes_on_after(word: str, opens: str, language: str) -> bool:
    """Whether "word." is an abbreviation, an ordinal or an initial rather than an end."""
    word = word.strip("*_")
    lower = word.lower()
    if lower.isdigit():
        # Ordinals are followed by lower case or a number ("3. 5. 2026"); "č. 5. Cena" ends.
        return language != "en" and len(lower) <= 2 and opens.isdigit()
    if lower in _closing(language):
        return opens.isdigit()
    if lower in _abbreviations(language):
        return True
    # "J. Novák", "II. Rákóczi"; "vitamin C. It" is lost, no rule can tell it from an initial.
    is_initial = len(word) == 1 and word.isalpha() and word.isupper()
    return is_initial or (language != "en" and _ROMAN.fullmatch(word) is not None)


@lru_cache(maxsize=32)
def _abbreviations(language: str) -> frozenset[str]:
    return frozenset(_ABBREVIATIONS.get(language, "dr prof st no tel").split())


@lru_cache(maxsize=32)
def _closing(language: str) -> frozenset[str]:
    return frozenset(_CLOSING.get(language, "").split())
