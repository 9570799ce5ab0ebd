"""Cases, for readers from inside the company only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from api.auth.rules import allow, require
from api.auth.saving import check_case_save, within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.cases import (
    CaseIn,
    CaseOut,
    RedactionsIn,
    RedactionsOut,
    ResolveIn,
    case_out,
    redactions_out,
)
from api.schemas.common import SavedOut
from kb.actions import audit
from kb.actions.cases import archive_case, resolve_case, save_case
from kb.actions.redactions import correct_redactions
from kb.actions.saved import SaveResult
from kb.domain import Permission, Pool, Principal
from kb.queries.cases import get_case_redactions, get_case_view, get_raw_case_view

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])
Reader = Annotated[Principal, allow(Permission.read_cases)]
Writer = Annotated[Principal, allow(Permission.write_cases)]
Raw = Annotated[bool, Query(description="with all that is personal; noted in the audit")]
Corrector = Annotated[Principal, allow(Permission.correct_redaction)]
Archivist = Annotated[Principal, allow(Permission.archive_cases)]


@router.get("/{case_id}", response_model=CaseOut)
def read_case(
    app: App,
    session: ReadSession,
    reader: Reader,
    case_id: PathKey,
    raw: Annotated[
        bool, Query(description="with all that is personal; noted in the audit")
    ] = False,
) -> CaseOut:
    """A case with its messages, without what is personal in them."""
    if not raw:
        return case_out(get_case_view(session, case_id, reader.scope))
    require(reader, Permission.read_raw_cases)
    view = get_raw_case_view(session, case_id, reader.scope)
    with app.engine.session_factory.begin() as writing:
        audit.record(writing, reader.actor, "read_raw", "case", case_id, version=view.version)
    return case_out(view)


@router.get("/{case_id}/redactions", response_model=RedactionsOut)
def read_redactions(
    app: App, session: ReadSession, corrector: Corrector, case_id: PathKey
) -> RedactionsOut:
    """What is hidden in a case, what was lifted, and its texts in pieces to hide more of.

    What is hidden is told to those only who may read raw cases, and that is noted in the audit.
    """
    found = get_case_redactions(session, case_id, corrector.scope)
    raw = corrector.may(Permission.read_raw_cases)
    if raw:
        with app.engine.session_factory.begin() as writing:
            audit.record(writing, corrector.actor, "read_raw", "case", case_id)
    return redactions_out(found, raw=raw)


@router.put("/{case_id}/redactions", response_model=SavedOut)
def put_redactions(
    app: App, corrector: Corrector, case_id: PathKey, given: RedactionsIn
) -> SavedOut:
    """Correct what is hidden: add spans, lift wrong ones. Search follows at once.

    Saving the same text again keeps the correction.
    """

    def correct(session: Session) -> SaveResult:
        inputs, version, actor = given.to_inputs(), given.version, corrector.actor
        return correct_redactions(session, case_id, inputs, version=version, actor=actor)

    return app.write(Pool.case, within_scope(corrector, Pool.case, case_id, correct))


@router.put(
    "/{case_id}",
    response_model=SavedOut,
    responses={201: {"model": SavedOut, "description": "Created"}},
)
def put_case(
    app: App, writer: Writer, case_id: PathKey, case: CaseIn, response: Response
) -> SavedOut:
    """Create or replace a case; saving the same again changes nothing."""
    given = case.to_input(case_id)
    check_case_save(writer, given)
    saved = app.write(
        Pool.case,
        within_scope(
            writer, Pool.case, case_id, lambda session: save_case(session, given, writer.actor)
        ),
    )
    response.status_code = 201 if saved.status == "created" else 200
    return saved


@router.post("/{case_id}/resolve", response_model=SavedOut)
def post_resolve(app: App, writer: Writer, case_id: PathKey, solved: ResolveIn) -> SavedOut:
    """Note what solved an open case: from now on colleagues find it."""

    def resolve(session: Session) -> SaveResult:
        given = (solved.resolution, solved.outcome, solved.tried)
        return resolve_case(session, case_id, *given, writer.actor)

    return app.write(Pool.case, within_scope(writer, Pool.case, case_id, resolve))


@router.post("/{case_id}/archive", response_model=SavedOut)
def post_archive(app: App, archivist: Archivist, case_id: PathKey) -> SavedOut:
    """Put a case away: nobody is shown it from this moment."""

    def archive(session: Session) -> SaveResult:
        return archive_case(session, case_id, archivist.actor)

    return app.write(Pool.case, within_scope(archivist, Pool.case, case_id, archive))
