"""Cases, for readers from inside the company only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from api.auth.rules import allow
from api.auth.saving import check_case_save
from api.deps import App, PathKey, ReadSession
from api.schemas.cases import CaseIn, CaseOut, ResolveIn, case_out
from api.schemas.common import SavedOut
from kb.actions.cases import archive_case, resolve_case, save_case
from kb.domain import Permission, Pool, Principal
from kb.queries.cases import get_case_view

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])
Reader = Annotated[Principal, allow(Permission.read_cases)]
Writer = Annotated[Principal, allow(Permission.write_cases)]
Archivist = Annotated[Principal, allow(Permission.archive_cases)]


@router.get("/{case_id}", response_model=CaseOut)
def read_case(session: ReadSession, _reader: Reader, case_id: PathKey) -> CaseOut:
    """A case with its messages."""
    return case_out(get_case_view(session, case_id))


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
    saved = app.write(Pool.case, lambda session: save_case(session, given, writer.actor))
    response.status_code = 201 if saved.status == "created" else 200
    return saved


@router.post("/{case_id}/resolve", response_model=SavedOut)
def post_resolve(app: App, writer: Writer, case_id: PathKey, solved: ResolveIn) -> SavedOut:
    """Note what solved an open case: from now on colleagues find it."""
    return app.write(
        Pool.case,
        lambda session: resolve_case(
            session, case_id, solved.resolution, solved.outcome, solved.tried, writer.actor
        ),
    )


@router.post("/{case_id}/archive", response_model=SavedOut)
def post_archive(app: App, archivist: Archivist, case_id: PathKey) -> SavedOut:
    """Put a case away: nobody is shown it from this moment."""
    return app.write(Pool.case, lambda session: archive_case(session, case_id, archivist.actor))
