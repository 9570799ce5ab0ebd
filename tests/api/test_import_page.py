"""The editors' page that imports a file: looked at first, then taken."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from httpx import Response
from starlette.testclient import TestClient

from api.auth.cookies import SESSION
from api.ui import i18n
from kb.domain import User
from tests.api.people import make_user, services_in, signed_in

PAGE = "/editor/import"
LOCKERS = b"<html lang=en><title>Lockers</title><p>They are boxes.</p><script>x</script></html>"
NO_LANGUAGE = b"<html><title>Hall</title><p>It is wide.</p></html>"


@pytest.fixture
def nina(visitor: TestClient) -> User:
    return make_user(services_in(visitor).engine.session_factory, "publisher")


@pytest.fixture
def csrf(visitor: TestClient, nina: User) -> Iterator[str]:
    """Her browser is signed in; gives what its forms send."""
    token = signed_in(visitor, nina)["x-csrf-token"]
    visitor.headers["accept"] = "text/html"
    yield token
    visitor.headers["accept"] = "*/*"


def _send(client: TestClient, csrf: str, name: str, data: bytes, **more: str) -> Response:
    return client.post(PAGE, data={"csrf": csrf} | more, files={"file": (name, data)})


def _sums(page: str) -> list[int]:
    found = re.search(r'<dl class="sums">(.*?)</dl>', page, re.DOTALL)
    assert found, page
    return [int(number) for number in re.findall(r"<dd>(\d+)</dd>", found[1])]


@pytest.mark.parametrize("language", i18n.NAMES)
def test_the_page_says_what_can_be_sent(visitor: TestClient, csrf: str, language: str) -> None:
    page = visitor.get(f"{PAGE}?ui={language}").text
    assert f'<html lang="{language}">' in page
    assert "64" in page
    assert 'data-most="64000000"' in page
    assert re.search(r'<a href="/editor/import" aria-current="page"', page)


def test_a_file_is_looked_at_and_then_taken(visitor: TestClient, csrf: str) -> None:
    shown = _send(visitor, csrf, "page-lockers.html", LOCKERS, audience="public")
    assert shown.status_code == 200
    assert str(shown.url.path).startswith(f"{PAGE}/imp_")
    assert _sums(shown.text) == [1, 0, 0, 0, 0, 0]
    assert "What would happen" in shown.text
    assert "a script was left out" in shown.text
    missing = visitor.get("/api/v1/articles/page-lockers", params={"view": "latest"})
    assert missing.status_code == 404
    assert shown.url.path in visitor.get(PAGE).text
    done = visitor.post(f"{shown.url.path}/run", data={"csrf": csrf})
    assert done.url.path == shown.url.path
    assert "1 article was written." in done.text
    assert '<a href="/editor/articles/page-lockers/en" lang="en">Lockers</a>' in done.text
    told = visitor.get("/api/v1/articles/page-lockers", params={"view": "latest"}).json()
    assert (told["audience"], told["state"]) == ("public", "draft")
    again = visitor.post(f"{shown.url.path}/run", data={"csrf": csrf})
    assert again.status_code == 409
    same = _send(visitor, csrf, "page-lockers.html", LOCKERS)
    assert _sums(same.text) == [0, 0, 1, 0, 0, 0]
    assert "Nothing would be written" in same.text
    assert "/run" not in same.text


def test_what_cannot_be_taken_is_told_with_its_place(visitor: TestClient, csrf: str) -> None:
    shown = _send(visitor, csrf, "page-hall.html", NO_LANGUAGE)
    assert _sums(shown.text) == [0, 0, 0, 1, 0, 0]
    assert "page-hall.html" in shown.text
    assert "No language" in shown.text
    plain = b"# The hall\n\nIt is open.\n"
    assert _sums(_send(visitor, csrf, "page-plain.md", plain).text) == [0, 0, 0, 1, 0, 0]
    assert _sums(_send(visitor, csrf, "page-plain.md", plain, language="en").text)[0] == 1
    named = _send(visitor, csrf, "page-hall.html", NO_LANGUAGE, language="en")
    assert _sums(named.text) == [1, 0, 0, 0, 0, 0]
    gone = visitor.post(f"{named.url.path}/drop", data={"csrf": csrf})
    assert gone.url.path == PAGE
    assert visitor.get(named.url.path).status_code == 404
    folder = services_in(visitor).settings.home / "imports"
    kept = {path.name for path in folder.glob("*/imp_*")}
    assert kept
    assert kept.isdisjoint(page.url.path.rpartition("/")[2] for page in (shown, named))


def test_a_table_says_which_column_is_what(visitor: TestClient, csrf: str) -> None:
    table = b"Question,Answer\nWhere is the zq hall?,<p>Behind <b>you</b>.</p>\n"
    columns = {"column_title": "Question", "column_body": "Answer", "language": "en"}
    shown = _send(visitor, csrf, "faq.csv", table, body_html="1", **columns)
    assert _sums(shown.text)[0] == 1


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.exe", b"MZ", 422),
        ("", b"x", 422),
        ("a:b.html", b"x", 422),
    ],
)
def test_what_is_no_file_to_import(
    visitor: TestClient, csrf: str, name: str, data: bytes, status: int
) -> None:
    answer = _send(visitor, csrf, name, data, state="published")
    assert answer.status_code == status
    assert "This file was not taken." in answer.text
    assert '<option value="published" selected>' in answer.text


def test_a_damaged_file_says_so(visitor: TestClient, csrf: str) -> None:
    answer = _send(visitor, csrf, "a.zip", b"no zip")
    assert "It did not work" in answer.text
    assert "ZIP" in answer.text
    assert visitor.get(f"{answer.url.path}/progress").json()["state"] == "failed"


def test_a_script_is_told_in_its_own_way(visitor: TestClient, csrf: str) -> None:
    plain = {"accept": "application/json", "x-csrf-token": csrf}
    answer = visitor.post(PAGE, files={"file": ("a.exe", b"MZ")}, headers=plain)
    assert answer.json()["code"] == "invalid_input"


def test_others_neither_send_nor_see(visitor: TestClient, csrf: str) -> None:
    shown = _send(visitor, csrf, "page-mine.html", LOCKERS)
    refused = visitor.post(PAGE, files={"file": ("a.html", LOCKERS)})
    assert refused.status_code == 403  # without the token of the form
    sessions = services_in(visitor).engine.session_factory
    for role, status in (("publisher", 404), ("contributor", 403)):
        headers = signed_in(visitor, make_user(sessions, role))
        assert visitor.get(shown.url.path).status_code == status
        assert visitor.get(f"{shown.url.path}/progress").status_code == status
        sent = visitor.post(f"{shown.url.path}/run", headers=headers)
        assert sent.status_code == status
    tabs = visitor.get("/editor", headers={"accept": "text/html"}).text
    assert PAGE not in tabs
    scoped = make_user(sessions, "publisher", scope={"country": ["PL"]})
    signed_in(visitor, scoped)
    assert PAGE not in visitor.get("/editor").text
    assert visitor.get(PAGE).status_code == 403


def test_nothing_of_strangers_comes_to_the_disk(
    visitor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.cookies.set(SESSION, "never-was")
    answer = visitor.post(
        PAGE, files={"file": ("a.html", LOCKERS)}, follow_redirects=False,
        headers={"accept": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 401
    assert answer.headers["connection"] == "close"  # its body was not read
