"""Erasing and exporting over HTTP, on a server that runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.privacy.ledger import read_ledger
from kb.privacy.traces import find_traces
from tests.api.calls import problem, search, suggest
from tests.api.conftest import BASE
from tests.api.people import make_user, services_in, signed_in
from tests.site import copy_home

ERASE, EXPORT = "/api/v1/privacy/erase", "/api/v1/privacy/export"
REF, WORD = "Vendula Zrzavolesk", "zrzavoplavutka"


@pytest.fixture
def own(filled: Settings, tmp_path: Path) -> Settings:
    """A home of its own: an erasure changes all of it."""
    return copy_home(filled, tmp_path / "home")


@pytest.fixture
def server(own: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own), base_url=BASE) as client:
        yield client


def _case(word: str, ref: str) -> dict[str, Any]:
    return {
        "language": "en",
        "channel": "chat",
        "customer_ref": ref,
        "subject": f"my {word}",
        "state": "resolved",
        "resolution": f"Sent the {word} again.",
        "messages": [{"role": "customer", "text": f"my {word} did not come, what now?"}],
    }


def _files_with(home: Path, *words: str) -> list[str]:
    return [path.relative_to(home).as_posix() for path in find_traces(home, words)]


def test_a_customer_is_erased_while_others_are_served(
    server: TestClient, own: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    server.put("/api/v1/cases/e-1", json=_case(WORD, REF))
    server.put("/api/v1/cases/e-2", json=_case("quibblefish", "cust-2"))
    asked = suggest(server, f"where is my {WORD}?", customer_ref=REF)
    server.post(
        f"/api/v1/suggestions/{asked['id']}/feedback", json={"kind": "edited", "text": WORD}
    )
    assert "e-1" in search(server, WORD, pool="case")
    held = server.get(EXPORT, params={"customer_ref": REF}).json()
    assert [case["id"] for case in held["cases"]] == ["e-1"]
    assert [row["id"] for row in held["suggestions"]] == [asked["id"]]
    dry = server.post(ERASE, json={"customer_ref": REF, "dry_run": True}).json()
    assert (dry["id"], dry["erased"]["cases"], dry["erased"]["suggestions"]) == (None, 1, 1)
    assert _files_with(own.home, WORD)

    done = server.post(ERASE, json={"customer_ref": REF}).json()
    assert done["cleaned"], done
    assert (done["erased"]["cases"], done["erased"]["feedback"]) == (1, 1)
    assert _files_with(own.home, WORD, REF) == []
    assert "e-1" not in search(server, WORD, pool="case")
    assert "e-2" in search(server, "quibblefish", pool="case")
    problem(server.get("/api/v1/cases/e-1"), 404, "not_found")
    problem(server.get(f"/api/v1/suggestions/{asked['id']}"), 404, "not_found")
    audit = server.get("/api/v1/audit", params={"entity": "customer"})
    assert [entry["action"] for entry in audit.json()["entries"]] == ["erase", "export"]
    assert REF not in audit.text
    logged = "".join(capfd.readouterr())
    assert WORD not in logged
    assert REF not in logged


def test_a_copy_put_back_is_erased_before_anybody_reads_it(own: Settings) -> None:
    database = own.home / "potica.db"
    with TestClient(create_app(own), base_url=BASE) as server:
        server.put("/api/v1/cases/e-1", json=_case(WORD, REF))
    copy = database.read_bytes()  # closed: all is in the file
    with TestClient(create_app(own), base_url=BASE) as server:
        server.post(ERASE, json={"customer_ref": REF})
    for name in ("potica.db-wal", "potica.db-shm"):
        (own.home / name).unlink(missing_ok=True)
    database.write_bytes(copy)
    assert _files_with(own.home, WORD)
    with TestClient(create_app(own), base_url=BASE) as server:
        problem(server.get("/api/v1/cases/e-1"), 404, "not_found")
        assert _files_with(own.home, WORD, REF) == []
    assert all(entry.done for entry in read_ledger(own.home))


def test_what_cannot_be_asked(client: TestClient) -> None:
    for wrong in ({}, {"customer_ref": ""}, {"customer_ref": "x", "also": ["ab"]}, {"ref": "x"}):
        problem(client.post(ERASE, json=wrong), 422, "invalid_input")
    for blank in ("  ", "\0"):
        problem(client.post(ERASE, json={"customer_ref": blank}), 422, "invalid_input")
        problem(client.get(EXPORT, params={"customer_ref": blank}), 422, "invalid_input")
    problem(client.get(EXPORT), 422, "invalid_input")


def test_it_takes_the_permission(closed: TestClient) -> None:
    problem(closed.post(ERASE, json={"customer_ref": REF}), 401, "sign_in_needed")
    problem(closed.get(EXPORT, params={"customer_ref": REF}), 401, "sign_in_needed")
    sessions = services_in(closed).engine.session_factory
    headers = signed_in(closed, make_user(sessions, "manager"))
    refused = closed.post(ERASE, json={"customer_ref": REF}, headers=headers)
    problem(refused, 403, "forbidden")
    problem(closed.get(EXPORT, params={"customer_ref": REF}), 403, "forbidden")
    closed.cookies.clear()


def test_an_interaction_that_is_open_is_erased_with_all_that_was_suggested(
    server: TestClient, own: Settings
) -> None:
    begun = {"channel": "chat", "external_id": "c-1", "customer_ref": REF, "language": "en"}
    said = [{"id": "1", "role": "customer", "text": f"My locker PIN and my {WORD} are missing"}]
    view = server.post("/api/v1/interactions?wait=5000", json=begun | {"messages": said}).json()
    path = f"/api/v1/interactions/{view['interaction']['id']}"
    assert view["suggestion"] is not None
    told = server.get(EXPORT, params={"customer_ref": REF}).json()
    assert [row["messages"][0]["text"] for row in told["interactions"]] == [said[0]["text"]]
    erased = server.post(ERASE, json={"customer_ref": REF}).json()
    assert erased["cleaned"]
    assert (erased["erased"]["interactions"], erased["erased"]["turns"]) == (1, 1)
    problem(server.get(path), 404, "not_found")
    problem(server.post(f"{path}/messages", json={"messages": said}), 404, "not_found")
    again = f"/api/v1/suggestions/{view['suggestion']['id']}"
    problem(server.get(again), 404, "not_found")
    assert _files_with(own.home, WORD, REF) == []
