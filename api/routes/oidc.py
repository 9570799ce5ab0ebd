"""Sign-in through an identity provider: away to it, and back."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.oidc import SignInRefused, finish, offered, start
from api.auth.rules import Everyone
from api.auth.sign_in import home_of
from api.deps import App
from api.errors import request_id_of
from api.state import services_of
from api.ui import i18n, render
from kb.domain.provider import Refusal
from kb.queries.roles import load_roles, permissions_of

router = APIRouter(prefix="/sign-in/oidc", include_in_schema=False)
SEE_OTHER = 303
STATUS = {Refusal.interrupted: 400, Refusal.failed: 502}
log = structlog.get_logger("potica.oidc")


@router.get("")
def to_provider(
    request: Request, _visitor: Everyone, next: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """Send the browser to the provider."""
    try:
        return RedirectResponse(start(request, next), SEE_OTHER)
    except SignInRefused as refused:
        return _refused(request, refused)


@router.get("/callback")
def from_provider(request: Request, app: App, visitor: Everyone) -> Response:
    """The browser is back: sign the person in, or say why not."""
    try:
        user, wanted = finish(request, visitor)
    except SignInRefused as refused:
        return _refused(request, refused)
    with app.readers() as session:
        permissions = permissions_of(load_roles(session), user.roles)
    response = RedirectResponse(wanted or home_of(permissions), SEE_OTHER)
    if user.language in i18n.NAMES:
        render.keep_language(response, user.language)
    return response


def _refused(request: Request, refused: SignInRefused) -> HTMLResponse:
    """A page that says what to do; the log says why, without what the provider sent."""
    log.warning("oidc_refused", refusal=str(refused.refusal), reason=refused.reason)
    label = offered(services_of(request).settings)
    values = {
        "refusal": str(refused.refusal),
        "label": label,
        "request_id": request_id_of(request),
    }
    return render.page(request, "oidc_refused.html", values, STATUS.get(refused.refusal, 403))
