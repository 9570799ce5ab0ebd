"""Personal data of one customer: what is held, to take away or to erase."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, Response

from api.auth.rules import allow
from api.deps import App
from api.routes.people.page import Typed, show
from api.schemas.privacy import CustomerIn
from kb.domain import Permission, Principal
from kb.errors import InvalidInput
from kb.privacy.erase import Preview, Whom, erase_rows, preview
from kb.privacy.export import as_zip, export_customer
from kb.queries.privacy import LEAST

router = APIRouter(prefix="/people/privacy")
Exporter = Annotated[Principal, allow(Permission.export_privacy)]
Eraser = Annotated[Principal, allow(Permission.erase_privacy)]
CLEANED_WITHIN = 5.0  # seconds that an answer waits for the traces on disk


@router.get("")
def export_page(request: Request, me: Exporter) -> HTMLResponse:
    """The form for an export."""
    return _page(request, me, "people_export.html", {})


@router.post("")
def post_export(
    request: Request, app: App, me: Exporter, customer_ref: Typed = "", also: Typed = ""
) -> Response:
    """All that is held of a customer, nothing masked, as a ZIP file; noted in the audit."""
    typed = {"customer_ref": customer_ref, "also": also}
    try:
        whom = _whom(customer_ref, also)
    except InvalidInput as error:
        values = {"error": error, "typed": typed}
        return _page(request, me, "people_export.html", values, error.status)
    held = export_customer(app.settings, app.engine.database, whom, me.actor)
    # Without the reference in its name: names of files are seen where files are not.
    named = {"content-disposition": 'attachment; filename="customer-data.zip"'}
    return Response(as_zip(held), media_type="application/zip", headers=named)


@router.get("/erase")
def erase_page(request: Request, me: Eraser) -> HTMLResponse:
    """The form for an erasure; its first step writes nothing."""
    return _page(request, me, "people_erase.html", {})


@router.post("/preview")
def post_preview(
    request: Request, app: App, me: Eraser, customer_ref: Typed = "", also: Typed = ""
) -> Response:
    """What an erasure would take, and the form that asks for the reference once more."""
    typed = {"customer_ref": customer_ref, "also": also}
    try:
        found = _preview(app, _whom(customer_ref, also))
    except InvalidInput as error:
        values = {"error": error, "typed": typed}
        return _page(request, me, "people_erase.html", values, error.status)
    return _page(request, me, "people_erase.html", {"typed": typed, "found": found})


@router.post("/erase")
def post_erase(
    request: Request,
    app: App,
    me: Eraser,
    customer_ref: Typed = "",
    also: Typed = "",
    confirmed: Typed = "",
) -> Response:
    """Erase a customer for good, when the reference was typed once more."""
    typed = {"customer_ref": customer_ref, "also": also}
    try:
        whom = _whom(customer_ref, also)
        if confirmed.strip() != whom.customer_ref:
            raise InvalidInput("Type the reference exactly as above.", field="confirmed")
    except InvalidInput as error:
        values = {"error": error, "typed": typed}
        if error.details.get("field") == "confirmed":
            values["found"] = _preview(app, whom)
        return _page(request, me, "people_erase.html", values, error.status)
    report = erase_rows(app.settings, app.engine.database, whom, me.actor)
    app.worker.wake()  # texts of others in which a name was masked
    cleaned = app.upkeep.clean_soon(CLEANED_WITHIN)
    values = {"report": report, "cleaned": cleaned}
    return _page(request, me, "people_erase.html", values)


def _preview(app: App, whom: Whom) -> Preview:
    return preview(app.settings, app.engine.database, whom)


def _whom(customer_ref: str, also: str) -> Whom:
    """Raises InvalidInput for no reference and for texts that would be found everywhere."""
    lines = [line.strip() for line in also.splitlines() if line.strip()]
    try:
        given = CustomerIn(customer_ref=customer_ref.strip(), also=lines)
        field = "also" if any(len("".join(line.split())) < LEAST for line in lines) else ""
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
    if field:
        raise InvalidInput("Give a reference, and texts of 4 to 200 characters.", field=field)
    return Whom(given.customer_ref, tuple(given.also))


def _page(
    request: Request, me: Principal, template: str, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    known = {
        "section": "privacy",
        "path": "/people/privacy/erase" if template == "people_erase.html" else "/people/privacy",
        "typed": {"customer_ref": "", "also": ""},
        "found": None,
        "report": None,
    }
    return show(request, me, template, known | values, status)
