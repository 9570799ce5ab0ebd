"""Widget tokens for tests, and what stands behind them."""

from __future__ import annotations

import base64
import json
from typing import Any

from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from kb.actions.keys import KeyInput, create_key
from kb.domain import (
    EVERYTHING,
    Facets,
    Permissions,
    Principal,
    PrincipalKind,
    User,
)
from tests.api.calls import problem
from tests.api.people import make_user, signed_in

TOKENS = "/api/v1/widget-tokens"
DESK, CRM = "https://helpdesk.example", "https://crm.example:8443"
BASE = "https://127.0.0.1"
CASE = "/api/v1/cases/en-0001"
ADMIN = Principal(PrincipalKind.session, "usr_admin", EVERYTHING)


def make_key(
    sessions: sessionmaker[Session], may: Permissions = EVERYTHING, scope: Facets | None = None
) -> tuple[str, dict[str, str]]:
    """The id of a new key, and the header it speaks with."""
    with sessions.begin() as session:
        made = create_key(session, KeyInput("CRM", may, scope or {}), ADMIN)
    return made.key.id, {"authorization": f"Bearer {made.token}"}


def make_token(client: TestClient, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    response = client.post(TOKENS, json={"origin": DESK, **body}, headers=headers)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def agent_token(client: TestClient, sessions: sessionmaker[Session]) -> tuple[User, str]:
    """An agent who signed in, and a token for the agent's sidebar; the cookie is gone."""
    agent = make_user(sessions, "agent")
    token = make_token(client, signed_in(client, agent))["token"]
    client.cookies.clear()
    return agent, token


def change_user(sessions: sessionmaker[Session], user: User, **values: Any) -> None:
    with sessions.begin() as session:
        row = session.get(User, user.id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def check_refused(client: TestClient, token: str, **headers: str) -> None:
    told = problem(client.get(CASE, headers=bearer(token) | headers), 401, "sign_in_needed")
    assert "not good" in told["detail"]
