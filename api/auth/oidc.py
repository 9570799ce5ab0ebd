"""Sign-in through an OpenID Connect provider: authorization code with PKCE."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import structlog
from fastapi import Request

from api.auth import oidc_cookie
from api.auth.device import device_of
from api.auth.oidc_claims import completed, identity_of, is_complete
from api.auth.oidc_provider import Begun, Provider, ProviderFailed
from api.auth.session_limits import limits_of
from api.auth.sign_in import keep_signed_in, local_path
from api.edge.address import network_of
from api.state import Services, services_of
from kb.actions.admission import admit
from kb.actions.sessions import end_session, start_session
from kb.config import Settings
from kb.domain import ANONYMOUS, Principal, PrincipalKind
from kb.domain.provider import ProvidedIdentity, Refusal
from kb.errors import NotFound
from kb.queries.roles import load_roles
from kb.queries.users import UserView, get_user

MAX_CODE = 2000  # characters
_ERROR = re.compile(r"[a-z_]{1,60}")
log = structlog.get_logger("potica.oidc")


class SignInRefused(Exception):
    """Nobody is signed in; `refusal` says what to tell the person."""

    def __init__(self, refusal: Refusal, reason: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.reason = reason


def offered(settings: Settings) -> str | None:
    """What the button of the sign-in page says; None when no provider is set."""
    if not (settings.oidc_issuer and settings.oidc_client_id):
        return None
    return settings.oidc_label or urlsplit(settings.oidc_issuer).hostname


def start(request: Request, wanted: str) -> str:
    """The address at the provider. Raises NotFound without one, SignInRefused when it is away."""
    services = services_of(request)
    provider = _provider(services)
    begun = oidc_cookie.begin(request, services, local_path(wanted) or "")
    try:
        return provider.address(begun)
    except ProviderFailed as error:
        raise _failed(error) from error


def finish(request: Request, visitor: Principal) -> tuple[UserView, str]:
    """Who came back from the provider, now in a session of theirs, and where they wanted to go.

    Raises NotFound without a provider, TooMany, and SignInRefused.
    """
    services = services_of(request)
    provider = _provider(services)
    came = oidc_cookie.come_back(request, services)
    if came is None:
        raise SignInRefused(Refusal.interrupted, "state")
    begun, wanted = came
    network = network_of(request)
    services.attempts.check_code(network)
    try:
        code = _code(request, provider)
        who = _identity(provider, services.settings, code, begun)
    except ProviderFailed as error:
        services.attempts.bad_code(network)
        raise _failed(error) from error
    return _enter(request, services, visitor, who), local_path(wanted) or ""


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise NotFound("No identity provider is set: sign in with e-mail and password.")
    return services.provider


def _code(request: Request, provider: Provider) -> str:
    asked = request.query_params
    provider.check_issuer(asked.get("iss"))
    error = asked.get("error")
    if error == "access_denied":
        raise SignInRefused(Refusal.cancelled, "access_denied")
    if error is not None:
        raise ProviderFailed(f"error:{error if _ERROR.fullmatch(error) else 'unreadable'}")
    code = asked.get("code", "")
    if not code or len(code) > MAX_CODE or not code.isascii() or not code.isprintable():
        raise ProviderFailed("code")
    return code


def _identity(provider: Provider, settings: Settings, code: str, begun: Begun) -> ProvidedIdentity:
    """What the provider says of the person. No database session is held meanwhile."""
    tokens = provider.redeem(code, begun)
    claims = provider.claims(tokens, begun)
    if not is_complete(claims, settings):
        claims = completed(claims, provider.userinfo(tokens, claims["sub"]))
    return identity_of(claims, settings, provider.issuer)


def _enter(
    request: Request, services: Services, visitor: Principal, who: ProvidedIdentity
) -> UserView:
    allow_new = services.settings.oidc_allow_new
    with services.engine.session_factory.begin() as session:
        unknown = set(who.roles or ()) - (set(load_roles(session)) - {ANONYMOUS})
        if unknown:  # the operator's mistake: nobody gets a role that is not there
            log.error("oidc_role_map", unknown=sorted(unknown))
            raise SignInRefused(Refusal.failed, "role_map")
        admission = admit(session, who, allow_new=allow_new)
        if admission.user_id is not None:
            if visitor.kind == PrincipalKind.session and visitor.credential_id:
                end_session(session, visitor.credential_id)
            limits = limits_of(services.settings)
            started = start_session(session, admission.user_id, device_of(request), limits)
            user = get_user(session, admission.user_id)
    if admission.user_id is None:
        raise SignInRefused(admission.refusal or Refusal.failed, "admission")
    keep_signed_in(request, started)
    return user


def _failed(error: ProviderFailed) -> SignInRefused:
    return SignInRefused(Refusal.failed, error.reason)
