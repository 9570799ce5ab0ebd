"""What the page of a draft shows of the cases it was made from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from api.schemas.drafts import DraftOut
from api.ui.draft_form import DraftForm, Trace, place_of
from kb.assist.draft_pieces import DraftCase
from kb.domain import RedactionState
from kb.queries.redactions import RedactionView


@dataclass(frozen=True, slots=True)
class PieceShown:
    """Characters [start, end) of a raw part; `place` names the redaction, `clear` what it hides."""

    start: int
    end: int
    text: str
    hidden: bool
    place: str = ""
    clear: str = ""


@dataclass(frozen=True, slots=True)
class PartShown:
    """A message, or another text of a case."""

    part: str
    role: str
    pieces: tuple[PieceShown, ...]


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case beside its draft."""

    id: str
    language: str
    parts: tuple[PartShown, ...]


@dataclass(frozen=True, slots=True)
class PlaceShown:
    """A place that is hidden, or was and is not personal after all."""

    place: str
    language: str
    around: tuple[str, str, str]
    shown: bool
    added: bool
    in_draft: bool


def case_shown(case: DraftCase, *, raw: bool) -> CaseShown:
    """The case's parts in pieces; what is hidden in clear only when `raw`."""
    roles = {f"message:{n}": str(one.role) for n, one in enumerate(case.view.messages)}
    found = case.redactions
    places = {
        (row.part, row.start, row.end): place_of(case.view.id, row)
        for row in found.redactions
        if row.state == RedactionState.hidden
    }
    parts = tuple(
        PartShown(
            part,
            roles.get(part, part),
            tuple(
                PieceShown(
                    piece.start,
                    piece.end,
                    piece.text,
                    piece.hidden,
                    places.get((part, piece.start, piece.end), "") if piece.hidden else "",
                    found.parts[part][piece.start : piece.end] if piece.hidden and raw else "",
                )
                for piece in pieces
            ),
        )
        for part, pieces in sorted(found.pieces().items(), key=lambda item: _order(item[0]))
    )
    return CaseShown(case.view.id, case.view.language, parts)


def _order(part: str) -> int:
    """As it happened; Python's sort keeps the messages in their order."""
    return {"subject": 0, "tried": 2, "resolution": 3}.get(part, 1)


def places_shown(
    cases: Sequence[DraftCase], draft: DraftOut, form: DraftForm | None
) -> list[PlaceShown]:
    """Places of all cases, those that matter to the draft first."""
    seen = {(m.case, m.part, m.raw_start, m.raw_end) for m in draft.masks}
    added = frozenset(form.added) if form else frozenset()
    lifted = frozenset(form.shown) if form else frozenset()
    found = [
        PlaceShown(
            place,
            case.view.language,
            case.redactions.around(row),
            place in lifted,
            place in added,
            (case.view.id, row.part, row.start, row.end) in seen,
        )
        for case in cases
        for place, row in _placed(case, lifted)
    ]
    return sorted(found, key=lambda row: not (row.in_draft or row.shown or row.added))


def _placed(case: DraftCase, lifted: Collection[str]) -> list[tuple[str, RedactionView]]:
    """Without those that somebody lifted in the case itself."""
    rows = [(place_of(case.view.id, row), row) for row in case.redactions.redactions]
    return [
        (place, row) for place, row in rows if row.state == RedactionState.hidden or place in lifted
    ]


def as_data(traces: Sequence[Trace]) -> str:
    """For the page's script."""
    return json.dumps([asdict(trace) for trace in traces])
