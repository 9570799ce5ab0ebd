"""`Authorization: Bearer ...`: an API key or a widget token, told apart by their form."""

from __future__ import annotations

from fastapi.requests import HTTPConnection

from api.auth.keys import key_principal
from api.auth.widget import widget_principal
from api.state import Services
from kb.domain import Principal
from kb.domain.key_token import KeyToken
from kb.errors import SignInNeeded

MAX_TOKEN = 2000  # characters


def bearer_token(request: HTTPConnection) -> str | None:
    """The token in the header; None when there is none. Other schemes are not ours to judge."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def bearer_principal(request: HTTPConnection, services: Services, token: str) -> Principal:
    """Who speaks with this token.

    Raises SignInNeeded with one text, whatever is wrong with it: unknown, altered, expired,
    revoked, or its owner is gone.
    """
    found = None
    if len(token) <= MAX_TOKEN:
        key = KeyToken.parse(token)
        if key is not None:
            found = key_principal(services, key)
        elif token.count(".") == 2:  # header, claims and signature of a signed token
            found = widget_principal(request, services, token)
    if found is None:
        raise SignInNeeded("This API key or widget token is not good (any more): send one that is.")
    return found
