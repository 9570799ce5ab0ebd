"""The form in which a draft made from cases is corrected: read, merged with a draft made anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.schemas.cases import RedactionIn
from api.schemas.common import MAX_BODY, Key, Language, Text
from api.schemas.drafts import DraftOut
from kb.domain import Audience, RedactionState
from kb.errors import InvalidInput
from kb.queries.cases import CaseRedactions
from kb.queries.redactions import RedactionView, personal_kind
from kb.text.diff import opcodes
from kb.text.merge import merge
from kb.text.redact import PersonalKind

MOST_CASES = 20
MOST_PLACES = 200  # corrected in one form
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def _lines(value: object) -> object:
    """Browsers send the ends of lines as CRLF."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _keys(value: object) -> object:
    given = value if isinstance(value, list) else [value]
    return [key for one in given for key in str(one).split()]


Typed = Annotated[Text, BeforeValidator(_lines), StringConstraints(max_length=4000)]
TypedBody = Annotated[Text, BeforeValidator(_lines), StringConstraints(max_length=2 * MAX_BODY)]
Place = Annotated[
    str, StringConstraints(pattern=r"^\S{1,120} [a-z]{1,20}(:\d{1,4})? \d{1,7} \d{1,7} [a-z_]+$")
]
Places = Annotated[list[Place], Field(max_length=MOST_PLACES)]


class DraftForm(BaseModel):
    """What is in the form. `was_*`: what stood in the fields when they were filled in.

    `shown` and `added` are places in raw cases (`place_of`) that are not personal after all, and
    that are; `words` are hidden wherever they stand in the cases.
    """

    model_config = ConfigDict(frozen=True)

    do: Annotated[str, StringConstraints(max_length=200)] = "again"
    cases: Annotated[list[Key], BeforeValidator(_keys), Field(max_length=MOST_CASES - 1)] = Field(
        default_factory=list, description="beside the one in the address, parted by spaces"
    )
    language: Language | None = None
    title: Typed = ""
    summary: Typed = ""
    body: TypedBody = ""
    keywords: Typed = ""
    tags: Typed = ""
    facets: Typed = ""
    audience: Audience = Audience.internal
    was_title: Typed = ""
    was_summary: Typed = ""
    was_body: TypedBody = ""
    was_keywords: Typed = ""
    was_tags: Typed = ""
    was_facets: Typed = ""
    shown: Places = Field(default_factory=list)
    added: Places = Field(default_factory=list)
    words: Typed = ""
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """Characters [start, end) of the body come from, or hide, a stretch of a raw case's part."""

    start: int
    end: int
    case: str
    part: str
    raw_start: int
    raw_end: int


@dataclass(frozen=True, slots=True)
class DraftFields:
    """The fields as they are to be shown, and the draft as it was made, to compare with.

    `left` counts stretches that were typed where the new draft differs, too: they stay as typed.
    """

    values: Mapping[str, str]
    made: Mapping[str, str]
    masks: tuple[Trace, ...]
    sources: tuple[Trace, ...]
    left: int = 0


def place_of(case: str, row: RedactionView | RedactionIn) -> str:
    """A place in a raw case in one line."""
    return f"{case} {row.part} {row.start} {row.end} {row.kind}"


def added_places(cases: Sequence[CaseRedactions], form: DraftForm) -> list[str]:
    """What somebody hides beside what was found. Raises InvalidInput for words found nowhere."""
    found = [place_of(key, row) for key, row in _found(cases, form.words)]
    return list(dict.fromkeys([*form.added, *found]))


def corrections(
    cases: Sequence[CaseRedactions], form: DraftForm
) -> dict[str, Sequence[RedactionIn]]:
    """By case, all that is to be hidden of it in the draft; empty when nothing is corrected.

    Raises InvalidInput for words that stand nowhere in the cases.
    """
    added = [_read_place(place) for place in added_places(cases, form)]
    if not (added or form.shown):
        return {}
    shown = set(form.shown)
    found: dict[str, Sequence[RedactionIn]] = {}
    for case in cases:
        rows = {place_of(case.id, row): _as_input(row) for row in case.redactions}
        rows |= {place_of(key, row): row for key, row in added if key == case.id}
        found[case.id] = [
            row.model_copy(update={"state": RedactionState.shown}) if place in shown else row
            for place, row in rows.items()
        ]
    return found


def filled(draft: DraftOut, form: DraftForm | None, facets: str) -> DraftFields:
    """The draft in the form; what was typed before stays."""
    made = {
        "title": draft.title,
        "summary": draft.summary,
        "body": draft.body,
        "keywords": "\n".join(draft.keywords),
        "tags": ", ".join(draft.tags),
        "facets": facets,
    }
    masks, sources = _traces(draft.masks), _traces(draft.sources)
    if form is None:
        return DraftFields(made, made, masks, sources)
    values, left = {}, 0
    for name, fresh in made.items():
        values[name], open_ends = _merged(
            getattr(form, f"was_{name}"), getattr(form, name), fresh, whole=name in _WHOLE
        )
        left += open_ends
    body = values["body"]
    return DraftFields(
        values, made, moved(draft.body, body, masks), moved(draft.body, body, sources), left
    )


_WHOLE = frozenset({"tags", "facets", "keywords"})
"""Lists: once somebody changed one, it is theirs."""


def moved(old: str, new: str, traces: Sequence[Trace]) -> tuple[Trace, ...]:
    """The traces of a text in what became of it; those of which nothing is left are dropped."""
    if old == new:
        return tuple(traces)
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    at_old, at_new = _offsets(before), _offsets(after)
    kept = [
        (at_old[a1], at_old[a2], at_new[b1])
        for tag, a1, a2, b1, _ in opcodes(before, after)
        if tag == "equal"
    ]
    found = []
    for trace in traces:
        places = [
            (max(trace.start, start) - start + place, min(trace.end, end) - start + place)
            for start, end, place in kept
            if start < trace.end and trace.start < end
        ]
        if places:
            start, end = places[0][0], places[-1][1]
            origin = (trace.case, trace.part, trace.raw_start, trace.raw_end)
            found.append(Trace(start, end, *origin))
    return tuple(found)


def names_typed(text: str, separator: str) -> list[str]:
    """What stands between the separators, each once."""
    found = (" ".join(name.split()) for name in text.split(separator))
    return list(dict.fromkeys(filter(None, found)))


def _merged(base: str, typed: str, fresh: str, *, whole: bool) -> tuple[str, int]:
    """What was typed, and what is new where nothing was; in how many places both changed."""
    if typed.strip() == base.strip():
        return fresh, 0
    if whole or fresh == base:
        return typed, 0
    found = merge(base, typed, fresh)
    text = "".join(piece.ours if piece.is_conflict else piece.text for piece in found.pieces)
    return text, found.conflicts


def _traces(given: Iterable[object]) -> tuple[Trace, ...]:
    names = ("start", "end", "case", "part", "raw_start", "raw_end")
    return tuple(
        Trace(*(getattr(one, name) for name in names))
        for one in given
        if getattr(one, "field", "body") == "body"
    )


def _offsets(tokens: Sequence[str]) -> list[int]:
    found = [0]
    for token in tokens:
        found.append(found[-1] + len(token))
    return found


def _read_place(place: str) -> tuple[str, RedactionIn]:
    case, part, start, end, kind = place.split()
    span = {"part": part, "start": int(start), "end": int(end), "kind": personal_kind(kind)}
    return case, RedactionIn.model_validate(span)


def _as_input(row: RedactionView) -> RedactionIn:
    kind = personal_kind(row.kind)
    return RedactionIn(part=row.part, start=row.start, end=row.end, kind=kind, state=row.state)


def _found(cases: Sequence[CaseRedactions], words: str) -> list[tuple[str, RedactionIn]]:
    """Every line of `words`, wherever it stands in the cases. Raises InvalidInput."""
    places = []
    for line in filter(None, (line.strip() for line in words.splitlines())):
        pattern = re.compile(r"\s+".join(map(re.escape, line.split())), re.IGNORECASE)
        here = [
            (case.id, RedactionIn(part=part, start=m.start(), end=m.end(), kind=PersonalKind.name))
            for case in cases
            for part, text in case.parts.items()
            for m in pattern.finditer(text)
        ]
        if not here:
            raise InvalidInput(
                f"{line[:60]!r} stands nowhere in the case: copy the words as they stand there.",
                field="words",
            )
        places += here
    return places
