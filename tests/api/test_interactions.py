"""Live interactions over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from tests.api.calls import problem

ROUTE = "/api/v1/interactions"
PIN = "My locker PIN never arrived, what do I do?"


def begin(client: TestClient, *texts: str, **given: Any) -> dict[str, Any]:
    messages = [
        {"id": str(n), "role": "customer", "text": text, "at": f"2026-11-02T09:0{n}:00Z"}
        for n, text in enumerate(texts)
    ]
    body = {"channel": "chat", "messages": messages} | given
    answer = client.post(ROUTE, params={"wait": 5000}, json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_one_round_trip_gives_the_answer(client: TestClient) -> None:
    view = begin(client, "Hi there", PIN, source="desk", external_id="a-1")
    assert view["suggestion"]["articles"][0]["id"] == "locker-pin-missing"
    assert view["suggestion_version"] == view["interaction"]["version"] == 1
    assert (view["pending"], view["history"]) == (False, [])
    assert view["change"]["reason"] == "first_answer"
    again = begin(client, "Hi there", PIN, source="desk", external_id="a-1")
    assert again["interaction"]["id"] == view["interaction"]["id"]
    assert again["suggestion"]["id"] == view["suggestion"]["id"]
    stored = client.get(f"/api/v1/suggestions/{view['suggestion']['id']}").json()
    assert stored["top_document"] == "article:locker-pin-missing"


def test_messages_bring_a_new_suggestion_and_say_why(client: TestClient) -> None:
    view = begin(client, PIN)
    path = f"{ROUTE}/{view['interaction']['id']}"
    answer = {"id": "8", "role": "agent", "text": "I have sent you the PIN again."}
    client.post(f"{path}/messages", json={"messages": [answer]})
    said = {"id": "9", "role": "customer", "text": "I wrote the wrong postcode, what now?"}
    sent = client.post(f"{path}/messages", params={"wait": 5000}, json={"messages": [said]}).json()
    assert (sent["added"], sent["changed"], sent["unchanged"]) == (1, 0, 0)
    new = sent["view"]
    assert new["suggestion"]["articles"][0]["id"] != "locker-pin-missing"
    assert new["change"]["reason"] == "new_question"
    assert new["change"]["message"] == "9"
    same = client.post(f"{path}/messages", params={"wait": 5000}, json={"messages": [said]}).json()
    assert same["unchanged"] == 1
    assert same["view"]["suggestion"]["id"] == new["suggestion"]["id"]


def test_a_resolved_interaction_is_found_by_colleagues(client: TestClient) -> None:
    asks = "The courier bent my zeppelin brochure, please help"
    view = begin(client, asks, customer_ref="cust-zeppelin", language="en")
    path = f"{ROUTE}/{view['interaction']['id']}"
    says = {"id": "s", "role": "agent", "text": "We print the zeppelin brochure again for you."}
    client.post(f"{path}/messages", json={"messages": [says]})
    solved = {"state": "resolved", "outcome": "solved", "reuse": "nothing_reusable"}
    closed = client.patch(path, json=solved)
    assert closed.status_code == 200, closed.text
    case_id = closed.json()["interaction"]["case_id"]
    again = begin(
        client,
        "My zeppelin brochure came bent, what can I do?",
        customer_ref="cust-zeppelin",
        language="en",
    )
    assert case_id in [case["id"] for case in again["suggestion"]["cases"]]
    assert [contact["outcome"] for contact in again["history"]] == ["solved"]
    assert "zeppelin" in again["history"][0]["question"]


def test_lists_are_filtered(client: TestClient) -> None:
    view = begin(client, PIN, customer_ref="cust-list")
    found = client.get(ROUTE, params={"customer_ref": "cust-list", "state": "open"}).json()
    assert [one["id"] for one in found] == [view["interaction"]["id"]]
    assert client.get(ROUTE, params={"customer_ref": "nobody"}).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "", {"channel": "fax"}, 422, "invalid_input"),
        ("POST", "", {"channel": "chat", "nonsense": 1}, 422, "invalid_input"),
        ("POST", "", {"channel": "chat", "case_id": "never-was"}, 404, "not_found"),
        ("POST", "/int_never/messages", {"messages": []}, 422, "invalid_input"),
        ("PATCH", "/int_never", {}, 422, "invalid_input"),
        ("PATCH", "/int_never", {"state": "resolved"}, 404, "not_found"),
        ("GET", "/int_never", None, 404, "not_found"),
        ("GET", "/other", None, 422, "invalid_input"),
    ],
)
def test_bad_input_is_told(
    client: TestClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    problem(client.request(method, f"{ROUTE}{path}", json=body), status, code)


def test_what_was_said_survives_a_refused_batch(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    view = begin(client, PIN)
    path = f"{ROUTE}/{view['interaction']['id']}"
    good = {"id": "1", "role": "customer", "text": "and it is raining"}
    blank = {"id": "2", "role": "customer", "text": "  "}
    refused = client.post(f"{path}/messages", json={"messages": [good, blank]})
    problem(refused, 422, "invalid_input")
    assert client.get(path).json()["interaction"]["message_count"] == 1
