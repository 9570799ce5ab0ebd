"""From a request to a principal: API key or widget token, session cookie, or nobody known."""

from __future__ import annotations

import structlog
from fastapi import Request
from fastapi.requests import HTTPConnection
from sqlalchemy.exc import OperationalError

from api.auth import cookies
from api.auth.bearer import bearer_principal, bearer_token
from api.auth.session_limits import limits_of as limits_of
from api.state import Services, services_of
from kb.actions.sessions import end_reused, touch_session
from kb.domain import ANONYMOUS, EVERYTHING, Permissions, Principal, PrincipalKind, utc_now
from kb.domain.session_rules import Standing, next_token
from kb.queries.roles import load_roles, permissions_of
from kb.queries.sessions import ShownToken, find_token
from kb.secret_key import derived_key

log = structlog.get_logger("potica.sessions")


def identify(request: Request) -> Principal:
    """Who asks. Raises SignInNeeded when a bearer token is given that is not good any more.

    A session cookie that is not good any more is cleared, and nobody known asks.
    """
    services = services_of(request)
    token = bearer_token(request)
    if token is not None:
        return bearer_principal(request, services, token)
    shown = cookies.shown_token(request, cookies.SESSION)
    with services.readers() as session:
        roles = load_roles(session)
        found = find_token(session, shown, limits_of(services.settings)) if shown else None
    if found is not None and _carry_on(request, services, found, shown or ""):
        return session_principal(found, permissions_of(roles, found.user.roles))
    if shown is not None:
        cookies.clear_cookie(request, cookies.SESSION)
    return _nobody(services, roles)


def identify_socket(connection: HTTPConnection, token: str | None) -> Principal:
    """Who speaks over a WebSocket. Raises SignInNeeded on a token that is not good.

    The session's cookie counts where a page of ours sent it, and stays as it is: the browser
    could be told of another only with the upgrade, which is over by now.
    """
    services = services_of(connection)
    if token is not None:
        return bearer_principal(connection, services, token)
    shown = cookies.shown_token(connection, cookies.SESSION)
    is_ours = "origin" in connection.headers  # the edge lets no other pass
    with services.readers() as session:
        roles = load_roles(session)
        wanted = shown if is_ours else None
        found = find_token(session, wanted, limits_of(services.settings)) if wanted else None
    if found is not None and found.standing == Standing.reused:
        _end_reused(services, found)
    elif found is not None and found.standing != Standing.over:
        return session_principal(found, permissions_of(roles, found.user.roles))
    return _nobody(services, roles)


def _nobody(services: Services, roles: dict[str, Permissions]) -> Principal:
    """Somebody of whom nothing is known."""
    if services.settings.open_access:
        return Principal(PrincipalKind.open_access, ANONYMOUS, EVERYTHING)
    return Principal(PrincipalKind.anonymous, ANONYMOUS, roles[ANONYMOUS], roles=(ANONYMOUS,))


def session_principal(found: ShownToken, permissions: Permissions) -> Principal:
    """The person whose session it is."""
    user = found.user
    return Principal(
        PrincipalKind.session,
        user.id,
        permissions,
        user_id=user.id,
        credential_id=found.session.id,
        name=user.name,
        roles=user.roles,
        scope=user.scope,
        language=user.language,
    )


def _carry_on(request: Request, services: Services, found: ShownToken, token: str) -> bool:
    """Whether the session goes on; its token is changed when due."""
    if found.standing == Standing.over:
        return False
    if found.standing == Standing.reused:
        _end_reused(services, found)
        return False
    new = None
    if found.standing == Standing.replaced:  # the browser may never have got the new one
        new = next_token(token, _token_key(services))
    elif found.touch:
        new = _touch(services, found, token)
    if new is not None:
        cookies.set_cookie(request, cookies.SESSION, new, _seconds_left(found))
    return True


def _end_reused(services: Services, found: ShownToken) -> None:
    with services.engine.session_factory.begin() as session:
        end_reused(session, found.session.id)
    log.warning("session_token_reused", session=found.session.id)


def _touch(services: Services, found: ShownToken, token: str) -> str | None:
    limits, key = limits_of(services.settings), _token_key(services)
    try:
        with services.engine.session_factory.begin() as session:
            return touch_session(session, found.session.id, token, limits, key)
    except OperationalError as error:  # a long import holds the database: reading must go on
        log.warning("session_not_touched", kind=type(error).__name__)
        return None


def _token_key(services: Services) -> bytes:
    return derived_key(services.secret, "session")


def _seconds_left(found: ShownToken) -> int:
    return max(1, int((found.session.expires_at - utc_now()).total_seconds()))
