"""People for tests: accounts, and clients in which somebody is signed in."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.csrf import HEADER, session_token
from api.auth.identify import limits_of
from api.edge.address import UNKNOWN
from api.state import Services
from kb.actions.sessions import Device, start_session
from kb.domain import Facets, User, UserState


def make_user(
    sessions: sessionmaker[Session],
    role: str | tuple[str, ...] = "agent",
    scope: Facets | None = None,
    *,
    language: str = "en",
    password_hash: str | None = None,
) -> User:
    """An active account with an e-mail of its own; committed."""
    word = secrets.token_hex(6)
    roles = [role] if isinstance(role, str) else list(role)
    user = User(
        id=f"usr_{word}",
        email=f"{word}@lipa.example",
        name=f"Ana {word}",
        language=language,
        state=UserState.active,
        password_hash=password_hash,
        roles=roles,
        scope=scope or {},
    )
    with sessions.begin() as session:
        session.add(user)
    return user


def signed_in(client: TestClient, user: User) -> dict[str, str]:
    """Sign the user in: the client keeps the cookie; gives the headers that writes need.

    Whoever was signed in in this client before is not any more, as far as the client knows.
    """
    services = services_in(client)
    with services.engine.session_factory.begin() as session:
        started = start_session(
            session, user.id, Device("Test", "127.0.0.1"), limits_of(services.settings)
        )
    host = client.base_url.host
    client.cookies.set(cookies.SESSION, started.token, domain=host, path="/")
    return {HEADER: session_token(services, started.id)}


def services_in(client: TestClient) -> Services:
    """The services of the application the client talks to, and its database with them."""
    found: Services = client.app.state.services  # type: ignore[attr-defined]
    return found


def tried(client: TestClient, email: str, times: int) -> None:
    """As if somebody had tried to sign in so often: without the work of hashing."""
    for _ in range(times):
        services_in(client).attempts.sign_in(email, UNKNOWN)  # the client has no address
