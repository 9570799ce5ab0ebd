"""Between going to the provider and coming back: one signed, short-lived cookie.

It holds a random state. The nonce and the PKCE verifier are made from that state with a key of
the installation: they never leave the server before they are due.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from api.auth import cookies
from api.auth.oidc_provider import Begun
from api.state import Services
from kb.domain import utc_now
from kb.secret_key import derived_key

NAME = "__Host-potica-oidc"
SECONDS = 600  # to sign in at the provider
AUDIENCE = "potica-oidc"
CALLBACK = "/sign-in/oidc/callback"
MAX_NEXT = 500  # characters: the cookie must stay small


def begin(request: Request, services: Services, wanted: str) -> Begun:
    """Start: what the browser takes along. `wanted` is a local path to end at, or empty."""
    state, now = secrets.token_urlsafe(32), int(utc_now().timestamp())
    claims = {
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + SECONDS,
        "state": state,
        "next": wanted if len(wanted) <= MAX_NEXT else "",
    }
    key = OctKey.import_key(derived_key(services.secret, "oidc"))
    value = jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
    cookies.set_cookie(request, NAME, value, SECONDS)
    return _begun(services, state)


def come_back(request: Request, services: Services) -> tuple[Begun, str] | None:
    """What was begun in this browser, and where it wanted to go. The cookie is spent.

    None without a cookie of ours, with one that is too old, or when the state in the address is
    another: somebody else began this.
    """
    cookies.clear_cookie(request, NAME)
    key = OctKey.import_key(derived_key(services.secret, "oidc"))
    rules = jwt.JWTClaimsRegistry(
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        iat={"essential": True},
        state={"essential": True},
    )
    try:
        claims = jwt.decode(request.cookies.get(NAME, ""), key, algorithms=["HS256"]).claims
        rules.validate(claims)
    except (JoseError, ValueError):
        return None
    state, said = str(claims["state"]), request.query_params.get("state", "")
    if not hmac.compare_digest(state.encode(), said.encode("utf-8", "replace")):
        return None
    return _begun(services, state), str(claims.get("next", ""))


def _begun(services: Services, state: str) -> Begun:
    public = services.settings.resolved_public_url.rstrip("/")
    return Begun(
        state=state,
        nonce=_made_from(services, state, "nonce"),
        verifier=_made_from(services, state, "verifier"),
        redirect_uri=public + CALLBACK,
    )


def _made_from(services: Services, state: str, purpose: str) -> str:
    key = derived_key(services.secret, f"oidc-{purpose}")
    digest = hmac.digest(key, state.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
