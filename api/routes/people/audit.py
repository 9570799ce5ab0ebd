"""The audit: who did what to which thing, and whether the record of it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.routes.people.page import SHOWN, Asked, Offset, show
from kb.audit_head import read_head
from kb.domain import Permission, Principal
from kb.errors import InvalidInput
from kb.queries.audit import AuditFilter, AuditView, audit_choices, list_audit, verify_chain
from kb.queries.names import KEY, actors_named, names_of
from kb.queries.paging import Page, Paging

router = APIRouter(prefix="/people/audit")
Reader = Annotated[Principal, allow(Permission.read_audit)]


@dataclass(frozen=True, slots=True)
class AskedAudit:
    """The filter as it was typed."""

    who: str = ""
    action: str = ""
    entity: str = ""
    thing: str = ""
    since: str = ""
    until: str = ""


def _asked(
    who: Asked = "",
    action: Asked = "",
    entity: Asked = "",
    thing: Asked = "",
    since: Asked = "",
    until: Asked = "",
) -> AskedAudit:
    return AskedAudit(who, action, entity, thing.strip(), since, until)


@router.get("")
def audit_page(
    request: Request,
    session: ReadSession,
    me: Reader,
    asked: Annotated[AskedAudit, Depends(_asked)],
    offset: Offset = 0,
) -> HTMLResponse:
    """Entries, the newest first."""
    try:
        wanted = _filter(session, asked)
    except InvalidInput as error:
        values = {"asked": asked, "error": error}
        return _page(request, session, me, AuditFilter(), values, error.status)
    return _page(request, session, me, wanted, {"asked": asked, "offset": offset})


@router.post("/verify")
def post_verify(request: Request, app: App, session: ReadSession, me: Reader) -> HTMLResponse:
    """Follow the chain of entries, and compare its end with what was kept beside the database."""
    kept, damaged = None, False
    try:
        kept = read_head(app.settings.home)
    except (InvalidInput, OSError):
        damaged = True
    report = verify_chain(session, (kept,) if kept else ())
    values = {"report": report, "is_compared": kept is not None, "is_damaged": damaged}
    return _page(request, session, me, AuditFilter(), values)


def _page(
    request: Request,
    session: Session,
    me: Principal,
    wanted: AuditFilter,
    values: dict[str, Any],
    status: int = 200,
) -> HTMLResponse:
    paging = Paging(values.get("offset", 0), SHOWN)
    found = list_audit(session, wanted, paging=paging)
    entities, actions = audit_choices(session)
    known = {
        "section": "audit",
        "path": "/people/audit",  # where links lead, after the chain was followed too
        "found": found,
        "offset": 0,
        "names": _names(session, found),
        "entities": entities,
        "actions": actions,
        "asked": AskedAudit(),
        "report": None,
    }
    return show(request, me, "people_audit.html", known | values, status)


def _names(session: Session, found: Page[AuditView]) -> dict[str, str]:
    """Names of who did it, and of the people and keys it was done to."""
    wanted = {entry.actor for entry in found.items}
    wanted |= {entry.entity_id for entry in found.items if entry.entity == "user"}
    wanted |= {f"{KEY}{entry.entity_id}" for entry in found.items if entry.entity == "key"}
    wanted |= {str(entry.details.get("user_id", "")) for entry in found.items}
    return names_of(session, wanted)


def _filter(session: Session, asked: AskedAudit) -> AuditFilter:
    """Raises InvalidInput for a day that is none."""
    return AuditFilter(
        entity=asked.entity or None,
        entity_id=asked.thing or None,
        action=asked.action or None,
        since=_day(asked.since, "since"),
        until=_day(asked.until, "until", more=1),
        actors=actors_named(session, asked.who) if asked.who.strip() else None,
    )


def _day(text: str, field: str, more: int = 0) -> datetime | None:
    """The first moment of a day, or of one some days later, UTC."""
    if not text.strip():
        return None
    try:
        found = date.fromisoformat(text.strip()) + timedelta(days=more)
    except (ValueError, OverflowError):
        raise InvalidInput("Write the day as 2026-01-31.", field=field) from None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)
