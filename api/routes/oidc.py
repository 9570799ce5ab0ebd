"""Sign-in through an identity provider: away to it, and back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

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
from kb.errors import NotFound
from kb.queries.roles import load_roles, permissions_of

router = APIRouter(prefix="/sign-in/oidc", include_in_schema=False)
SEE_OTHER = 303
RequestNumber = Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{0,64}$", max_length=64)]
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


@router.get("/refused")
def refused_page(
    request: Request, _visitor: Everyone, why: Refusal, number: RequestNumber = ""
) -> HTMLResponse:
    """What to do now. An address of its own: that of the callback holds the code."""
    label = offered(services_of(request).settings)
    if label is None:
        raise NotFound("No identity provider is set: sign in with e-mail and password.")
    values = {"refusal": str(why), "label": label, "number": number}
    return render.page(request, "oidc_refused.html", values, STATUS.get(why, 403))


def _refused(request: Request, refused: SignInRefused) -> Response:
    """Off to the page that says what to do; the log says why, without what the provider sent."""
    log.warning("oidc_refused", refusal=str(refused.refusal), reason=refused.reason)
    asked = {"why": str(refused.refusal), "number": request_id_of(request) or ""}
    return RedirectResponse(f"{router.prefix}/refused?{urlencode(asked)}", SEE_OTHER)
