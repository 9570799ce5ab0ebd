"""Signing in, sessions, one-time links and the tokens of forms, through the real application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

BASE = "https://127.0.0.1"
CASE = {"language": "en", "channel": "chat", "messages": [], "subject": "A parcel"}


@pytest.fixture(scope="module")
def house(site: Settings) -> Iterator[TestClient]:
    """The closed application under https, as browsers see it."""
    settings = site.model_copy(update={"open_access": False})
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture
def visitor(house: TestClient) -> TestClient:
    """A browser without cookies."""
    house.cookies.clear()
    return house


def test_a_session_opens_what_its_roles_may_and_writes_need_the_token(visitor: TestClient) -> None:
    agent = make_user(services_in(visitor).engine.session_factory, "agent")
    problem(visitor.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")
    headers = signed_in(visitor, agent)
    assert visitor.get("/api/v1/cases/en-0001").status_code == 200
    problem(visitor.put("/api/v1/cases/signed-1", json=CASE), 403, "csrf")
    wrong = {"x-csrf-token": "x" * 43}
    problem(visitor.put("/api/v1/cases/signed-1", json=CASE, headers=wrong), 403, "csrf")
    assert visitor.put("/api/v1/cases/signed-1", json=CASE, headers=headers).status_code == 201
    problem(visitor.get("/api/v1/articles/x?view=latest"), 403, "forbidden")
