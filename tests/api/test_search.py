"""Plain search over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.api.calls import problem, search


@pytest.mark.parametrize(
    ("language", "typed", "wanted"),
    [
        ("en", "my postco", "wrong-postcode"),  # unfinished
        ("en", "damagd parcel", "damaged-parcel-claim"),  # mistyped
        ("pl", "uszkodzona paczka", "damaged-parcel-claim"),
        ("cs", "spatne psc", "wrong-postcode"),  # no diacritics
        ("sl", "napačna poštna številka", "wrong-postcode"),
        ("hu", "mennyi ido a kezbesites", "delivery-times"),
    ],
)
def test_search_finds_it(client: TestClient, language: str, typed: str, wanted: str) -> None:
    assert search(client, typed, language=language)[0] == wanted


def test_the_reader_gets_the_translation_asked_for(client: TestClient) -> None:
    hit = client.get("/api/v1/search", params={"q": "locker PIN", "language": "hu"}).json()["hits"][
        0
    ]
    assert hit["language"] == "hu"
    assert set(hit["other_languages"]) == {"en", "pl", "cs", "sl"}


def test_pages_follow_each_other(client: TestClient) -> None:
    first = client.get(
        "/api/v1/search", params={"q": "parcel", "language": "en", "limit": 2}
    ).json()
    assert first["total"] >= 5
    ids, address = [hit["id"] for hit in first["hits"]], first["next"]
    while address:
        page = client.get(address).json()
        ids += [hit["id"] for hit in page["hits"]]
        address = page["next"]
    assert len(ids) == len(set(ids)) == first["total"]
    assert "goodwill-credit-procedure" not in ids  # internal


def test_filters(client: TestClient) -> None:
    tagged = client.get("/api/v1/articles/locker-full").json()["tags"][0]
    found = client.get("/api/v1/search", params={"q": "parcel", "tags": tagged}).json()
    assert found["hits"]
    assert found["total"] == len(found["hits"])
    assert all(tagged in hit["tags"] for hit in found["hits"])
    assert search(client, "parcel", tags="no-such-tag") == []
    lockers = client.get(
        "/api/v1/search", params={"q": "parcel", "language": "en", "facet.product": "locker"}
    ).json()["hits"]
    assert lockers
    for hit in lockers:
        assert "locker" in hit["facets"].get("product", ["locker"])
    only = client.get(
        "/api/v1/search", params={"q": "paketnik", "languages": "sl", "language": "en"}
    ).json()["hits"]
    assert {hit["language"] for hit in only} == {"sl"}


def test_cases_are_a_pool_of_their_own(client: TestClient) -> None:
    response = client.get("/api/v1/search", params={"q": "PIN", "pool": "case", "language": "en"})
    hits = response.json()["hits"]
    assert hits
    assert {hit["pool"] for hit in hits} == {"case"}
    assert hits[0]["permalink"] == f"http://127.0.0.1/c/{hits[0]['id']}"


def test_nothing_typed_finds_nothing(client: TestClient) -> None:
    for typed in ("", "   "):
        assert search(client, typed) == []


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": "a" * 1001},
        {"q": "a\0b"},
        {"q": "a", "limit": "0"},
        {"q": "a", "limit": "many"},
        {"q": "a", "offset": "-1"},
        {"q": "a", "audience": "everybody"},
        {"q": "a", "pool": "people"},
        {"q": "a", "language": "english!"},
        {"q": "a", "languages": "sl,??"},
        {"q": "a", "facets.product": "locker"},
        {"q": "a", "facet.": "locker"},
        {"q": "a", "facet.x": "y" * 200},
        {"q": "a", "tags": ",".join("abcdefghijklmnopqrstuvwxyz")},
        {"q": "a", "tags": "a\0b"},
    ],
)
def test_bad_questions_are_refused(client: TestClient, params: dict[str, str]) -> None:
    problem(client.get("/api/v1/search", params=params), 422, "invalid_input")
