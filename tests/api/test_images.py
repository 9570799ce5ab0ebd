"""Pictures over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.api.calls import article, problem
from tests.api.people import make_user, services_in, signed_in
from tests.kb.images.pictures import picture

IMAGES = "/api/v1/images"
PNG = {"content-type": "image/png"}


def test_a_picture_is_kept_and_shown(client: TestClient) -> None:
    data = picture(colour="#0a5")
    answer = client.post(IMAGES, content=data, headers=PNG)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["width"], kept["height"]) == (40, 30)
    shown = client.get(kept["address"])
    assert (shown.content, shown.headers["content-type"]) == (data, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    again = client.get(kept["address"], headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "text/html"])
def test_what_it_is_called_does_not_count(client: TestClient, kind: str) -> None:
    answer = client.post(IMAGES, content=picture(colour="#0a6"), headers={"content-type": kind})
    assert answer.status_code == 201, answer.text
    shown = client.get(answer.json()["address"])
    assert shown.headers["content-type"] == "image/png"


def test_what_is_no_picture_is_refused(client: TestClient) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    headers = {"content-type": "image/svg+xml"}
    problem(client.post(IMAGES, content=svg, headers=headers), 422, "invalid_input")
    problem(client.post(IMAGES, content=b"", headers=PNG), 422, "invalid_input")
    problem(client.post(IMAGES, content=b"x" * 1_000_001, headers=PNG), 413, "too_large")
    problem(client.post(IMAGES, json={"picture": "no"}), 422, "invalid_input")


def test_addresses_of_nothing(client: TestClient) -> None:
    problem(client.get("/images/" + "0" * 32 + ".png"), 404, "not_found")
    for name in ("x.png", "0" * 32 + ".svg", "..%2Fpotica.db", "A" * 32 + ".png"):
        assert client.get(f"/images/{name}").status_code in (404, 422)


def test_readers_see_it_with_the_article(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    sent = visitor.post(IMAGES, content=picture(colour="#0a7"), headers=headers | PNG)
    address = sent.json()["address"]
    text = article(f"The slip:\n\n![Slip]({address})", state="published", audience="public")
    assert visitor.put("/api/v1/articles/with-slip", json=text, headers=headers).is_success
    visitor.cookies.clear()
    assert visitor.get(address).status_code == 200
    assert f'src="{address}"' in visitor.get("/a/with-slip").text
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    assert visitor.post("/api/v1/articles/with-slip/archive", headers=headers).is_success
    visitor.cookies.clear()
    problem(visitor.get(address), 404, "not_found")
