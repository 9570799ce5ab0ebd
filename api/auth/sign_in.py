"""Signing in and out, for pages and programs alike."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from fastapi import Request

from api.auth import cookies
from api.auth.device import device_of
from api.auth.identify import limits_of
from api.edge.address import network_of
from api.state import Services, services_of
from kb.actions.sessions import StartedSession, end_session, start_session
from kb.actions.users import keep_rehashed
from kb.domain import Permission, Permissions, Principal, PrincipalKind, UserState
from kb.errors import SignInFailed
from kb.passwords import Checked, check_password
from kb.queries.users import Credentials, UserView, find_credentials

_OWN = ("/sign-in", "/sign-out", "/invitation/", "/reset")


def sign_in(
    request: Request, principal: Principal, email: str, password: str
) -> tuple[UserView, str]:
    """Check e-mail and password, start a session and give the browser its cookie.

    Gives the person and the session's id.

    Raises SignInFailed with one text whatever is wrong, after the same work; TooMany, Busy.
    """
    services, network = services_of(request), network_of(request)
    services.attempts.sign_in(email, network)
    found, checked = _check(services, email, password)
    if found is None or not checked.right:
        services.attempts.failed(network)
        raise SignInFailed
    with services.engine.session_factory.begin() as session:
        if checked.rehashed is not None:
            keep_rehashed(session, found.user.id, found.password_hash, checked.rehashed)
        if principal.kind == PrincipalKind.session and principal.credential_id:
            end_session(session, principal.credential_id)
        started = start_session(
            session, found.user.id, device_of(request), limits_of(services.settings)
        )
    services.attempts.signed_in(email, network)
    keep_signed_in(request, started)
    return found.user, started.id


def keep_signed_in(request: Request, started: StartedSession) -> None:
    """Give the browser the session's cookie; that of the form has done its work."""
    cookies.set_cookie(request, cookies.SESSION, started.token, started.seconds)
    if cookies.FORM in request.cookies:
        cookies.clear_cookie(request, cookies.FORM)


def sign_out(request: Request, principal: Principal) -> None:
    """End the session that the request came in, if it came in one."""
    if principal.kind == PrincipalKind.session and principal.credential_id:
        with services_of(request).engine.session_factory.begin() as session:
            end_session(session, principal.credential_id)
    if cookies.SESSION in request.cookies:
        cookies.clear_cookie(request, cookies.SESSION)


def local_path(wanted: str) -> str | None:
    """`wanted` when it leads somewhere on this server that one can land on, else None."""
    if not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > 2000:
        return None
    if "\\" in wanted or not wanted.isprintable() or wanted.startswith(_OWN):
        return None
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else wanted


def sign_in_address(request: Request) -> str:
    """Where a visitor is sent who must sign in first."""
    if request.method != "GET":
        return "/sign-in"
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/sign-in?" + urlencode({"next": wanted})


def home_of(permissions: Permissions) -> str:
    """The page that somebody with these permissions starts at."""
    return "/try" if Permission.read_internal_articles in permissions else "/articles"


def _check(services: Services, email: str, password: str) -> tuple[Credentials | None, Checked]:
    """No session is held while the password is hashed."""
    with services.readers() as session:
        found = find_credentials(session, email)
    if found is not None and found.user.state != UserState.active:
        found = None
    return found, check_password(password, found.password_hash if found else None)
