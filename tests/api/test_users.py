"""People and roles over HTTP, for programs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from kb.actions.links import LinkPurpose
from kb.domain import DEFAULT_ROLES, User
from kb.queries.users import link_owner
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in


@pytest.fixture
def admin(office: TestClient) -> Iterator[TestClient]:
    """An administrator's program, which sends the token with every write."""
    office.cookies.clear()
    user = make_user(services_in(office).engine.session_factory, "administrator")
    office.headers.update(signed_in(office, user))
    yield office
    del office.headers["x-csrf-token"]
    office.cookies.clear()


def _invite(client: TestClient, **fields: Any) -> dict[str, Any]:
    email = f"{secrets.token_hex(6)}@lipa.example"
    body = {"email": email, "name": "Ana Kos", "roles": ["agent"]} | fields
    answer = client.post("/api/v1/users", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _agent(client: TestClient) -> User:
    return make_user(services_in(client).engine.session_factory, "agent")


def test_somebody_is_invited_and_looked_up(admin: TestClient) -> None:
    made = _invite(admin, language="pl", scope={"country": ["PL"]}, name="Łukasz Nowak")
    link = made.pop("link")
    assert (link["purpose"], link["mailed"]) == ("invitation", False)
    with services_in(admin).readers() as session:
        owner = link_owner(session, link["address"].rpartition("/")[2], LinkPurpose.invitation)
    assert owner is not None
    assert owner.id == made["id"]
    assert (made["state"], made["roles"], made["scope"]) == (
        "invited",
        ["agent"],
        {"country": ["PL"]},
    )
    assert admin.get(f"/api/v1/users/{made['id']}").json() == made
    found = admin.get("/api/v1/users", params={"q": "lukasz", "role": "agent", "state": "invited"})
    assert [user["id"] for user in found.json()["users"]] == [made["id"]]
    assert "password_hash" not in found.text
    body = {"email": made["email"], "name": "x", "roles": ["agent"]}
    problem(admin.post("/api/v1/users", json=body), 409, "conflict")


def test_an_account_is_changed(admin: TestClient) -> None:
    made = _invite(admin)
    at = f"/api/v1/users/{made['id']}"
    changed = admin.patch(at, json={"name": "Eva", "roles": ["manager"], "expected_version": 1})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["roles"]) == ("Eva", ["manager"])
    assert changed.json()["email"] == made["email"]
    problem(admin.patch(at, json={"name": "Late", "expected_version": 1}), 409, "conflict")
    assert admin.patch(at, json={}).json() == changed.json()
    assert admin.patch(at, json={"state": "disabled"}).json()["state"] == "disabled"
    problem(admin.post(f"{at}/link"), 409, "conflict")
    assert admin.patch(at, json={"state": "active"}).json()["state"] == "invited"
    assert admin.post(f"{at}/link").json()["purpose"] == "invitation"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": None, "state": "invited"},
        {"language": "English"},
        {"roles": []},
        {"roles": ["anonymous"]},
        {"roles": "agent"},
        {"scope": {"country": "SI"}},
        {"email": "other@lipa.example"},
        {"expected_version": "1"},
        [],
    ],
)
def test_a_change_that_is_not_valid_is_refused(admin: TestClient, body: Any) -> None:
    agent = _agent(admin)
    answer = admin.patch(f"/api/v1/users/{agent.id}", json=body)
    problem(answer, 422, "invalid_input")
    assert admin.get(f"/api/v1/users/{agent.id}").json()["version"] == 1


def test_sessions_of_somebody_are_seen_and_ended(admin: TestClient) -> None:
    agent = _agent(admin)
    for _ in range(2):
        signed_in(TestClient(admin.app, base_url="https://127.0.0.1"), agent)
    at = f"/api/v1/users/{agent.id}/sessions"
    found = admin.get(at).json()["sessions"]
    assert [one["current"] for one in found] == [False, False]
    assert admin.delete(f"{at}/{found[0]['id']}").status_code == 204
    assert [one["id"] for one in admin.get(at).json()["sessions"]] == [found[1]["id"]]
    other = _agent(admin)
    elsewhere = f"/api/v1/users/{other.id}/sessions/{found[1]['id']}"
    problem(admin.delete(elsewhere), 404, "not_found")
    assert admin.delete(at).json() == {"revoked": 1}
    assert admin.get(at).json()["sessions"] == []


def test_an_api_key_manages_people_within_its_own_permissions(admin: TestClient) -> None:
    wanted = {"name": "Sync", "permissions": ["users.manage", "suggestions.ask"]}
    token = admin.post("/api/v1/keys", json=wanted).json()["token"]
    program = TestClient(admin.app, base_url="https://127.0.0.1")
    program.headers["authorization"] = f"Bearer {token}"
    assert program.get("/api/v1/users").status_code == 200
    body = {"email": "by-key@lipa.example", "name": "x", "roles": ["agent"]}
    problem(program.post("/api/v1/users", json=body), 403, "forbidden")
    agent = _agent(admin)
    problem(program.patch(f"/api/v1/users/{agent.id}", json={"name": "x"}), 403, "forbidden")
    problem(program.get(f"/api/v1/users/{agent.id}/sessions"), 403, "forbidden")
    problem(program.get("/api/v1/roles"), 403, "forbidden")


def test_roles_are_made_changed_and_deleted(admin: TestClient) -> None:
    at = "/api/v1/roles/api_role"
    made = admin.put(at, json={"permissions": ["cases.read", "cases.read"]})
    assert made.status_code == 201
    assert made.json() == {
        "name": "api_role",
        "permissions": ["cases.read"],
        "is_default": False,
        "is_changed": False,
        "people": 0,
    }
    assert admin.put(at, json={"permissions": ["cases.read"]}).status_code == 200
    names = [role["name"] for role in admin.get("/api/v1/roles").json()["roles"]]
    assert names[: len(DEFAULT_ROLES)] == list(DEFAULT_ROLES)
    assert "api_role" in names
    agent = _agent(admin)
    admin.patch(f"/api/v1/users/{agent.id}", json={"roles": ["api_role"]})
    problem(admin.delete(at), 409, "conflict")
    admin.patch(f"/api/v1/users/{agent.id}", json={"roles": ["agent"]})
    assert admin.delete(at).status_code == 204
    problem(admin.delete(at), 404, "not_found")


def test_a_role_that_comes_along_is_reset_when_deleted(admin: TestClient) -> None:
    at = "/api/v1/roles/contributor"
    assert admin.put(at, json={"permissions": []}).json()["is_changed"] is True
    assert admin.delete(at).status_code == 204
    found = {role["name"]: role for role in admin.get("/api/v1/roles").json()["roles"]}
    assert set(found["contributor"]["permissions"]) == set(DEFAULT_ROLES["contributor"])


@pytest.mark.parametrize(
    ("name", "permissions", "status", "code"),
    [
        ("Upper", ["cases.read"], 422, "invalid_input"),
        ("fine", ["cases.burn"], 422, "invalid_input"),
        ("fine", "cases.read", 422, "invalid_input"),
        ("anonymous", ["audit.read"], 422, "invalid_input"),
        ("administrator", ["cases.read"], 409, "conflict"),
    ],
)
def test_a_role_that_is_not_valid_is_refused(
    admin: TestClient, name: str, permissions: Any, status: int, code: str
) -> None:
    answer = admin.put(f"/api/v1/roles/{name}", json={"permissions": permissions})
    problem(answer, status, code)
