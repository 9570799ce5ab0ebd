"""Whatever is sent: a clear error or a sensible answer, never a 500, always valid UTF-8."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from tests.api.calls import PROBLEM, problem, suggest

SUGGEST = "/api/v1/suggest"
JSON = {"content-type": "application/json"}


def _deep(levels: int) -> bytes:
    return b'{"messages":' + b"[" * levels + b"]" * levels + b"}"


BODIES = {
    "empty": b"",
    "null": b"null",
    "a number": b"7",
    "a list": b"[]",
    "no messages": b"{}",
    "empty list": b'{"messages":[]}',
    "not json": b'{"messages":',
    "binary": bytes(range(256)) * 8,
    "not utf-8": b'{"messages":[{"role":"customer","text":"\xff\xfe"}]}',
    "utf-16": '{"messages":[{"role":"customer","text":"PIN"},7]}'.encode("utf-16"),
    "nul": b'{"messages":[{"role":"customer","text":"a\\u0000b"}]}',
    "lone surrogate": b'{"messages":[{"role":"customer","text":"\\ud800"}]}',
    "surrogate as a name": b'{"messages":[{"role":"customer","text":"a"}],"\\ud800":1}',
    "surrogate as a role": b'{"messages":[{"role":"\\udfff","text":"a"}]}',
    "surrogate in facets": b'{"messages":[],"facets":{"\\ud800":["\\ud800"]}}',
    "wrong types": b'{"messages":[{"role":1,"text":["a"]}],"limit":"5","language":7}',
    "text is a number": b'{"messages":[{"role":"customer","text":5}]}',
    "unknown role": b'{"messages":[{"role":"wizard","text":"a"}]}',
    "unknown field": b'{"messages":[{"role":"customer","text":"a"}],"mesages":[]}',
    "nan": b'{"messages":[{"role":"customer","text":"a"}],"limit":NaN}',
    "huge number": b'{"messages":[{"role":"customer","text":"a"}],"limit":' + b"9" * 5000 + b"}",
    "seconds": b'{"messages":[{"role":"customer","text":"a","at":1700000000}]}',
    "no zone": b'{"messages":[{"role":"customer","text":"a","at":"2026-01-01T00:00:00"}]}',
    "year 99999": b'{"messages":[{"role":"customer","text":"a","at":"99999-01-01T00:00:00Z"}]}',
    "not a language": b'{"messages":[{"role":"customer","text":"a"}],"language":"../../etc"}',
    "deep": _deep(5000),
    "very deep": _deep(200_000),
    "too many": json.dumps({"messages": [{"role": "customer", "text": "a"}] * 1001}).encode(),
    "too long": json.dumps({"messages": [{"role": "customer", "text": "a" * 20_001}]}).encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_cannot_be_read(client: TestClient, name: str) -> None:
    response = client.post(SUGGEST, content=BODIES[name], headers=JSON)
    assert response.status_code in (400, 422), response.text
    told = problem(response, response.status_code, response.json()["code"])
    assert told["code"] in ("bad_request", "invalid_input")
    response.content.decode("utf-8", "strict")


def test_an_error_names_the_field_and_not_its_value(client: TestClient) -> None:
    secret = "my card is 4111"
    body = {"messages": [{"role": secret, "text": "a"}]}
    response = client.post(SUGGEST, json=body)
    told = problem(response, 422, "invalid_input")
    assert told["errors"][0]["field"] == "messages.0.role"
    assert secret not in response.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_other_forms_of_content_are_refused(client: TestClient, kind: str) -> None:
    body = b'{"messages":[{"role":"customer","text":"PIN"}]}'
    response = client.post(SUGGEST, content=body, headers={"content-type": kind})
    told = problem(response, 422, "invalid_input")
    assert "application/json" in told["detail"]


TEXTS = {
    "emoji only": "😡😡😡👍🏽👨‍👩‍👧‍👦",
    "right to left": "أين طردي؟ \u202e\u2066 לא קיבלתי את הקוד",
    "another script": "荷物はどこですか",
    "combining": "Z̷a̸l̵g̶o̷ " + "́" * 2000,
    "one word without end": "a" * 20_000,
    "only signs": "?!?!… --- ***",
    "zero width": "\u200b\u200b\ufeff",
    "controls": "\x01\x02\x7f PIN",
    "private use": "\ue000\ue001 PIN \U0010ffff",
    "markup": "<script>alert(1)</script> PIN",
    "sql": "'; DROP TABLE article; --",
    "fts": 'NEAR("a" b*) AND OR NOT ^ : {',
    "another language": "Wo ist mein Paket, ich habe keine PIN bekommen?",
    "many lines": "\n".join(["PIN?"] * 4000),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_are_odd_get_a_sensible_answer(client: TestClient, name: str) -> None:
    found = suggest(client, TEXTS[name])
    assert found["nothing_known"] or found["articles"]
    for address in ("/try", "/try/answers"):
        asked = TEXTS[name][:4000]
        page = client.get(address, params={"q": asked}, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    response = client.get("/api/v1/search", params={"q": TEXTS[name][:1000]})
    assert response.status_code == 200


def test_a_thousand_messages(client: TestClient) -> None:
    lines = [{"role": "agent", "text": "Yes, I see."}, {"role": "customer", "text": "And then?"}]
    messages = lines * 499 + [
        {"role": "customer", "text": "I have not received the PIN for the locker"},
        {"role": "agent", "text": "Let me look."},
    ]
    response = client.post(SUGGEST, json={"messages": messages})
    assert response.status_code == 200
    assert response.json()["articles"][0]["id"] == "locker-pin-missing"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/suggestions/%00"),
        ("GET", "/api/v1/suggestions/" + "x" * 5000),
        ("GET", "/api/v1/articles/..%2f..%2fetc"),
        ("GET", "/api/v1/cases/%ff"),
        ("GET", "/a/%00"),
        ("GET", "/c/%f0%28"),
        ("GET", "/a/locker-full?lang=%00"),
        ("GET", "/articles?lang=%ff"),
        ("GET", "/static/..%2f..%2fapp.py"),
        ("GET", "/static/%00"),
        ("GET", "/static/" + "x" * 5000),
        ("GET", "/try?q=%ed%a0%80&who=%00"),
        ("GET", "/try?ui=%00"),
        ("GET", "/%00"),
        ("GET", "/api/v1/gaps?limit=1e9"),
        ("GET", "/api/v1/gaps?state=%00"),
        ("DELETE", "/api/v1/articles/locker-full"),
        ("PATCH", "/api/v1/suggest"),
        ("BREW", "/api/v1/suggest"),
    ],
)
def test_odd_addresses(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.headers["content-type"] == PROBLEM
    response.content.decode("utf-8", "strict")


def test_a_page_whose_address_cannot_be_is_not_there(client: TestClient) -> None:
    """For people in their words; programs are told which part of the path is wrong."""
    page = client.get("/a/%00", params={"ui": "sl"}, headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "Te strani tukaj ni" in page.text
    asked = client.get("/a/%00", headers={"accept": "application/json"})
    assert asked.status_code == 422
    assert asked.json()["code"] == "invalid_input"
