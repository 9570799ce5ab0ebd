"""Pages to come in by: sign in and out, accept an invitation, set a new password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.csrf import GivenToken, check_form_token
from api.auth.device import device_of
from api.auth.identify import limits_of
from api.auth.mail import deliver
from api.auth.oidc import offered
from api.auth.rules import Everyone
from api.auth.sign_in import home_of, keep_signed_in, local_path, sign_in, sign_out
from api.auth.visitor import csrf_for_form
from api.deps import App
from api.edge.address import network_of
from api.edge.names import is_loopback
from api.state import Services, services_of
from api.ui import i18n, render
from kb.actions.sessions import end_session, start_session
from kb.actions.users import accept_invitation, request_reset, reset_password
from kb.domain import LinkPurpose, Principal, PrincipalKind
from kb.errors import LinkRefused, PasswordRefused, SignInFailed, TooMany
from kb.passwords import MOST, NewPassword, new_password
from kb.queries.roles import load_roles, permissions_of
from kb.queries.users import UserView, get_user, link_owner

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=2000)]
Token = Annotated[str, Path(max_length=500)]  # a mail program may have broken it
Next = Annotated[str, Query(max_length=2000)]
FAR = 303


@router.get("/sign-in")
def sign_in_page(
    request: Request, app: App, visitor: Everyone, next: Next = "", done: str = ""
) -> Response:
    """The form; who is signed in already goes on."""
    if visitor.kind == PrincipalKind.session:
        return RedirectResponse(local_path(next) or home_of(visitor.permissions), FAR)
    return _sign_in_form(request, visitor, {"next": next, "done": done})


@router.post("/sign-in")
def post_sign_in(
    request: Request,
    app: App,
    visitor: Everyone,
    csrf: GivenToken,
    email: Typed = "",
    password: Typed = "",
    next: Typed = "",
) -> Response:
    """Sign in and go where one was going."""
    check_form_token(request, visitor, csrf)
    try:
        user, _ = sign_in(request, visitor, email, password)
    except (SignInFailed, TooMany) as error:
        values = {"next": next, "email": email[:254], "error": error}
        return _sign_in_form(request, visitor, values, error.status)
    return _to(request, app, user, next)


@router.post("/sign-out")
def post_sign_out(request: Request, visitor: Everyone) -> Response:
    """End this session."""
    sign_out(request, visitor)
    return RedirectResponse("/sign-in?done=out", FAR)


@router.get("/reset")
def reset_page(request: Request, app: App, visitor: Everyone, done: str = "") -> Response:
    """Ask for a link to a new password."""
    return _reset_form(request, app, visitor, {"done": done == "1"})


@router.post("/reset")
def post_reset(
    request: Request, app: App, visitor: Everyone, csrf: GivenToken, email: Typed = ""
) -> Response:
    """The answer is the same, and as fast, whether or not there is such an account."""
    check_form_token(request, visitor, csrf)
    try:
        app.attempts.reset(email, network_of(request))
    except TooMany as error:
        return _reset_form(request, app, visitor, {"error": error, "email": email}, error.status)
    sending = BackgroundTask(_send_reset, app, email)
    return RedirectResponse("/reset?done=1", FAR, background=sending)


@router.get("/invitation/{token}")
def invitation_page(request: Request, app: App, visitor: Everyone, token: Token) -> Response:
    """Choose the first password."""
    return _link_page(request, app, visitor, token, LinkPurpose.invitation)


@router.post("/invitation/{token}")
def post_invitation(
    request: Request,
    app: App,
    visitor: Everyone,
    csrf: GivenToken,
    token: Token,
    password: Typed = "",
) -> Response:
    """Set the first password and come in."""
    check_form_token(request, visitor, csrf)
    purpose = LinkPurpose.invitation

    def enter(session: Session, hashed: NewPassword) -> Response:
        user_id = accept_invitation(session, token, hashed)
        if visitor.kind == PrincipalKind.session and visitor.credential_id:
            end_session(session, visitor.credential_id)
        limits = limits_of(app.settings)
        keep_signed_in(request, start_session(session, user_id, device_of(request), limits))
        return _to(request, app, get_user(session, user_id), "")

    return _set_password(request, app, visitor, (token, purpose, password), enter)


@router.get("/reset/{token}")
def new_password_page(request: Request, app: App, visitor: Everyone, token: Token) -> Response:
    """Choose a new password."""
    return _link_page(request, app, visitor, token, LinkPurpose.reset)


@router.post("/reset/{token}")
def post_new_password(
    request: Request,
    app: App,
    visitor: Everyone,
    csrf: GivenToken,
    token: Token,
    password: Typed = "",
) -> Response:
    """Set a new password; every session of the person ends, and they sign in with it."""
    check_form_token(request, visitor, csrf)

    def enter(session: Session, hashed: NewPassword) -> Response:
        reset_password(session, token, hashed)
        return RedirectResponse("/sign-in?done=password", FAR)

    return _set_password(request, app, visitor, (token, LinkPurpose.reset, password), enter)


def _sign_in_form(
    request: Request, visitor: Principal, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    host = request.url.hostname or ""
    shown: dict[str, Any] = {
        "csrf": csrf_for_form(request, visitor),
        "email": "",
        "error": None,
        "done": "",
        "provider": offered(services_of(request).settings),
        # Browsers keep no cookie of a session for an address that is neither.
        "unsafe": request.url.scheme == "http" and not is_loopback(host),
    }
    shown |= values
    shown["next"] = local_path(shown["next"]) or ""
    return render.page(request, "sign_in.html", shown, status)


def _reset_form(
    request: Request, app: Services, visitor: Principal, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    shown: dict[str, Any] = {
        "csrf": csrf_for_form(request, visitor),
        "email": "",
        "error": None,
        "done": False,
    }
    shown["sends_mail"] = bool(app.settings.smtp_host)
    return render.page(request, "reset.html", shown | values, status)


def _link_page(
    request: Request,
    app: Services,
    visitor: Principal,
    token: str,
    purpose: LinkPurpose,
    error: PasswordRefused | None = None,
) -> HTMLResponse:
    """The form for a password, or what to do when the link is not good (any more)."""
    owner = _owner(request, app, token, purpose)
    values = {
        "purpose": str(purpose),
        "owner": owner,
        "error": error,
        "csrf": csrf_for_form(request, visitor),
        "most": MOST,
    }
    status = 404 if owner is None else error.status if error else 200
    return render.page(request, "new_password.html", values, status)


def _set_password(
    request: Request,
    app: Services,
    visitor: Principal,
    given: tuple[str, LinkPurpose, str],
    enter: Callable[[Session, NewPassword], Response],
) -> Response:
    """Check and hash the password without a session, then spend the link."""
    token, purpose, password = given
    owner = _owner(request, app, token, purpose)
    if owner is None:
        return _link_page(request, app, visitor, token, purpose)
    try:
        hashed = new_password(password, email=owner.email, name=owner.name)
        with app.engine.session_factory.begin() as session:
            return enter(session, hashed)
    except PasswordRefused as refused:
        return _link_page(request, app, visitor, token, purpose, refused)
    except LinkRefused:  # another was first
        return _link_page(request, app, visitor, token, purpose)


def _owner(request: Request, app: Services, token: str, purpose: LinkPurpose) -> UserView | None:
    app.attempts.check_link(network_of(request))
    with app.readers() as session:
        owner = link_owner(session, token, purpose)
    if owner is None:
        app.attempts.bad_link(network_of(request))
    return owner


def _send_reset(app: Services, email: str) -> None:
    with app.engine.session_factory.begin() as session:
        link = request_reset(session, email)
    if link is not None:
        deliver(app.settings, link)


def _to(request: Request, app: Services, user: UserView, wanted: str) -> RedirectResponse:
    """Where somebody lands who has just come in, in the language of their account."""
    with app.readers() as session:
        permissions = permissions_of(load_roles(session), user.roles)
    response = RedirectResponse(local_path(wanted) or home_of(permissions), FAR)
    if user.language in i18n.NAMES:
        render.keep_language(response, user.language)
    return response
