"""Cases over HTTP, for agents only."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.calls import problem, search, suggest

JSON = "/api/v1/cases"


def _case(**more: Any) -> dict[str, Any]:
    message = {"role": "customer", "text": "the frobnicator on my parcel is purple"}
    return {"language": "en", "channel": "chat", "messages": [message], **more}


def test_a_case_from_open_to_resolved_to_archived(client: TestClient) -> None:
    assert client.put(f"{JSON}/t-1", json=_case(subject="purple frobnicator")).status_code == 201
    seen = {"pool": "case", "language": "en"}
    assert "t-1" not in search(client, "purple frobnicator", **seen)  # not resolved
    solved = {"resolution": "Paint the frobnicator green again.", "outcome": "solved"}
    assert client.post(f"{JSON}/t-1/resolve", json=solved).json()["indexed"] is True
    assert search(client, "purple frobnicator", **seen)[0] == "t-1"
    assert client.get(f"{JSON}/t-1").json()["state"] == "resolved"
    page = client.get("/c/t-1")
    assert page.status_code == 200
    assert "Paint the frobnicator green again." in page.text
    problem(client.post(f"{JSON}/t-1/resolve", json=solved), 409, "conflict")
    assert client.post(f"{JSON}/t-1/archive").status_code == 200
    assert "t-1" not in search(client, "purple frobnicator", **seen)


def test_saving_the_same_changes_nothing(client: TestClient) -> None:
    body = _case(opened_at="2026-02-03T10:00:00+01:00")
    assert client.put(f"{JSON}/t-2", json=body).json()["status"] == "created"
    assert client.put(f"{JSON}/t-2", json=body).json()["status"] == "unchanged"
    assert client.get(f"{JSON}/t-2").json()["opened_at"] == "2026-02-03T09:00:00Z"


def test_cases_that_cannot_be(client: TestClient) -> None:
    problem(client.put(f"{JSON}/t-3", json=_case(state="resolved")), 422, "invalid_input")
    problem(client.put(f"{JSON}/t-3", json=_case(messages=[])), 422, "invalid_input")
    problem(client.put(f"{JSON}/t-3", json=_case(channel="pigeon")), 422, "invalid_input")
    problem(client.post(f"{JSON}/t-3/resolve", json={"resolution": ""}), 422, "invalid_input")
    problem(client.get(f"{JSON}/t-3"), 404, "not_found")
    problem(client.post(f"{JSON}/t-3/archive"), 404, "not_found")


def test_without_open_access_the_public_reads_and_no_more(closed: TestClient) -> None:
    assert search(closed, "locker PIN", language="en")[0] == "locker-pin-missing"
    assert closed.get("/a/locker-pin-missing").status_code == 200
    for refused in (
        closed.get(f"{JSON}/en-0001"),
        closed.put(f"{JSON}/t-4", json=_case()),
        closed.get("/api/v1/gaps"),
        closed.get("/api/v1/articles/locker-full", params={"view": "latest"}),
        closed.get("/api/v1/articles/locker-full", params={"audience": "internal"}),
        closed.post("/api/v1/articles/locker-full/archive"),
        closed.get("/api/v1/search", params={"q": "PIN", "pool": "case"}),
        closed.post(
            "/api/v1/suggest",
            json={"messages": [{"role": "customer", "text": "PIN"}], "audience": "internal"},
        ),
        closed.get("/c/en-0001"),
        closed.get("/try", params={"q": "PIN", "who": "agent"}),
        closed.get("/metrics"),
    ):
        problem(refused, 401, "sign_in_needed")


def test_a_stranger_is_answered_from_what_is_public(closed: TestClient) -> None:
    found = suggest(closed, "I did not get the PIN for the locker")
    assert found["articles"][0]["id"] == "locker-pin-missing"
    assert found["cases"] == []
    page = closed.get("/try", params={"q": "I did not get the PIN for the locker"})
    assert page.status_code == 200
    assert 'value="agent"' not in page.text
