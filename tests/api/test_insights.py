"""Figures for managers, and suggestions that are on the screen."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.people import make_user, services_in, signed_in

API = "/api/v1/insights/suggestions"
ASKS = [{"id": "1", "role": "customer", "text": "My parcel locker PIN code did not arrive"}]


def _asked(client: TestClient, **more: Any) -> dict[str, Any]:
    given = {"channel": "chat", "external_id": secrets.token_hex(6), "language": "en"} | more
    answer = client.post("/api/v1/interactions?wait=5000", json=given | {"messages": ASKS})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert found["suggestion"] is not None
    return found


def test_what_was_used_shown_and_closed_is_counted(client: TestClient) -> None:
    before = client.get(API).json()["total"]
    view = _asked(client)
    path, made = f"/api/v1/interactions/{view['interaction']['id']}", view["suggestion"]["id"]
    shown = {"suggestion_id": made, "milliseconds": 41}
    for _ in range(2):
        assert client.post(f"{path}/shown", json=shown).status_code == 204
    used = {
        "kind": "used",
        "document": view["suggestion"]["articles"][0]["document"],
        "position": 0,
    }
    assert client.post(f"/api/v1/suggestions/{made}/feedback", json=used).status_code == 201
    closed = {"state": "resolved", "reuse": "used", "resolution": "The PIN was sent again."}
    assert client.patch(path, json=closed).status_code == 200
    after = client.get(f"{API}?by=channel").json()
    total = after["total"]
    for name in ("interactions", "resolved", "mrr_n"):
        assert total[name] == before[name] + 1
    assert total["useful"]["n"] == before["useful"]["n"] + 1
    assert total["seconds_to_first_useful"]["p50"] < 60
    assert total["milliseconds_to_screen"]["n"] == before["milliseconds_to_screen"]["n"] + 1
    assert total["reuse"]["used"] == before["reuse"].get("used", 0) + 1
    assert "chat" in [group["name"] for group in after["groups"]]
    figures = client.get("/metrics").text
    assert "potica_shown_seconds_count 1.0" in figures


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-01&to=2026-01-01",
        "from=2020-01-01&to=2026-01-01",
        "from=yesterday",
        "to=0001-01-01",
        "to=9999-12-31",
        "by=agent",
    ],
)
def test_what_cannot_be_asked(client: TestClient, query: str) -> None:
    assert client.get(f"{API}?{query}").status_code == 422


def test_days_without_anything_are_empty(client: TestClient) -> None:
    found = client.get(f"{API}?from=2001-01-01&to=2001-02-01&by=day").json()
    assert (found["total"]["interactions"], found["groups"]) == (0, [])
    assert found["total"]["useful"] == {"n": 0, "of": 0, "share": None}
    assert (found["first"], found["last"], found["by"]) == ("2001-01-01", "2001-02-01", "day")


def test_a_reader_with_a_scope_sees_its_part(house: TestClient) -> None:
    sessions = services_in(house).engine.session_factory
    agent = make_user(sessions, role="agent")
    headers = signed_in(house, agent)
    given = {"channel": "social", "facets": {"country": ["HU"]}, "messages": ASKS}
    answer = house.post("/api/v1/interactions", json=given, headers=headers)
    assert answer.status_code == 201
    assert house.get(API).status_code == 403
    counts = []
    for country in ("HU", "SI"):
        house.cookies.clear()
        manager = make_user(sessions, role="manager", scope={"country": [country]})
        signed_in(house, manager)
        groups = house.get(f"{API}?by=channel").json()["groups"]
        counts.append({group["name"]: group["figures"]["interactions"] for group in groups})
    assert counts[0].get("social") == 1
    assert "social" not in counts[1]
    house.cookies.clear()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"suggestion_id": "sug_1"},
        {"suggestion_id": "sug_1", "milliseconds": -1},
        {"suggestion_id": "sug_1", "milliseconds": 1.5},
        {"suggestion_id": "sug 1", "milliseconds": 1},
    ],
)
def test_what_says_not_what_was_shown(client: TestClient, given: dict[str, Any]) -> None:
    assert client.post("/api/v1/interactions/int_1/shown", json=given).status_code == 422


def test_what_is_not_there_was_not_shown(client: TestClient) -> None:
    shown = {"suggestion_id": "sug_1", "milliseconds": 1}
    assert client.post("/api/v1/interactions/int_1/shown", json=shown).status_code == 404
