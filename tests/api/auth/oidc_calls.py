"""Signing in through the test provider, as a browser does it."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select
from sqlmodel import col
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.attempts import Attempts
from api.auth.oidc_provider import Provider
from kb.domain import User
from tests.api.people import services_in

BASE = "https://127.0.0.1"
CALLBACK = "/sign-in/oidc/callback"
PAGE = {"accept": "text/html"}


def set_provider(client: TestClient, **changes: Any) -> None:
    """Other settings for a test; the provider is asked anew."""
    services = services_in(client)
    kept = services.__dict__.setdefault("kept_settings", services.settings)
    settings = kept.model_copy(update=changes)
    object.__setattr__(services, "settings", settings)
    object.__setattr__(services, "provider", Provider.of(settings))
    object.__setattr__(services, "attempts", Attempts())


def make_person(**changes: Any) -> dict[str, Any]:
    word = secrets.token_hex(6)
    person = {
        "sub": f"sub-{word}",
        "email": f"{word}@lipa.example",
        "email_verified": True,
        "name": f"Jana {word}",
        "locale": "sl-SI",
        "realm_access": {"roles": ["kb-agents", "something-else"]},
    }
    return {name: value for name, value in (person | changes).items() if value is not None}


def away(client: TestClient, wanted: str = "") -> str:
    """The address at the provider that the browser is sent to."""
    params = {"next": wanted} if wanted else {}
    response = client.get("/sign-in/oidc", params=params, follow_redirects=False)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def back(address: str) -> str:
    """What the provider sends the browser back with: the path and query of the callback."""
    response = httpx.get(address)
    assert response.status_code == 302
    parts = urlsplit(response.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BASE + CALLBACK
    return f"{parts.path}?{parts.query}"


def come_back(client: TestClient, address: str) -> Any:
    return told(client, client.get(address, headers=PAGE, follow_redirects=False))


def told(client: TestClient, response: Any) -> Any:
    """The response, or the page of a refusal that it leads to."""
    target = response.headers.get("location", "")
    if not target.startswith("/sign-in/oidc/refused?"):
        return response
    assert response.status_code == 303
    return client.get(target, headers=PAGE)


def sign_in(client: TestClient, wanted: str = "") -> Any:
    return come_back(client, back(away(client, wanted)))


def refused(client: TestClient, response: Any, status: int, text: str) -> None:
    """Nobody is signed in, and the page says why; it gives away neither code nor state."""
    assert response.status_code == status, response.text
    assert text in response.text
    assert "code=" not in response.text + str(response.url)
    assert client.cookies.get(cookies.SESSION) is None


def failed(client: TestClient, response: Any) -> None:
    refused(client, response, 502, "The sign-in service gave no usable answer")


def user_of(client: TestClient, email: str) -> User:
    with services_in(client).readers() as session:
        return session.scalars(select(User).where(col(User.email) == email)).one()


def count_of(client: TestClient, email: str) -> int:
    with services_in(client).readers() as session:
        return len(session.scalars(select(User).where(col(User.email) == email)).all())
