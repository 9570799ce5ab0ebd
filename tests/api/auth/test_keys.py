"""API keys over HTTP: who may make them, what they open, how they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.domain import ApiKey, AuditEntry, Permission, utc_now
from kb.queries.keys import KeyView, active_key
from tests.api.calls import problem, suggest
from tests.api.people import make_user, services_in, signed_in

KEYS = "/api/v1/keys"
CHALLENGE = 'Bearer realm="potica"'
CASE = {"language": "en", "channel": "chat", "messages": [], "subject": "A parcel"}


@pytest.fixture(scope="module")
def house(site: Settings) -> Iterator[TestClient]:
    """The closed application under https."""
    settings = site.model_copy(update={"open_access": False, "rate_limits": False})
    with TestClient(create_app(settings), base_url="https://127.0.0.1") as client:
        yield client


@pytest.fixture
def client(house: TestClient) -> TestClient:
    house.cookies.clear()
    return house


@pytest.fixture
def admin(client: TestClient) -> dict[str, str]:
    """An administrator is signed in; gives the headers that writes need."""
    return signed_in(client, make_user(services_in(client).engine.session_factory, "administrator"))


def _make(client: TestClient, headers: dict[str, str], *may: str, **more: Any) -> dict[str, Any]:
    body = {"name": "Helpdesk", "permissions": may, **more}
    response = client.post(KEYS, json=body, headers=headers)
    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    made: dict[str, Any] = response.json()
    return made


def _bearer(made: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {made['token']}"}


def _stored(client: TestClient, key_id: str) -> KeyView:
    with services_in(client).readers() as session:
        found = active_key(session, key_id)
    assert found is not None
    return found


def test_a_key_opens_what_it_may_and_nothing_else(
    client: TestClient, admin: dict[str, str]
) -> None:
    made = _make(client, admin, "suggestions.ask", "cases.read")
    client.cookies.clear()
    speaks = _bearer(made)
    assert client.get("/api/v1/cases/en-0001", headers=speaks).status_code == 200
    asked = {"messages": [{"role": "customer", "text": "locker full"}], "audience": "public"}
    assert client.post("/api/v1/suggest", json=asked, headers=speaks).status_code == 200
    asked["audience"] = "internal"
    problem(client.post("/api/v1/suggest", json=asked, headers=speaks), 403, "forbidden")
    problem(client.put("/api/v1/cases/key-1", json=CASE, headers=speaks), 403, "forbidden")
    problem(client.get(KEYS, headers=speaks), 403, "forbidden")


def test_the_list_shows_no_secret(client: TestClient, admin: dict[str, str]) -> None:
    made = _make(client, admin, "cases.read", scope={"country": ["SI"]})
    response = client.get(KEYS)
    listed = {key["id"]: key for key in response.json()["keys"]}
    assert listed[made["id"]]["scope"] == {"country": ["SI"]}
    assert listed[made["id"]]["state"] == "active"
    secret = made["token"].split("_", 2)[2]
    assert secret not in response.text
    assert "hash" not in response.text


def test_whoever_may_not_manage_keys_makes_none(client: TestClient) -> None:
    problem(client.get(KEYS), 401, "sign_in_needed")
    manager = make_user(services_in(client).engine.session_factory, "manager")
    headers = signed_in(client, manager)
    problem(client.get(KEYS), 403, "forbidden")
    body = {"name": "Mine", "permissions": ["suggestions.ask"]}
    problem(client.post(KEYS, json=body, headers=headers), 403, "forbidden")
    problem(client.delete(f"{KEYS}/{'0' * 16}", headers=headers), 403, "forbidden")


def test_a_key_makes_no_key_wider_than_itself(client: TestClient, admin: dict[str, str]) -> None:
    parent = _make(client, admin, "keys.manage", "cases.read", scope={"country": ["SI"]})
    client.cookies.clear()
    child = _make(client, _bearer(parent), "cases.read")
    assert child["scope"] == {"country": ["SI"]}
    assert child["created_by"] == f"key:{parent['id']}"
    for wider in ({"permissions": ["cases.write"]}, {"like": "agent"}):
        refused = client.post(KEYS, json={"name": "x", **wider}, headers=_bearer(parent))
        problem(refused, 403, "forbidden")
    refused = client.post(
        KEYS,
        json={"name": "x", "permissions": ["cases.read"], "scope": {"country": ["PL"]}},
        headers=_bearer(parent),
    )
    problem(refused, 403, "forbidden")


def test_a_revoked_key_opens_nothing_from_the_next_call_on(
    client: TestClient, admin: dict[str, str]
) -> None:
    made = _make(client, admin, "cases.read")
    assert client.get("/api/v1/cases/en-0001", headers=_bearer(made)).status_code == 200
    for _ in range(2):
        assert client.delete(f"{KEYS}/{made['id']}", headers=admin).status_code == 204
    client.cookies.clear()
    problem(client.get("/api/v1/cases/en-0001", headers=_bearer(made)), 401, "sign_in_needed")


def test_every_bad_key_gets_the_same_answer(client: TestClient, admin: dict[str, str]) -> None:
    revoked, expired, good = (_make(client, admin, "cases.read") for _ in range(3))
    client.delete(f"{KEYS}/{revoked['id']}", headers=admin)
    with services_in(client).engine.session_factory.begin() as session:
        past = utc_now() - timedelta(seconds=1)
        chosen = update(ApiKey).where(col(ApiKey.id) == expired["id"])
        session.execute(chosen.values(expires_at=past))
    client.cookies.clear()
    bad = [
        revoked["token"],
        expired["token"],
        good["token"][:-1] + ("a" if good["token"][-1] != "a" else "b"),
        f"potica_{'0' * 16}_{'a' * 43}",
        "potica_",
        "x",
        "",
        "a.b.c",
        "a" * 5000,
        "\xff\xfe",
    ]
    told = set()
    for token in bad:
        header = {"authorization": f"Bearer {token}".encode("latin-1")}
        response = client.get("/api/v1/articles/locker-full", headers=header)  # public otherwise
        told.add(problem(response, 401, "sign_in_needed")["detail"])
        assert (
            response.headers["www-authenticate"] == 'Bearer realm="potica", error="invalid_token"'
        )
    assert len(told) == 1
    without = client.get("/api/v1/cases/en-0001")
    assert without.headers["www-authenticate"] == CHALLENGE


def test_the_scheme_is_read_in_any_case_and_others_are_left_alone(
    client: TestClient, admin: dict[str, str]
) -> None:
    made = _make(client, admin, "cases.read")
    client.cookies.clear()
    header = {"authorization": f"bEaReR  {made['token']}"}
    assert client.get("/api/v1/cases/en-0001", headers=header).status_code == 200
    proxy = {"authorization": "Basic YTpi"}  # asked for by a proxy in front, not by us
    assert client.get("/api/v1/articles/locker-full", headers=proxy).status_code == 200


def test_a_key_goes_before_the_cookie(client: TestClient, admin: dict[str, str]) -> None:
    made = _make(client, admin, "cases.read")
    problem(client.get(KEYS, headers=_bearer(made)), 403, "forbidden")


def test_writes_are_noted_under_the_key(client: TestClient, admin: dict[str, str]) -> None:
    made = _make(client, admin, "cases.write", "suggestions.ask", "feedback.write")
    client.cookies.clear()
    speaks, actor = _bearer(made), f"key:{made['id']}"
    saved = client.put("/api/v1/cases/key-audit", json=CASE, headers=speaks)
    assert saved.status_code == 201
    with services_in(client).readers() as session:
        chosen = select(AuditEntry).where(col(AuditEntry.entity_id) == "key-audit")
        assert {entry.actor for entry in session.scalars(chosen)} == {actor}


def test_use_is_noted(client: TestClient, admin: dict[str, str]) -> None:
    made = _make(client, admin, "suggestions.ask", "articles.read")
    assert _stored(client, made["id"]).used_at is None
    client.headers["authorization"] = f"Bearer {made['token']}"
    try:
        before = utc_now()
        suggest(client, "locker full", audience="public")
        first = _stored(client, made["id"]).used_at
        suggest(client, "locker full", audience="public")
    finally:
        del client.headers["authorization"]
    assert first is not None
    assert before <= first <= utc_now()
    assert _stored(client, made["id"]).used_at == first  # not every call writes


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "permissions": ["cases.read"]},
        {"name": "x", "permissions": ["everything"]},
        {"name": "x", "like": "king"},
        {"name": "x", "permissions": ["cases.read"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "permissions": ["cases.read"], "expires_at": 7},
        {"name": "x", "permissions": ["cases.read"], "scope": {"country": []}},
        {"name": "x\0", "permissions": ["cases.read"]},
    ],
)
def test_keys_that_cannot_be(
    client: TestClient, admin: dict[str, str], body: dict[str, Any]
) -> None:
    problem(client.post(KEYS, json=body, headers=admin), 422, "invalid_input")


def test_a_key_that_is_not_there(client: TestClient, admin: dict[str, str]) -> None:
    problem(client.delete(f"{KEYS}/{'0' * 16}", headers=admin), 404, "not_found")


def test_a_key_like_a_role(client: TestClient, admin: dict[str, str]) -> None:
    made = _make(client, admin, like="agent")
    assert Permission.embed in made["permissions"]
    assert Permission.manage_keys not in made["permissions"]
