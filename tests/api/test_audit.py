"""The audit over HTTP."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.calls import problem

AUDIT = "/api/v1/audit"
CASE: dict[str, Any] = {
    "language": "en",
    "channel": "chat",
    "customer_ref": "customer-zanimiv",
    "messages": [{"role": "customer", "text": "my zorbling parcel"}],
}


def test_what_was_done_can_be_looked_up(client: TestClient) -> None:
    client.put("/api/v1/cases/audit-1", json=CASE)
    client.post("/api/v1/cases/audit-1/archive")
    wanted = {"entity": "case", "entity_id": "audit-1"}
    found = client.get(AUDIT, params=wanted).json()
    assert found["total"] == 2
    assert [entry["action"] for entry in found["entries"]] == ["archive", "create"]
    newest, oldest = found["entries"]
    assert newest["number"] == oldest["number"] + 1
    assert len(newest["hash"]) == 64
    later = client.get(AUDIT, params=wanted | {"since": newest["at"]}).json()
    assert [entry["action"] for entry in later["entries"]] == ["archive"]
    second = client.get(AUDIT, params=wanted | {"limit": 1, "offset": 1}).json()
    assert [entry["action"] for entry in second["entries"]] == ["create"]


def test_no_text_and_no_customer_is_in_it(client: TestClient) -> None:
    client.put("/api/v1/cases/audit-2", json=CASE)
    told = client.get(AUDIT, params={"limit": 200}).text
    assert "audit-2" in told
    assert "zorbling" not in told
    assert "zanimiv" not in told


def test_questions_that_cannot_be(client: TestClient) -> None:
    for wrong in ({"limit": 0}, {"since": "yesterday"}, {"actor": "\0"}, {"color": "red"}):
        problem(client.get(AUDIT, params=wrong), 422, "invalid_input")


def test_it_is_not_for_everybody(closed: TestClient) -> None:
    problem(closed.get(AUDIT), 401, "sign_in_needed")
