"""The cases that a draft is made of, with the redactions as somebody corrected them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kb.assist.draft_pieces import DraftCase
from kb.domain import Facets, RedactionSource, RedactionState, utc_now
from kb.errors import InvalidInput
from kb.queries.cases import CaseRedactions, get_case_redactions, get_case_view
from kb.queries.redactions import RedactionView
from kb.text.redact import PersonalKind

MOST = 2000  # redactions of one case


@dataclass(frozen=True, slots=True)
class DraftRedaction:
    """Characters [start, end) of a raw part of a case are hidden in a draft, or shown in it."""

    part: str
    start: int
    end: int
    kind: PersonalKind
    state: RedactionState = RedactionState.hidden


Corrections = Mapping[str, Sequence[DraftRedaction]]
"""By case, all that is to be hidden of it; what is left out is shown."""


def load_draft_cases(
    session: Session,
    case_ids: Sequence[str],
    scope: Facets,
    corrections: Corrections,
    actor: str,
) -> list[DraftCase]:
    """The cases in the order given, each once. Nothing is written.

    Raises NotFound for a case out of scope, InvalidInput on redactions outside its texts.
    """
    found = []
    for case_id in dict.fromkeys(case_ids):
        redactions = get_case_redactions(session, case_id, scope)
        given = corrections.get(case_id)
        if given is not None:
            redactions = _corrected(redactions, given, actor)
        found.append(DraftCase(get_case_view(session, case_id, scope), redactions))
    return found


def _corrected(case: CaseRedactions, given: Sequence[DraftRedaction], actor: str) -> CaseRedactions:
    if len(given) > MOST:
        raise InvalidInput(f"Give at most {MOST} redactions of one case.")
    now = utc_now()
    for one in given:
        text = case.parts.get(one.part)
        if text is None or not 0 <= one.start < one.end <= len(text):
            raise InvalidInput(
                f"A redaction of {case.id} is outside its texts ({one.part[:30]} {one.start} to"
                f" {one.end}): load the redactions again and repeat the correction."
            )
    rows = tuple(
        RedactionView(
            one.part,
            one.start,
            one.end,
            str(one.kind),
            RedactionSource.person,
            one.state,
            actor,
            now,
        )
        for one in given
    )
    return replace(case, redactions=rows)
