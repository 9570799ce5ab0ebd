"""Calls the tests share."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

PROBLEM = "application/problem+json"


def suggest(client: TestClient, text: str, **more: Any) -> dict[str, Any]:
    """The answer to one customer's message."""
    body = {"messages": [{"role": "customer", "text": text}], **more}
    response = client.post("/api/v1/suggest", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def search(client: TestClient, q: str, **more: Any) -> list[str]:
    """The ids found."""
    response = client.get("/api/v1/search", params={"q": q, **more})
    assert response.status_code == 200, response.text
    return [hit["id"] for hit in response.json()["hits"]]


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """A problem document with all that it must have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert told["code"] == code
    assert told["type"] == f"urn:potica:problem:{code}"
    assert told["title"]
    assert told["request_id"] == response.headers["x-request-id"]
    assert len(told["detail"]) > 10  # says what to do next
    return told


def article(body: str, **more: Any) -> dict[str, Any]:
    """A published public article in English."""
    text = {"language": "en", "title": more.pop("title", "About it"), "body": body}
    fields = {"original_language": "en", "audience": "public", "state": "published"}
    return {**fields, "translations": [text], **more}
