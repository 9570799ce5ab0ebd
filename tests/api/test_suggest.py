"""Suggestions and feedback over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.api.calls import problem, suggest

QUESTIONS = {
    "en": ("I have not received the PIN for the locker", "locker-pin-missing"),
    "pl": ("nie dostalem PIN do automatu paczkowego", "locker-pin-missing"),
    "cs": ("balík přišel poškozený, jak ho reklamovat", "damaged-parcel-claim"),
    "sl": ("paketnik je poln, kje je moj paket", "locker-full"),
    "hu": ("rossz irányítószámot adtam meg", "wrong-postcode"),
}


@pytest.mark.parametrize("language", QUESTIONS)
def test_each_language_gets_a_cited_answer(client: TestClient, language: str) -> None:
    question, wanted = QUESTIONS[language]
    found = suggest(client, question)
    best = found["articles"][0]
    assert (found["language"], best["id"], best["language"]) == (language, wanted, language)
    assert found["nothing_known"] is None
    assert found["reply"]["language"] == language
    cited = [s for s in found["reply"]["sentences"] if s["citation"]]
    assert cited
    assert {s["document"] for s in cited} <= set(found["reply"]["sources"])
    assert f"article:{wanted}" in found["reply"]["sources"]
    assert all(s["text"] in found["reply"]["text"] for s in cited)


def test_an_answer_tells_where_it_comes_from_and_why(client: TestClient) -> None:
    best = suggest(client, QUESTIONS["en"][0])["articles"][0]
    view = client.get(f"/api/v1/articles/{best['id']}").json()
    text = next(t for t in view["translations"] if t["language"] == "en")
    passage = best["passage"]
    assert text["body"][passage["start"] : passage["end"]] == passage["text"]
    assert best["revision"] == {"id": text["revision_id"], "number": text["number"]}
    assert passage["highlights"]
    assert all(passage["text"][m["start"] : m["end"]].strip() for m in passage["highlights"])
    assert sum(best["why"].values()) == pytest.approx(best["score"], abs=1e-4)
    assert 0 < best["confidence"] <= 1
    assert best["permalink"] == "http://127.0.0.1/a/locker-pin-missing?lang=en"
    page = client.get(best["permalink"])
    assert page.status_code == 200
    assert text["title"].split()[-1] in page.text


def test_the_dialog_counts_not_only_its_last_line(client: TestClient) -> None:
    messages = [
        {"role": "customer", "text": "Dober dan, paket čaka v paketniku."},
        {"role": "agent", "text": "Dober dan, kako lahko pomagam?"},
        {"role": "customer", "text": "PIN-a pa nisem dobil."},
        {"role": "customer", "text": "hvala", "at": "2026-03-01T10:00:00Z"},
    ]
    response = client.post("/api/v1/suggest", json={"messages": messages, "channel": "chat"})
    assert response.json()["articles"][0]["id"] == "locker-pin-missing"


@pytest.mark.parametrize("text", ["hello", "dziękuję bardzo!", "🙂🙂🙂", "", "   \n\t"])
def test_what_asks_nothing_gets_nothing(client: TestClient, text: str) -> None:
    found = suggest(client, text)
    assert found["nothing_known"]["code"] in ("asks_nothing", "empty")
    assert (found["articles"], found["cases"], found["reply"]) == ([], [], None)


def test_an_unknown_subject_is_said_and_noted_as_a_gap(client: TestClient) -> None:
    question = "Which telescope should I buy to see the rings of Saturn?"
    found = suggest(client, question)
    assert found["nothing_known"]["code"] in ("not_sure", "nothing_found")
    assert found["reply"] is None
    gaps = client.get("/api/v1/gaps", params={"language": "en", "limit": 200}).json()
    mine = [gap for gap in gaps["gaps"] if gap["suggestion_id"] == found["id"]]
    assert [(gap["question"], gap["state"]) for gap in mine] == [(question, "open")]
    assert gaps["total"] >= 1


def test_customers_see_neither_cases_nor_internal_articles(client: TestClient) -> None:
    question = "how much goodwill credit can I give without approval"
    inside = suggest(client, question)
    assert inside["articles"][0]["id"] == "goodwill-credit-procedure"
    assert inside["cases"]
    for audience in ("customer", "public"):
        outside = suggest(client, question, audience=audience)
        assert outside["cases"] == []
        assert {hit["audience"] for hit in outside["articles"]} <= {"public", "customer"}


def test_limit_and_facets_are_taken(client: TestClient) -> None:
    found = suggest(client, QUESTIONS["en"][0], limit=1, facets={"country": ["GB"]})
    assert len(found["articles"]) == 1
    assert found["query"]["known"]["country"] == ["GB"]


def test_a_suggestion_can_be_read_again(client: TestClient) -> None:
    found = suggest(client, QUESTIONS["pl"][0])
    kept = client.get(f"/api/v1/suggestions/{found['id']}").json()
    assert kept["top_document"] == "article:locker-pin-missing"
    assert kept["versions"]["model"] == found["versions"]["model"]
    assert kept["request"]["messages"][0]["text"] == QUESTIONS["pl"][0]
    problem(client.get("/api/v1/suggestions/sug_0"), 404, "not_found")


@pytest.mark.parametrize("kind", ["used", "edited", "wrong", "solved"])
def test_feedback_cites_a_suggestion(client: TestClient, kind: str) -> None:
    found = suggest(client, QUESTIONS["en"][0])
    address = f"/api/v1/suggestions/{found['id']}/feedback"
    body = {"kind": kind, "document": "article:locker-pin-missing", "position": 0, "text": "Hi"}
    response = client.post(address, json=body)
    assert response.status_code == 201
    assert response.json()["suggestion_id"] == found["id"]


def test_the_same_key_is_one_feedback(client: TestClient) -> None:
    found = suggest(client, QUESTIONS["en"][0])
    address = f"/api/v1/suggestions/{found['id']}/feedback"
    key = {"Idempotency-Key": f"k-{found['id']}"}
    ids = {client.post(address, json={"kind": "used"}, headers=key).json()["id"] for _ in "12"}
    assert len(ids) == 1
    other = client.post(address, json={"kind": "wrong"}, headers=key)
    problem(other, 409, "conflict")


def test_feedback_that_cannot_be(client: TestClient) -> None:
    found = suggest(client, QUESTIONS["en"][0])
    address = f"/api/v1/suggestions/{found['id']}/feedback"
    told = problem(client.post(address, json={"kind": "dismissed"}), 422, "invalid_input")
    assert "reason" in told["detail"]
    problem(client.post(address, json={"kind": "loved"}), 422, "invalid_input")
    problem(client.post(address, json={"kind": "used", "document": "x"}), 422, "invalid_input")
    key = {"Idempotency-Key": "k" * 81}
    problem(client.post(address, json={"kind": "used"}, headers=key), 422, "invalid_input")
    nowhere = client.post("/api/v1/suggestions/sug_1/feedback", json={"kind": "used"})
    problem(nowhere, 404, "not_found")
