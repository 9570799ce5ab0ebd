"""What is asked or searched for and not answered, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from tests.api.calls import problem, search, suggest
from tests.api.people import services_in
from tests.site import copy_home

BASE = "http://127.0.0.1"
WANTED = "cryptocurrency mortgage"


@pytest.fixture(scope="module")
def shop(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An installation of its own, open to all."""
    settings = copy_home(filled, tmp_path_factory.mktemp("gaps") / "home")
    with TestClient(create_app(settings), base_url=BASE) as client:
        search(client, "my postcode is wrong", language="en")  # the first one takes its time
        yield client


def _gaps(client: TestClient, **params: str) -> list[dict[str, Any]]:
    services_in(client).searches.flush()
    found: list[dict[str, Any]] = client.get("/api/v1/gaps", params=params).json()["gaps"]
    return found


def test_a_search_that_found_nothing_becomes_a_gap_and_a_draft(shop: TestClient) -> None:
    for typed in ("cryp", "crypto", "cryptocurrency mor", WANTED):  # as one types
        search(shop, typed, language="en")
    assert search(shop, "my postcode is wrong", language="en")[0] == "wrong-postcode"
    (found,) = _gaps(shop, kind="search")
    assert (found["question"], found["count"], found["kind"]) == (WANTED, 1, "search")
    assert (found["languages"], found["readers"]) == ({"en": 1}, {"public": 1})
    assert found["reason"] in {"nothing_found", "not_sure"}
    assert found["suggestion_id"] is None
    search(shop, WANTED, language="sl", audience="internal", prefix="false")
    (found,) = _gaps(shop, kind="search")
    assert (found["languages"], found["readers"]) == ({"en": 1, "sl": 1},
                                                      {"internal": 1, "public": 1})  # fmt: skip
    draft = shop.post(f"/api/v1/gaps/{found['id']}/draft")
    assert (draft.status_code, draft.json()["id"]) == (201, "cryptocurrency-mortgage")
    closed = shop.post(f"/api/v1/gaps/{found['id']}/close")
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert _gaps(shop, kind="search") == []
    assert [gap["id"] for gap in _gaps(shop, kind="search", state="closed")] == [found["id"]]
    opened = shop.post(f"/api/v1/gaps/{found['id']}/reopen")
    assert (opened.status_code, opened.json()["state"]) == (200, "open")
    assert [gap["id"] for gap in _gaps(shop, kind="search")] == [found["id"]]


def test_questions_of_conversations_stay_apart(shop: TestClient) -> None:
    suggest(shop, "Can you tell me about cryptocurrency mortgages?", language="en")
    kinds = {gap["kind"] for gap in _gaps(shop, kind="conversation")}
    assert kinds == {"conversation"}
    assert {gap["kind"] for gap in _gaps(shop, kind="search")} <= {"search"}


def test_what_was_narrowed_by_the_reader_is_no_gap(shop: TestClient) -> None:
    before = len(_gaps(shop))
    for more in (
        {"tags": "no-such-tag"},
        {"languages": "hu"},
        {"pool": "case"},
        {"offset": "10"},
        {"record": "false"},
    ):
        search(shop, "franchise helicopter", language="en", prefix="false", **more)
    assert len(_gaps(shop)) == before
    search(shop, "franchise helicopter", language="en", prefix="false")
    assert len(_gaps(shop)) == before + 1


def test_closing_what_is_not_there(shop: TestClient) -> None:
    problem(shop.post("/api/v1/gaps/2000000/close"), 404, "not_found")
    problem(shop.post("/api/v1/gaps/2000000/reopen"), 404, "not_found")
    problem(shop.post("/api/v1/gaps/0/close"), 422, "invalid_input")
    problem(shop.get("/api/v1/gaps", params={"kind": "dream"}), 422, "invalid_input")
