"""Importing over HTTP."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from starlette.testclient import TestClient

from kb.config import Settings
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in
from tests.kb.images.pictures import picture

IMPORTS = "/api/v1/imports"
PAGE = b"<html lang=en><title>Lockers</title><p>They are boxes.</p><script>x</script></html>"
RAW = {"content-type": "application/octet-stream"}


def _send(
    client: TestClient, name: str, data: bytes, headers: dict[str, str] | None = None, **more: str
) -> dict[str, list[dict[str, object]]]:
    answer = client.post(IMPORTS, params={"name": name} | more, content=data,
                         headers=RAW | (headers or {}))  # fmt: skip
    assert answer.status_code == 200, answer.text
    found: dict[str, list[dict[str, object]]] = answer.json()
    return found


def test_a_page_is_tried_and_then_taken(client: TestClient) -> None:
    dry = _send(client, "api-lockers.html", PAGE, dry_run="true", state="published")
    assert (dry["dry_run"], dry["created"]) == (True, ["api-lockers"])
    problem(client.get("/api/v1/articles/api-lockers"), 404, "not_found")
    done = _send(client, "api-lockers.html", PAGE, state="published", audience="public")
    assert (done["created"], done["rejected"]) == (["api-lockers"], [])
    assert done["notices"] == [
        {"file": "api-lockers.html", "line": 1, "message": "a script was left out"}
    ]
    shown = client.get("/api/v1/articles/api-lockers")
    assert shown.json()["translations"][0]["body"] == "They are boxes."
    assert _send(client, "api-lockers.html", PAGE)["unchanged"] == ["api-lockers"]


def test_a_zip_a_help_center_and_a_table(client: TestClient) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("en/api-zipped.html", PAGE)
        archive.writestr("a.css", "p{}")
    packed = _send(client, "site.zip", out.getvalue())
    assert packed["created"] == ["api-zipped"]
    assert packed["notices"][-1]["file"] == "a.css"
    row = {"id": 7001, "locale": "en-us", "title": "Api help", "body": "<p>Text</p>"}
    centre = json.dumps({"articles": [row]}).encode()
    assert _send(client, "export.json", centre)["created"] == ["api-help"]
    table = b"Q,A\nApi table?,<p>Yes</p>\n"
    more = {"map": "title=Q", "language": "en", "body": "html"}
    refused = _send(client, "faq.csv", table, **more)
    assert "No text" in str(refused["rejected"])
    params = [("name", "faq.csv"), ("map", "title=Q"), ("map", "body=A"), ("language", "en"),
              ("body", "html")]  # fmt: skip
    answer = client.post(IMPORTS, params=params, content=table, headers=RAW)
    assert len(answer.json()["created"]) == 1


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.html", b"", 422, "invalid_input"),
        ("a.exe", b"MZ", 422, "invalid_input"),
        ("../a.html", PAGE, 422, "invalid_input"),
        ("a.zip", b"no zip", 422, "invalid_input"),
        ("a.json", b"{}", 422, "invalid_input"),
        ("a" * 300 + ".html", PAGE, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_imported(
    client: TestClient, name: str, data: bytes, status: int, code: str
) -> None:
    answer = client.post(IMPORTS, params={"name": name}, content=data, headers=RAW)
    problem(answer, status, code)


def test_a_file_may_be_larger_than_other_bodies(client: TestClient) -> None:
    body = PAGE.replace(b"They", b"<!--" + b"x" * 1_500_000 + b"-->They")
    assert _send(client, "api-large.html", body, dry_run="true")["created"] == ["api-large"]
    said = RAW | {"content-length": "64000001"}
    answer = client.post(IMPORTS, params={"name": "a.html"}, content=b"x", headers=said)
    told = problem(answer, 413, "too_large")
    assert "64,000,000 bytes" in told["detail"]


def test_pictures_and_old_addresses_are_counted(client: TestClient) -> None:
    page = PAGE.replace(b"<title>", b'<link rel=canonical href="/faq/api-old.html"><title>')
    page = page.replace(b"They", b'<img src="api.png" alt="A box">They')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("en/api-counted.html", page)
        archive.writestr("en/api.png", picture(colour=(8, 8, 8)))
    dry = _send(client, "site.zip", out.getvalue(), dry_run="true")
    done = _send(client, "site.zip", out.getvalue())
    for told in (dry, done):
        assert (told["created"], told["pictures"]) == (["api-counted"], 1)
        assert told["redirects"] == ["api-old"]
    again = _send(client, "site.zip", out.getvalue())
    assert (again["unchanged"], again["redirects"]) == (["api-counted"], [])


def test_nothing_of_a_file_is_left(client: TestClient, site: Settings) -> None:
    folder = site.home / "imports"
    before = {*folder.glob("*/imp_*")}  # of tests of the page
    _send(client, "api-left.html", PAGE, dry_run="true")
    client.post(IMPORTS, params={"name": "a.zip"}, content=b"no zip", headers=RAW)
    assert {*folder.glob("*/imp_*")} <= before


def test_who_may(visitor: TestClient) -> None:
    problem(visitor.post(IMPORTS, params={"name": "a.html"}, content=PAGE), 401, "sign_in_needed")
    sessions = services_in(visitor).engine.session_factory
    for role, status in (("contributor", 403), ("domain_expert", 403), ("publisher", 200)):
        headers = signed_in(visitor, make_user(sessions, role))
        answer = visitor.post(IMPORTS, params={"name": "by-role.html", "dry_run": "true"},
                              content=PAGE, headers=RAW | headers)  # fmt: skip
        assert answer.status_code == status, (role, answer.text)


def test_nobody_vouches_for_others_in_a_file(visitor: TestClient) -> None:
    text = (
        "---\narticle: api-machine\nlanguage: en\ntitle: T\nmachine_model: m\nchecked_by: boss\n"
        "original: true\nstate: published\n---\n\nText.\n"
    )
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    done = _send(visitor, "api-machine.md", text.encode(), headers)
    assert "nobody has confirmed" in str(done["rejected"])
    text = text.replace("machine_model: m\nchecked_by: boss\n", "").replace(
        "state: published", "state: published\ngovernance: compliance")  # fmt: skip
    done = _send(visitor, "api-machine.md", text.encode(), headers)
    assert "needs a second person" in str(done["rejected"])
