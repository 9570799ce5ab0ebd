"""What other sites need to show the sidebar: a script, a window to sign in, Zendesk's request."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.csrf import GivenToken, check_form_token
from api.auth.oidc import offered
from api.auth.rules import Everyone
from api.auth.sign_in import sign_in
from api.auth.visitor import csrf_for_form
from api.auth.widget import embedding_origins
from api.auth.zendesk import ZendeskRefused, zendesk_token
from api.deps import App
from api.routes.embed import sidebar
from api.state import Services, services_of
from api.ui import render
from api.ui.embed_script import embed_script
from kb.domain import Permission, Principal, PrincipalKind
from kb.errors import Forbidden, SignInFailed, TooMany

router = APIRouter(include_in_schema=False)
SCRIPT_SECONDS = 3600
STATE = r"^[A-Za-z0-9_-]{16,64}$"
SEE_OTHER = 303
MAX_TOKEN = 8000  # characters
Typed = Annotated[str, Form(max_length=2000)]
AskedOrigin = Annotated[str, Query(max_length=300)]
AskedState = Annotated[str, Query(pattern=STATE)]
log = structlog.get_logger("potica.hosts")


@router.get("/embed.js")
def read_script(request: Request, _visitor: Everyone) -> Response:
    """The script that any page may include. Browsers keep it for an hour."""
    script = embed_script()
    # Not for caches that several share: the answer may carry a visitor's own cookie.
    headers = {"cache-control": f"private, max-age={SCRIPT_SECONDS}", "etag": script.tag}
    if script.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(script.text, headers=headers, media_type="text/javascript; charset=utf-8")


@router.get("/embed/sign-in")
def embed_sign_in_page(
    request: Request, app: App, visitor: Everyone, origin: AskedOrigin, state: AskedState
) -> HTMLResponse:
    """Sign in, and say yes to one site. The sidebar inside that site opens this in a window."""
    _check_origin(request, app, origin)
    return _page(request, visitor, {"origin": origin, "state": state})


@router.post("/embed/sign-in")
def post_embed_sign_in(
    request: Request,
    app: App,
    visitor: Everyone,
    csrf: GivenToken,
    origin: Annotated[str, Form(max_length=300)],
    state: Annotated[str, Form(pattern=STATE)],
    email: Typed = "",
    password: Typed = "",
) -> Response:
    """Sign in without leaving the window: another page of ours would lose the sidebar."""
    _check_origin(request, app, origin)
    check_form_token(request, visitor, csrf)
    asked = {"origin": origin, "state": state}
    try:
        sign_in(request, visitor, email, password)
    except (SignInFailed, TooMany) as error:
        return _page(request, visitor, asked | {"email": email[:254], "error": error}, error.status)
    return RedirectResponse(f"/embed/sign-in?{urlencode(asked)}", SEE_OTHER)


@router.get("/embed/zendesk")
def zendesk_page(request: Request, app: App, visitor: Everyone) -> HTMLResponse:
    """The sidebar in a Zendesk whose app does not sign its requests."""
    return sidebar(request, app, visitor)


@router.post("/embed/zendesk")
def post_zendesk(
    request: Request,
    app: App,
    visitor: Everyone,
    token: Annotated[str, Form(max_length=MAX_TOKEN)] = "",
) -> HTMLResponse:
    """The sidebar in Zendesk, which says by a signature who looks at it.

    Whatever is wrong with the signed token, the sidebar comes without one: a person can still
    sign in. The log says why.
    """
    try:
        earned = zendesk_token(app, token)
    except ZendeskRefused as refused:
        log.warning("zendesk_refused", reason=refused.reason)
        response = sidebar(request, app, visitor)
        response.status_code = 401
        return response
    return sidebar(request, app, visitor, earned)


def _check_origin(request: Request, app: Services, origin: str) -> None:
    if origin not in embedding_origins(request, app):
        raise Forbidden(
            "The sidebar may not be shown on this site. If it should, an administrator adds the"
            " site to POTICA_EMBED_ORIGINS."
        )


def _page(
    request: Request, visitor: Principal, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    asked = {name: values[name] for name in ("origin", "state")}
    is_person = visitor.kind == PrincipalKind.session
    shown: dict[str, Any] = {
        "csrf": csrf_for_form(request, visitor),
        "email": "",
        "error": None,
        "may_embed": is_person and visitor.may(Permission.embed),
        "provider": offered(services_of(request).settings),
        "here": f"/embed/sign-in?{urlencode(asked)}",
    }
    return render.page(request, "embed_sign_in.html", shown | values, status)
