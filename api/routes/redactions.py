"""The page on which people see and correct what is hidden in a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse

from api.auth.rules import allow
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.ui import render
from kb.actions import audit
from kb.actions.checks import check_text
from kb.actions.redactions import MOST, RedactionInput, correct_redactions
from kb.actions.saved import SaveResult
from kb.domain import Permission, Pool, Principal, RedactionState
from kb.errors import InvalidInput
from kb.queries.cases import CaseRedactions, get_case_redactions
from kb.queries.redactions import personal_kind
from kb.text.redact import PersonalKind

router = APIRouter(include_in_schema=False)
Corrector = Annotated[Principal, allow(Permission.correct_redaction)]
Ticked = Annotated[list[str], Form(max_length=MOST)]
Words = Annotated[str, Form(max_length=2000)]
Version = Annotated[int, Form(ge=0)]


@router.get("/c/{case_id}/redactions")
def redactions_page(
    request: Request,
    app: App,
    session: ReadSession,
    corrector: Corrector,
    case_id: PathKey,
    done: str = "",
) -> HTMLResponse:
    """What is hidden in a case, what was lifted, and a field for what was missed."""
    found = get_case_redactions(session, case_id, corrector.scope)
    raw = corrector.may(Permission.read_raw_cases)
    if raw:
        with app.engine.session_factory.begin() as writing:
            audit.record(writing, corrector.actor, "read_raw", "case", case_id)
    order = list(found.parts)  # as they are read
    rows = [
        {
            "id": f"{row.part} {row.start} {row.end}",
            "hidden": row.state == RedactionState.hidden,
            "around": found.around(row),
            "text": found.parts[row.part][row.start : row.end]
            if raw or row.state == RedactionState.shown
            else "",
            "source": row.source,
        }
        for row in sorted(found.redactions, key=lambda row: (order.index(row.part), row.start))
    ]
    values = {"case": found, "rows": rows, "done": done}
    return render.page(request, "redactions.html", values)


@router.post("/c/{case_id}/redactions")
def post_redactions(
    app: App,
    corrector: Corrector,
    case_id: PathKey,
    version: Version,
    hidden: Ticked = [],  # noqa: B006  # the framework reads it, nobody changes it
    words: Words = "",
) -> RedirectResponse:
    """What is ticked stays hidden, the rest is shown; the words are hidden wherever they stand."""
    check_text(words, "words")

    def correct(session: Session) -> SaveResult:
        found = get_case_redactions(session, case_id, corrector.scope)
        wanted = [*_ticked(found, hidden), *_places(found, words)]
        return correct_redactions(session, case_id, wanted, version=version, actor=corrector.actor)

    app.write(Pool.case, within_scope(corrector, Pool.case, case_id, correct))
    return RedirectResponse(f"/c/{case_id}/redactions?done=1", 303)


def _ticked(found: CaseRedactions, hidden: Sequence[str]) -> list[RedactionInput]:
    ticked = set(hidden)
    return [
        RedactionInput(
            row.part,
            row.start,
            row.end,
            personal_kind(row.kind),
            RedactionState.hidden
            if f"{row.part} {row.start} {row.end}" in ticked
            else RedactionState.shown,
        )
        for row in found.redactions
    ]


def _places(found: CaseRedactions, words: str) -> list[RedactionInput]:
    """Every line of `words`, wherever it stands in the case. Raises InvalidInput."""
    places: list[RedactionInput] = []
    for line in filter(None, (line.strip() for line in words.splitlines())):
        pattern = re.compile(r"\s+".join(map(re.escape, line.split())), re.IGNORECASE)
        here = [
            RedactionInput(part, *match.span(), PersonalKind.name)
            for part, text in found.parts.items()
            for match in pattern.finditer(text)
        ]
        if not here:
            raise InvalidInput(
                f"{line[:60]!r} stands nowhere in the case: copy the words as they stand there."
            )
        places += here
    return places
