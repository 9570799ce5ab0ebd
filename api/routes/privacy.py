"""Erasing and exporting what is held of a customer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rules import allow
from api.deps import App
from api.schemas.privacy import CustomerIn, ErasedOut, EraseIn, ErasureOut, HeldOut
from kb.actions.erasure import Erased
from kb.domain import Permission, Principal
from kb.privacy.erase import Whom, erase_rows, preview
from kb.privacy.export import export_customer

router = APIRouter(prefix="/api/v1/privacy", tags=["privacy"])
CLEANED_WITHIN = 5.0  # seconds that an answer waits for the traces


@router.post("/erase", response_model=ErasureOut)
def post_erase(
    app: App, eraser: Annotated[Principal, allow(Permission.erase_privacy)], given: EraseIn
) -> ErasureOut:
    """Erase a customer for good: rows, index, snapshots, copies set aside, free space.

    Done again on any older copy of the database that is put back. What the customer sends later
    is kept again.
    """
    whom, database = Whom(given.customer_ref, tuple(given.also)), app.engine.database
    if given.dry_run:
        found = preview(app.settings, database, whom)
        planned = Erased(
            cases=len(found.found.cases),
            interactions=len(found.found.interactions),
            suggestions=len(found.found.suggestions),
            gaps=len(found.found.gaps),
            masked=len(found.found.masks),
        )
        return _out(None, planned, False, found.left)
    report = erase_rows(app.settings, database, whom, eraser.actor)
    app.worker.wake()  # texts of others in which a name was masked
    cleaned = app.upkeep.clean_soon(CLEANED_WITHIN)
    return _out(report.id, report.erased, cleaned, report.left)


@router.get("/export", response_model=HeldOut)
def get_export(
    app: App,
    exporter: Annotated[Principal, allow(Permission.export_privacy)],
    asked: Annotated[CustomerIn, Query()],
) -> HeldOut:
    """All that is held of a customer, nothing masked; noted in the audit."""
    whom = Whom(asked.customer_ref, tuple(asked.also))
    held = export_customer(app.settings, app.engine.database, whom, exporter.actor)
    return HeldOut.model_validate(held)


def _out(entry: str | None, erased: Erased, cleaned: bool, left: tuple[str, ...]) -> ErasureOut:
    counts = ErasedOut(**asdict(erased))
    return ErasureOut(id=entry, erased=counts, cleaned=cleaned, left=list(left))
