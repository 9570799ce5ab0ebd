"""From a solved case to a published article over HTTP, in as few calls as there are clicks."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.calls import problem, search

CASES = "/api/v1/cases"


def _case(client: TestClient, key: str, text: str, resolution: str, **more: Any) -> None:
    body = {
        "language": "en",
        "channel": "chat",
        "state": "resolved",
        "messages": [{"role": "customer", "text": text}],
        "resolution": resolution,
        "outcome": "solved",
        **more,
    }
    assert client.put(f"{CASES}/{key}", json=body).status_code in (200, 201)


def test_from_a_case_to_what_its_customer_finds(client: TestClient) -> None:
    said = "The trampoline I sent came back with a yellow sticker on it"
    _case(
        client,
        "d-1",
        said,
        "Peel the sticker off; send the trampoline again with a new label.",
        subject="sticker on a returned trampoline",
    )
    draft = client.post(f"{CASES}/d-1/draft", json={}).json()
    assert said in draft["body"]
    assert draft["keywords"] == [said]
    assert not any(found["likely"] for found in draft["duplicates"])
    names = ("cases", "language", "title", "body", "summary", "keywords", "facets")
    body = {name: draft[name] for name in names} | {"audience": "public"}
    saved = client.post("/api/v1/drafts", json=body)
    assert saved.status_code == 201
    key = saved.json()["id"]
    assert client.get(f"{CASES}/d-1").json()["articles"] == [key]
    assert key not in search(client, said, language="en")
    assert client.post(f"/api/v1/articles/{key}/publish").status_code == 200
    assert search(client, said, language="en")[0] == key
    similar = client.get(f"{CASES}/d-1/similar").json()
    assert [one["id"] for one in similar["cited"]] == [key]
    assert similar["duplicates"][0]["document"] == f"article:{key}"
    assert similar["duplicates"][0]["likely"]


def test_what_is_there_already_is_found_across_languages(client: TestClient) -> None:
    text = {"text": "Nepřišel mi PIN k boxu, balík je v boxu od rána.", "language": "cs"}
    found = client.post("/api/v1/duplicates", json=text | {"pools": ["article"]}).json()
    assert found["duplicates"][0]["id"] == "locker-pin-missing"
    english = {"languages": ["en"], "pools": ["article"]}
    (first, *_) = client.post("/api/v1/duplicates", json=text | english).json()["duplicates"]
    assert (first["id"], first["language"]) == ("locker-pin-missing", "en")
    without = text | {"exclude": ["article:locker-pin-missing"], "pools": ["article"]}
    others = client.post("/api/v1/duplicates", json=without).json()["duplicates"]
    assert "locker-pin-missing" not in [one["id"] for one in others]


def test_a_case_is_linked_instead(client: TestClient) -> None:
    _case(client, "d-2", "no PIN for my locker", "Send it again.")
    linked = client.post(f"{CASES}/d-2/link", json={"article": "locker-pin-missing"})
    assert linked.json()["status"] == "changed"
    assert client.get(f"{CASES}/d-2").json()["articles"] == ["locker-pin-missing"]
    assert "d-2" in search(client, "no PIN for my locker", pool="case", language="en", limit=50)
    problem(client.post(f"{CASES}/d-2/link", json={"article": "never-was"}), 404, "not_found")
    body = client.post(f"{CASES}/d-2/draft", json={}).json()["body"]
    assert "(article:locker-pin-missing)" in body


def test_redactions_come_with_the_draft_and_go_back_corrected(client: TestClient) -> None:
    text = "My purple lamp LP4830077120 is broken"
    _case(client, "d-3", text, "Claim it.")
    asked = client.post(f"{CASES}/d-3/draft", json={}).json()
    assert "purple lamp [parcel number] is broken" in asked["body"]
    (row,) = asked["redactions"]["d-3"]
    (mask,) = asked["masks"]
    assert (mask["part"], mask["raw_start"]) == (row["part"], row["start"])
    more = {"part": "message:0", "start": 3, "end": 9, "kind": "name"}
    body = {"redactions": {"d-3": [row, more]}}
    again = client.post(f"{CASES}/d-3/draft", json=body).json()
    assert "My [name] lamp [parcel number] is broken" in again["body"]
    wrong = {"redactions": {"d-3": [more | {"end": 900}]}}
    problem(client.post(f"{CASES}/d-3/draft", json=wrong), 422, "invalid_input")


def test_what_cannot_be_drafted(client: TestClient) -> None:
    message = {"role": "customer", "text": "where is it"}
    open_case = {"language": "en", "channel": "chat", "messages": [message]}
    client.put(f"{CASES}/d-4", json=open_case)
    problem(client.post(f"{CASES}/d-4/draft", json={}), 422, "invalid_input")
    problem(client.post(f"{CASES}/d-4/draft", json={"cases": ["never"]}), 404, "not_found")
    problem(client.post("/api/v1/drafts", json={"cases": []}), 422, "invalid_input")


def test_cases_without_an_article_are_grouped(client: TestClient) -> None:
    def proposed(**params: Any) -> list[set[str]]:
        found = client.get("/api/v1/groups", params=params).json()
        return [{case["id"] for case in group["cases"]} for group in found["groups"]]

    for n, text in enumerate(
        (
            "The courier left muddy footprints on my white carpet",
            "Your courier walked over my white carpet with muddy shoes",
            "Muddy footprints of the courier all over the white carpet",
        )
    ):
        solved = f"Apologise and offer carpet cleaning. Note {n}."
        _case(client, f"g-{n}", text, solved, subject="muddy footprints of a courier on the carpet")
    group = {"g-0", "g-1", "g-2"}
    assert group in proposed(answered=True)
    assert group not in proposed(answered=True, fewest=4)
    draft = client.post(f"{CASES}/g-0/draft", json={"cases": ["g-1", "g-2"]}).json()
    body = {name: draft[name] for name in ("cases", "language", "title", "body")}
    assert client.post("/api/v1/drafts", json=body).status_code == 201
    assert not any(group & cases for cases in proposed(answered=True))


def test_the_checklist_of_a_draft(client: TestClient) -> None:
    body = "See [PIN](article:locker-pin-missing) and [gone](article:never-was)."
    text = {"language": "en", "title": "PIN", "body": body, "messages": "sl"}
    found = client.post("/api/v1/checklist", json=text).json()
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["links"]["value"] == "1"
    assert body[checks["links"]["places"][0]["start"] :].startswith("](article:never-was)")
    assert checks["title"]["label"] == "Naslov"
    assert checks["duplicates"]["state"] == "unknown"
    pin = {"title": "I haven't received my locker PIN", "body": "The PIN has 6 digits."}
    asked = {"language": "en", "duplicates": True, **pin}
    again = client.post("/api/v1/checklist", json=asked).json()
    assert again["duplicates"][0]["id"] == "locker-pin-missing"
    assert again["checks"][-1]["state"] == "warning"
    own = asked | {"exclude": ["article:locker-pin-missing"]}
    assert client.post("/api/v1/checklist", json=own).json()["checks"][-1]["state"] == "ok"
    assert client.post("/api/v1/checklist", json={"language": "hu"}).status_code == 200
