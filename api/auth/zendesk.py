"""Signed requests of Zendesk: who opened the sidebar in which account, in Zendesk's own word.

With `signedUrls` in the app's manifest Zendesk opens the sidebar by a POST whose field `token` is
a JWT, RS256 under the app's own key: `aud` is the installation, `sub` the address of the user in
Zendesk's API, `jti` new each time. Described in Zendesk's developer documentation, "Building a
server-side app", part 5.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from api.auth.widget import principal_of, signer_of
from api.auth.widget_token import WidgetGrant
from api.edge.names import origin_of
from api.state import Services
from kb.actions.spent import spend_token
from kb.config import Settings
from kb.domain import UserState, utc_now
from kb.errors import KbError, TokenSpent
from kb.net import fetch
from kb.queries.users import find_user

ALGORITHMS = ("RS256",)
LEEWAY = 30  # seconds that the clocks may differ
SECONDS = 5.0  # for Zendesk to say who a user is
MAX_BYTES = 100_000
STAFF = ("agent", "admin")
log = structlog.get_logger("potica.zendesk")


class ZendeskRefused(Exception):
    """The request earns no token; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    aud: str
    sub: str = Field(min_length=1, max_length=500)
    jti: str = Field(min_length=1, max_length=500)
    exp: int = Field(ge=0, le=10**11)
    iss: str | None = None
    email: str | None = None


def zendesk_token(services: Services, text: str) -> str:
    """A widget token for the person that a signed request speaks of.

    Raises ZendeskRefused: it is not Zendesk's, expired, used before, or nobody here has the
    e-mail. No session is held while Zendesk is asked.
    """
    settings = services.settings
    claims = _verified(settings, text)
    try:
        with services.engine.session_factory.begin() as session:
            expires_at = datetime.fromtimestamp(claims.exp + LEEWAY, UTC)
            spend_token(session, f"zendesk {claims.aud}", claims.jti, expires_at)
    except TokenSpent as error:
        raise ZendeskRefused("replayed") from error
    email = claims.email or _asked(settings, claims.sub)
    with services.readers() as session:
        grant = _grant(session, settings, email)
        if principal_of(session, services, grant) is None:
            raise ZendeskRefused("may_not")
    token = signer_of(services).sign(grant)
    assert token is not None  # the first one has its whole life before it
    log.info("zendesk_token", actor=grant.user_id)
    return token.text


def _verified(settings: Settings, text: str) -> _Claims:
    if not (settings.zendesk_public_key and settings.zendesk_audience):
        raise ZendeskRefused("not_configured")
    rules = jwt.JWTClaimsRegistry(
        now=int(utc_now().timestamp()),
        leeway=LEEWAY,
        aud={"essential": True, "value": settings.zendesk_audience},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        key = RSAKey.import_key(settings.zendesk_public_key)
        found = jwt.decode(text, key, algorithms=list(ALGORITHMS)).claims
        rules.validate(found)
        claims = _Claims.model_validate(found)
    except (JoseError, ValidationError, ValueError) as error:
        raise ZendeskRefused(f"token:{type(error).__name__}") from error
    host = origin_of(settings.zendesk_audience).partition("//")[2]
    if claims.iss is not None and claims.iss.removeprefix("https://").rstrip("/") != host:
        raise ZendeskRefused("other_issuer")
    return claims


def _grant(session: Session, settings: Settings, email: str) -> WidgetGrant:
    user = find_user(session, email)
    if user is None or user.state != UserState.active:
        raise ZendeskRefused("no_account")
    origin = origin_of(settings.zendesk_audience)
    return WidgetGrant(origin, helpdesk=settings.zendesk_audience, user_id=user.id)


def _asked(settings: Settings, address: str) -> str:
    """The e-mail of a user, as Zendesk's API tells it; the token may name the user only."""
    if not (settings.zendesk_api_user and settings.zendesk_api_token):
        raise ZendeskRefused("no_email")
    origin = origin_of(settings.zendesk_audience)
    if not address.startswith(f"{origin}/api/v2/users/"):
        raise ZendeskRefused("other_subject")
    login = f"{settings.zendesk_api_user}/token:{settings.zendesk_api_token}"
    headers = {
        "accept": "application/json",
        "authorization": f"Basic {b64encode(login.encode()).decode()}",
    }
    host = frozenset({origin.partition("//")[2]})
    try:
        found = fetch(
            address,
            headers=headers,
            timeout=SECONDS,
            max_bytes=MAX_BYTES,
            allowed_hosts=host,
            follow=False,
        )
        user: Any = json.loads(found.body)["user"] if found.status == 200 else {}
        email = user.get("email")
    except (KbError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ZendeskRefused(f"user:{type(error).__name__}") from error
    is_staff = user.get("active") is True and user.get("role") in STAFF
    if not (isinstance(email, str) and is_staff and user.get("verified") is True):
        raise ZendeskRefused("no_staff")
    return email
