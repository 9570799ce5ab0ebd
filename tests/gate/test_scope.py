"""A product or team scope narrows what an agent sees, finds, counts and changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.domain import in_scope
from tests.api.calls import article, problem
from tests.api.people import make_user, signed_in
from tests.site import make_home

BASE = "https://127.0.0.1"
LOCKERS = {"product": ["locker"]}
QUESTION = "the courier left my parcel in the wrong town"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A publisher for lockers, and one for everything, who wrote of doors and of nothing."""
    settings: Settings = make_home(tmp_path_factory.mktemp("scope") / "home")
    app = create_app(settings.model_copy(update={"open_access": False, "rate_limits": False}))
    with TestClient(app, base_url=BASE) as client:
        sessions = app.state.services.engine.session_factory
        everything = signed_in(client, make_user(sessions, role="publisher"))
        narrow = TestClient(app, base_url=BASE)
        lockers = signed_in(narrow, make_user(sessions, role="publisher", scope=LOCKERS))
        for key, facets in (("s-door", {"product": ["home"]}), ("s-both", {})):
            given = article(f"{QUESTION} zqdoor", title=QUESTION, facets=facets)
            answer = client.put(f"/api/v1/articles/{key}", json=given, headers=everything)
            assert answer.status_code == 201, answer.text
        case = {
            "language": "en",
            "channel": "chat",
            "messages": [{"role": "customer", "text": QUESTION}],
            "state": "resolved",
            "resolution": "Sent to the right town by the depot.",
            "outcome": "solved",
            "facets": {"product": ["home"]},
        }
        answer = client.put("/api/v1/cases/s-case", json=case, headers=everything)
        assert answer.status_code == 201, answer.text
        yield {"wide": (client, everything), "narrow": (narrow, lockers)}


def test_what_is_for_everybody_is_in_every_scope() -> None:
    assert in_scope({}, LOCKERS)
    assert in_scope({"country": ["SI"]}, LOCKERS)
    assert in_scope({"product": ["home", "locker"]}, LOCKERS)
    assert not in_scope({"product": ["home"]}, LOCKERS)
    assert in_scope({"product": ["home"]}, {})
    assert not in_scope({"product": ["locker"], "country": ["SI"]}, LOCKERS | {"country": ["PL"]})


def test_search_and_suggestions_keep_to_the_scope(office: dict[str, Any]) -> None:
    assert "s-door" in _found(office["wide"])
    assert _cases(office["wide"])
    found = _found(office["narrow"])
    assert "s-both" in found
    assert "s-door" not in found
    assert "s-case" not in _cases(office["narrow"])
    wide, narrow = (_total(office[who]) for who in ("wide", "narrow"))
    assert narrow < wide


def test_out_of_scope_is_as_good_as_not_there(office: dict[str, Any]) -> None:
    client, headers = office["narrow"]
    for path in (
        "/api/v1/articles/s-door",
        "/api/v1/articles/s-door?view=latest",
        "/a/s-door",
        "/c/s-case",
        "/api/v1/cases/s-case",
    ):
        answer = client.get(path)
        problem(answer, 404, "not_found")
        assert "zqdoor" not in answer.text
    for call in ("articles/s-door/publish", "articles/s-door/archive", "cases/s-case/archive"):
        problem(client.post(f"/api/v1/{call}", headers=headers), 404, "not_found")
    given = article("Changed", facets={})
    problem(client.put("/api/v1/articles/s-door", json=given, headers=headers), 404, "not_found")
    wide, _ = office["wide"]
    assert "zqdoor" in wide.get("/api/v1/articles/s-door").text


def test_nobody_writes_out_of_their_own_sight(office: dict[str, Any]) -> None:
    client, headers = office["narrow"]
    given = article("Of doors", facets={"product": ["home"]})
    problem(client.put("/api/v1/articles/s-new", json=given, headers=headers), 403, "forbidden")
    assert office["wide"][0].get("/api/v1/articles/s-new").status_code == 404
    given = article("Of lockers", facets=LOCKERS)
    assert client.put("/api/v1/articles/s-new", json=given, headers=headers).status_code == 201


def _found(who: tuple[TestClient, dict[str, str]]) -> list[str]:
    client, headers = who
    body = {"messages": [{"role": "customer", "text": QUESTION}], "limit": 20}
    answer = client.post("/api/v1/suggest", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["articles"]]


def _cases(who: tuple[TestClient, dict[str, str]]) -> list[str]:
    client, _ = who
    answer = client.get("/api/v1/search", params={"q": QUESTION, "pool": "case", "limit": 50})
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["hits"]]


def _total(who: tuple[TestClient, dict[str, str]]) -> int:
    client, _ = who
    answer = client.get("/api/v1/search", params={"q": QUESTION, "audience": "internal"})
    found: int = answer.json()["total"]
    return found
