"""What an article should have before anybody reads it: quick checks of its text.

Nothing here forbids anything: each check says how it is, why, and where. What needs the database
(which links lead somewhere, which duplicates there are) is given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kb.text.checklist_words import get_checklist_words
from kb.text.reading import reading_ease
from kb.text.redact import DEFAULT_PATTERNS, CustomPattern, PersonalKind, find_personal
from kb.text.terms import each_term, is_stop, terms

TITLE_WORDS = 2  # that carry a topic
TITLE_LONG = 90  # characters
FEW_WORDS, MANY_WORDS = 15, 900
PLACES = 20  # of one check
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_STEP = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*+])\s+\S", re.MULTILINE)
_LINK = re.compile(r"\]\(\s*(?:article:([^)\s\"]*)|([^)\s\"]*))[^)]*\)")
_CODE = re.compile(r"\b(?=\w*\d{4})\w+\b|\[[^\]]+\]|^\s*(?:re|fw|fwd|odp|vs|vá)\s*:", re.IGNORECASE)
_TARGET = re.compile(r"\]\([^)]*\)")
_COMMON = frozenset(
    {PersonalKind.email, PersonalKind.phone, PersonalKind.parcel, PersonalKind.order}
)


class CheckState(StrEnum):
    ok = "ok"
    warning = "warning"
    problem = "problem"
    unknown = "unknown"  # not looked at, or nothing to go by


@dataclass(frozen=True, slots=True)
class Place:
    """Characters [start, end) of a field."""

    field: str
    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist. `reason` is stable; `value` goes with it where there is one."""

    name: str
    state: CheckState
    reason: str
    value: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """The text that is looked at. `links` are the keys of `body` that lead to an article."""

    title: str
    body: str
    language: str
    summary: str = ""
    keywords: Sequence[str] = ()
    links: Collection[str] = ()


def check_article(
    given: Checked, patterns: Sequence[CustomPattern] = DEFAULT_PATTERNS
) -> list[Check]:
    """All checks but that of duplicates, in the order of the list. Never raises on any text."""
    return [
        _title(given),
        _one_problem(given),
        _resolution(given),
        _reading(given),
        _personal(given, patterns),
        _links(given),
        _length(given),
    ]


def check_duplicates(likely: Sequence[str] | None) -> Check:
    """Whether likely duplicates were found; None: they were not looked for."""
    if likely is None:
        return Check("duplicates", CheckState.unknown, "duplicates_not_looked")
    if likely:
        return Check("duplicates", CheckState.warning, "duplicates_found", ", ".join(likely))
    return Check("duplicates", CheckState.ok, "duplicates_none")


def linked_keys(body: str) -> list[str]:
    """Keys that the Markdown seems to link to, each once, in order."""
    return list(dict.fromkeys(m[1] for m in _LINK.finditer(body) if m[1]))


def _title(given: Checked) -> Check:
    title = given.title.strip()
    if not title:
        return Check("title", CheckState.problem, "title_empty")
    code = _CODE.search(given.title)
    if code:
        place = Place("title", code.start(), code.end())
        return Check("title", CheckState.warning, "title_code", code[0], (place,))
    if len(title) > TITLE_LONG:
        return Check("title", CheckState.warning, "title_long", str(len(title)))
    topic = _topic(title, given.language)
    if len(topic) < TITLE_WORDS:
        return Check("title", CheckState.warning, "title_short")
    if title.isupper():
        return Check("title", CheckState.warning, "title_capitals")
    if not _says(" ".join((given.body, *given.keywords)), given.language, topic):
        return Check("title", CheckState.warning, "title_elsewhere")
    return Check("title", CheckState.ok, "title_ok")


def _says(text: str, language: str, topic: set[str]) -> bool:
    """Whether the text has a term of the topic, or no term at all."""
    said = each_term(text, language)
    first = next(said, None)
    return first is None or first in topic or any(term in topic for term in said)


def _one_problem(given: Checked) -> Check:
    """One solution to one question: a second heading for it means a second article."""
    words = get_checklist_words(given.language)
    solved = [m for m in _HEADING.finditer(given.body) if words.is_resolution(m[1])]
    if len(solved) > 1:
        places = tuple(Place("body", m.start(), m.end()) for m in solved[:PLACES])
        return Check(
            "one_problem", CheckState.warning, "several_solutions", str(len(solved)), places
        )
    if given.title.count("?") > 1:
        return Check("one_problem", CheckState.warning, "several_questions")
    return Check("one_problem", CheckState.ok, "one_problem_ok")


def _resolution(given: Checked) -> Check:
    words = get_checklist_words(given.language)
    headings = list(_HEADING.finditer(given.body))
    for place, heading in enumerate(headings):
        if not words.is_resolution(heading[1]):
            continue
        end = headings[place + 1].start() if place + 1 < len(headings) else len(given.body)
        if given.body[heading.end() : end].strip():
            return Check("resolution", CheckState.ok, "resolution_ok")
        empty = (Place("body", heading.start(), heading.end()),)
        return Check("resolution", CheckState.problem, "resolution_empty", "", empty)
    if _STEP.search(given.body):
        return Check("resolution", CheckState.ok, "resolution_steps")
    said = _HEADING.sub("", given.body).strip()
    if not said:
        return Check("resolution", CheckState.problem, "resolution_empty")
    return Check("resolution", CheckState.warning, "resolution_unmarked")


def _reading(given: Checked) -> Check:
    plain = _TARGET.sub(lambda m: "]".ljust(len(m[0])), given.body)
    found = reading_ease(plain, given.language)
    places = tuple(Place("body", start, end) for start, end in found.long[:PLACES])
    if found.value is None:
        return Check("reading", CheckState.unknown, "reading_short")
    easy = found.easy and not places
    state = CheckState.ok if easy else CheckState.warning
    reason = f"reading_{found.measure}{'' if found.easy else '_hard'}"
    if found.easy and places:
        reason = "reading_long_sentences"
    return Check("reading", state, reason, f"{found.value:g}", places)


def _personal(given: Checked, patterns: Sequence[CustomPattern]) -> Check:
    fields = {"title": given.title, "summary": given.summary, "body": given.body}
    fields |= {f"keyword:{n}": keyword for n, keyword in enumerate(given.keywords)}
    places, worst = [], CheckState.ok
    for name, text in fields.items():
        for span in find_personal(text, given.language, patterns=patterns):
            if text[span.start : span.start + 1] == "[":
                continue  # a mask: it stands for what was taken out
            places.append(Place(name, span.start, span.end, str(span.kind)))
            if span.kind not in _COMMON:
                worst = CheckState.problem
            elif worst == CheckState.ok:
                worst = CheckState.warning
    reason = {
        CheckState.ok: "personal_none",
        CheckState.warning: "personal_maybe",
        CheckState.problem: "personal_found",
    }[worst]
    value = str(len(places)) if places else ""
    return Check("personal", worst, reason, value, tuple(places[:PLACES]))


def _links(given: Checked) -> Check:
    dead, outside = [], 0
    for match in _LINK.finditer(given.body):
        key, other = match[1], match[2]
        if key is not None and key not in given.links:
            dead.append(Place("body", match.start(), match.end(), "article"))
        elif key is None and not other:
            dead.append(Place("body", match.start(), match.end(), "empty"))
        elif key is None and other.startswith(("http://", "https://")):
            outside += 1
    if dead:
        return Check(
            "links", CheckState.problem, "links_dead", str(len(dead)), tuple(dead[:PLACES])
        )
    if outside:
        return Check("links", CheckState.unknown, "links_outside", str(outside))
    return Check("links", CheckState.ok, "links_ok")


def _length(given: Checked) -> Check:
    count = len(given.body.split())
    if count < FEW_WORDS:
        return Check("length", CheckState.warning, "length_short", str(count))
    if count > MANY_WORDS:
        return Check("length", CheckState.warning, "length_long", str(count))
    return Check("length", CheckState.ok, "length_ok", str(count))


def _topic(text: str, language: str) -> set[str]:
    return {term for term in terms(text, language) if not is_stop(term, language) and len(term) > 1}
