"""Articles over HTTP: searchable with the answer to the save, gone with that to the archive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from tests.api.calls import article, problem, search, suggest

JSON = "/api/v1/articles"


def test_saved_means_searchable_and_archived_means_gone(client: TestClient) -> None:
    body = article("Zorblax giraffes travel **free** on Tuesdays.", title="Zorblax giraffes")
    saved = client.put(f"{JSON}/zorblax", json=body)
    assert saved.status_code == 201
    assert saved.json() == {"id": "zorblax", "status": "created", "version": 1, "indexed": True}
    assert search(client, "zorblax giraffes", language="en")[0] == "zorblax"
    assert suggest(client, "Do zorblax giraffes travel free?")["articles"][0]["id"] == "zorblax"

    assert client.put(f"{JSON}/zorblax", json=body).json()["status"] == "unchanged"
    changed = article("Zorblax giraffes pay in quuxels.", title="Zorblax giraffes")
    assert client.put(f"{JSON}/zorblax", json=changed).json()["version"] == 2
    hits = client.get("/api/v1/search", params={"q": "zorblax giraffes", "language": "en"}).json()
    assert "quuxels" in hits["hits"][0]["passage"]["text"]
    assert all("Tuesdays" not in hit["passage"]["text"] for hit in hits["hits"])

    assert client.post(f"{JSON}/zorblax/archive").status_code == 200
    assert "zorblax" not in search(client, "zorblax giraffes", language="en")
    problem(client.get(f"{JSON}/zorblax"), 404, "not_found")
    assert client.get("/a/zorblax", headers={"accept": "text/html"}).status_code == 404

    assert client.post(f"{JSON}/zorblax/restore").json()["status"] == "changed"
    assert "zorblax" not in search(client, "zorblax giraffes", language="en")  # a draft
    assert client.get(f"{JSON}/zorblax", params={"view": "latest"}).json()["state"] == "draft"
    assert client.post(f"{JSON}/zorblax/publish", json={"languages": ["en"]}).status_code == 200
    assert search(client, "zorblax giraffes", language="en")[0] == "zorblax"
    assert client.post(f"{JSON}/zorblax/archive").status_code == 200


def test_a_stale_version_is_refused(client: TestClient) -> None:
    client.put(f"{JSON}/stale", json=article("one", state="draft"))
    second = article("two", state="draft", expected_version=1)
    assert client.put(f"{JSON}/stale", json=second).status_code == 200
    told = problem(client.put(f"{JSON}/stale", json=second), 409, "conflict")
    assert told["details"] == {"version": 2}


def test_what_is_internal_is_not_for_the_public(client: TestClient) -> None:
    address = f"{JSON}/goodwill-credit-procedure"
    problem(client.get(address), 404, "not_found")
    problem(client.get(address, params={"audience": "customer"}), 404, "not_found")
    inside = client.get(address, params={"audience": "internal"})
    assert inside.json()["audience"] == "internal"
    link = inside.json()["translations"][0]["permalink"]
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("verb", ["publish", "archive", "restore"])
def test_unknown_articles(client: TestClient, verb: str) -> None:
    problem(client.post(f"{JSON}/no-such-thing/{verb}"), 404, "not_found")


def test_a_language_that_is_not_there_cannot_be_published(client: TestClient) -> None:
    response = client.post(f"{JSON}/locker-full/publish", json={"languages": ["de"]})
    problem(response, 404, "not_found")


@pytest.mark.parametrize("key", ["UPPER", "a b", "a%00b", "-a", "a" * 121, "%F0%9F%99%82"])
def test_keys_that_cannot_be(client: TestClient, key: str) -> None:
    problem(client.get(f"{JSON}/{key}"), 422, "invalid_input")
    problem(client.put(f"{JSON}/{key}", json=article("x")), 422, "invalid_input")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"audience": "martians"}, 422, "invalid_input"),
        ({"translations": []}, 422, "invalid_input"),
        ({"surprise": 1}, 422, "invalid_input"),
        ({"valid_from": 1700000000}, 422, "invalid_input"),
        ({"valid_from": "2026-01-01T00:00:00"}, 422, "invalid_input"),  # which time zone?
        ({"expected_version": "1"}, 422, "invalid_input"),
        ({"expected_version": 3}, 404, "not_found"),
        ({"original_language": "pl"}, 422, "invalid_input"),  # has no text in it
        ({"tags": ["x"] * 51}, 422, "invalid_input"),
        ({"facets": {"product": "locker"}}, 422, "invalid_input"),
        ({"facets": {str(n): [] for n in range(21)}}, 422, "invalid_input"),
    ],
)
def test_articles_that_cannot_be(
    client: TestClient, change: dict[str, object], status: int, code: str
) -> None:
    problem(client.put(f"{JSON}/cannot-be", json={**article("x"), **change}), status, code)
    problem(client.get(f"{JSON}/cannot-be", params={"view": "latest"}), 404, "not_found")


def test_text_that_no_page_could_show_is_refused(client: TestClient) -> None:
    response = client.put(f"{JSON}/cannot-be", json=article("[" * 50_000))
    problem(response, 422, "text_refused")
    assert "Break it up" in response.json()["detail"]


def test_a_text_that_takes_too_long_is_refused_while_others_are_served(client: TestClient) -> None:
    cells = "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "|\n" * 15_000
    with ThreadPoolExecutor(2) as pool:  # as many as there are processes for it
        saves = [
            pool.submit(client.put, f"{JSON}/cannot-be", json=article(f"{cells}\n\n{number}"))
            for number in range(2)
        ]
        assert client.get("/healthz").status_code == 200
        assert search(client, "locker pin", language="en")
        assert not any(save.done() for save in saves)
        for save in saves:
            problem(save.result(), 422, "text_refused")
    assert client.put(f"{JSON}/after-it", json=article("*Fine*")).status_code == 201
    assert client.post(f"{JSON}/after-it/archive").status_code == 200
