"""Who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.rules import allow
from api.deps import ReadSession
from api.schemas.audit import AuditEntryOut, AuditOut, AuditQuery
from kb.domain import Permission, Principal
from kb.queries.audit import list_audit
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["audit"])


@router.get("/audit", response_model=AuditOut)
def read_audit(
    session: ReadSession,
    _reader: Annotated[Principal, allow(Permission.read_audit)],
    asked: Annotated[AuditQuery, Query()],
) -> AuditOut:
    """Audit entries, the newest first. `potica audit verify` tells whether they are all there."""
    page = list_audit(session, asked.to_filter(), paging=Paging(asked.offset, asked.limit))
    entries = [AuditEntryOut.model_validate(found, from_attributes=True) for found in page.items]
    return AuditOut(entries=entries, total=page.total, offset=asked.offset, limit=asked.limit)
