"""What is personal in cases, over HTTP: hidden from readers, corrected by those who may."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.calls import problem, suggest
from tests.api.people import make_user, services_in, signed_in

CASES = "/api/v1/cases"
MAIL = "radka.mlynkova@example.com"
TEXT = f"the frizzled splonk of {MAIL} is torn"


def _case(**more: Any) -> dict[str, Any]:
    message = {"role": "customer", "text": TEXT}
    resolved = {"subject": "frizzled splonk", "state": "resolved", "resolution": "Mended."}
    return {"language": "en", "channel": "chat", "messages": [message], **resolved, **more}


def _redacted(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = ("part", "start", "end", "kind", "state")
    rows = [{name: row[name] for name in names} for row in found["redactions"]]
    return {"version": found["version"], "redactions": rows, **more}


def test_nobody_is_shown_what_is_personal(client: TestClient) -> None:
    client.put(f"{CASES}/r-1", json=_case(subject=f"frizzled splonk of {MAIL}"))
    shown = client.get(f"{CASES}/r-1").json()
    assert shown["messages"][0]["text"] == "the frizzled splonk of [e-mail] is torn"
    assert not shown["raw"]
    page = client.get("/c/r-1").text
    assert "[e-mail]" in page
    found = suggest(client, "frizzled splonk")["cases"]
    hits = client.get("/api/v1/search", params={"q": "frizzled splonk", "pool": "case"}).text
    assert "r-1" in hits
    for told in (page, str(shown), str(found), hits):
        assert MAIL not in told
    by_mail = client.get("/api/v1/search", params={"q": MAIL, "pool": "case"}).json()["hits"]
    assert all(hit["why"]["lexical"] == 0 for hit in by_mail if hit["id"] == "r-1")
    raw = client.get(f"{CASES}/r-1", params={"raw": True}).json()
    assert raw["messages"][0]["text"] == TEXT
    audit = client.get("/api/v1/audit", params={"entity_id": "r-1", "action": "read_raw"}).json()
    assert audit["total"] == 1


def test_correct_it_and_search_follows_at_once(client: TestClient) -> None:
    client.put(f"{CASES}/r-2", json=_case(messages=[{"role": "customer", "text": TEXT}]))
    url = f"{CASES}/r-2/redactions"
    found = client.get(url).json()
    (row,) = found["redactions"]
    assert (row["part"], row["text"], row["source"]) == ("message:0", MAIL, "found")
    pieces = found["parts"]["message:0"]
    assert [piece["text"] for piece in pieces] == [
        "the frizzled splonk of ",
        "[e-mail]",
        " is torn",
    ]
    word = {"part": "message:0", "start": 4, "end": 12, "kind": "name"}  # frizzled
    wanted = _redacted(found)
    wanted["redactions"].append(word)
    assert client.put(url, json=wanted).json()["indexed"] is True
    assert client.get(f"{CASES}/r-2").json()["messages"][0]["text"] == (
        "the [name] splonk of [e-mail] is torn"
    )
    problem(client.put(url, json=wanted), 409, "conflict")  # of the version before
    seen = client.get("/api/v1/search", params={"q": "splonk is torn", "pool": "case"}).json()
    texts = [hit["passage"]["text"] for hit in seen["hits"] if hit["id"] == "r-2"]
    assert all("frizzled splonk of" not in text for text in texts)


def test_corrections_that_cannot_be(client: TestClient) -> None:
    client.put(f"{CASES}/r-3", json=_case())
    url, version = f"{CASES}/r-3/redactions", 1
    for wrong in (
        {"part": "message:9", "start": 0, "end": 1},
        {"part": "message:0", "start": 5, "end": 5},
        {"part": "message:0", "start": 0, "end": 10_000},
        {"part": "message:0", "start": -1, "end": 2},
        {"part": "message:0", "start": 0, "end": 2, "kind": "shoe"},
    ):
        body = {"version": version, "redactions": [wrong]}
        problem(client.put(url, json=body), 422, "invalid_input")
    problem(client.get(f"{CASES}/none/redactions"), 404, "not_found")
    problem(client.get(f"{CASES}/none", params={"raw": True}), 404, "not_found")
    shown = client.get(f"{CASES}/r-3").json()["messages"]
    told = problem(client.put(f"{CASES}/r-3", json=_case(messages=shown)), 409, "conflict")
    assert "raw=true" in told["detail"]


def test_who_may_see_and_who_may_correct(client: TestClient, closed: TestClient) -> None:
    client.put(f"{CASES}/r-4", json=_case())
    sessions = services_in(closed).engine.session_factory
    signed_in(closed, make_user(sessions, "agent"))
    assert MAIL not in closed.get(f"{CASES}/r-4").text
    problem(closed.get(f"{CASES}/r-4", params={"raw": True}), 403, "forbidden")
    problem(closed.get(f"{CASES}/r-4/redactions"), 403, "forbidden")
    headers = signed_in(closed, make_user(sessions, "contributor"))
    found = closed.get(f"{CASES}/r-4/redactions")
    assert found.json()["redactions"][0]["text"] is None
    assert MAIL not in found.text
    lifted = _redacted(found.json())
    lifted["redactions"][0]["state"] = "shown"
    done = closed.put(f"{CASES}/r-4/redactions", json=lifted, headers=headers)
    assert done.status_code == 200
    assert MAIL in closed.get(f"{CASES}/r-4").text
    closed.cookies.clear()
