"""The page on which people correct what is hidden in a case."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html"}
MAIL, CODE = "radka.mlynkova@example.com", "blue-falcon"
CASE: dict[str, Any] = {
    "language": "en",
    "channel": "chat",
    "subject": "torn splonk",
    "messages": [{"role": "customer", "text": f"Write to {MAIL}, the code is {CODE}, thanks"}],
}


def _boxes(page: str) -> dict[str, bool]:
    found = re.findall(r'name="hidden" value="([^"]+)"( checked)?', page)
    return {value: bool(ticked) for value, ticked in found}


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_untick_what_is_wrong_and_add_what_was_missed(client: TestClient) -> None:
    client.put("/api/v1/cases/rp-1", json=CASE)
    assert "/c/rp-1/redactions" in client.get("/c/rp-1", headers=HTML).text
    page = client.get("/c/rp-1/redactions", headers=HTML).text
    (box,) = _boxes(page)
    assert _boxes(page)[box]
    assert f"<mark>{MAIL}</mark>" in page  # an administrator may see it
    words = {"version": _version(page), "words": f"BLUE-falcon\r\n  \r\n{MAIL}"}
    saved = client.post("/c/rp-1/redactions", data=words, headers=HTML)
    assert saved.url.path == "/c/rp-1/redactions"
    assert "The correction is saved" in saved.text
    assert list(_boxes(saved.text).values()) == [True, True]
    shown = client.get("/c/rp-1", headers=HTML).text
    assert "Write to [name], the code is [name], thanks" in re.sub(r"\[e-mail\]", "[name]", shown)
    none = client.post("/c/rp-1/redactions", data={"version": _version(saved.text)}, headers=HTML)
    assert list(_boxes(none.text).values()) == [False]  # taken back; what was found is lifted
    assert MAIL in client.get("/c/rp-1", headers=HTML).text


def test_what_cannot_be_corrected_says_why(client: TestClient) -> None:
    client.put("/api/v1/cases/rp-2", json=CASE)
    url = "/c/rp-2/redactions"
    for data, status in (
        ({"version": "1", "words": "not in it"}, 422),
        ({"version": "7"}, 409),
        ({"version": "x"}, 422),
        ({}, 422),
    ):
        assert client.post(url, data=data, headers=HTML).status_code == status
    assert client.get("/c/none/redactions", headers=HTML).status_code == 404


def test_who_may_correct_sees_places_and_not_what_is_hidden(
    client: TestClient, closed: TestClient
) -> None:
    client.put("/api/v1/cases/rp-3", json=CASE)
    sessions = services_in(closed).engine.session_factory
    signed_in(closed, make_user(sessions, "agent"))
    assert closed.get("/c/rp-3/redactions", headers=HTML).status_code == 403
    assert "/redactions" not in closed.get("/c/rp-3", headers=HTML).text
    assert closed.get("/c/rp-3?raw=true", headers=HTML).status_code == 403
    signed_in(closed, make_user(sessions, "contributor"))
    page = closed.get("/c/rp-3/redactions", headers=HTML).text
    assert "<mark>[e-mail]</mark>" in page
    assert MAIL not in page
    refused = closed.post("/c/rp-3/redactions", data={"version": _version(page)}, headers=HTML)
    assert refused.status_code == 403  # without the form's token
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    data = {"version": _version(page), "csrf": token[1]}
    assert closed.post("/c/rp-3/redactions", data=data, headers=HTML).status_code == 200
    assert MAIL in closed.get("/c/rp-3", headers=HTML).text
    closed.cookies.clear()


def test_everything_for_those_who_may(client: TestClient) -> None:
    client.put("/api/v1/cases/rp-4", json=CASE)
    assert MAIL not in client.get("/c/rp-4", headers=HTML).text
    assert MAIL in client.get("/c/rp-4?raw=true", headers=HTML).text
    entity = {"entity_id": "rp-4", "action": "read_raw"}
    assert client.get("/api/v1/audit", params=entity).json()["total"] == 1


@pytest.mark.parametrize("language", i18n.NAMES)
def test_the_page_in_every_language(client: TestClient, language: str) -> None:
    client.put("/api/v1/cases/rp-5", json=CASE)
    page = client.get("/c/rp-5/redactions", headers={**HTML, "accept-language": language}).text
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1
