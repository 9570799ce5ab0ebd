"""An article's past and its translations, as editors see them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html"}
FIRST = "The bells ring at noon.\n\nSend them back.\n\nKeep the box."


def _article(client: TestClient, key: str) -> str:
    texts = [
        {"language": "en", "title": "Bells", "body": FIRST, "note": "begun in spring"},
        {"language": "sl", "title": "Zvonovi", "body": "Opoldne.\n\nVrnite.\n\nHranite."},
    ]
    body = {"original_language": "en", "audience": "public", "state": "published"}
    saved = client.put(f"/api/v1/articles/{key}", json=body | {"translations": texts})
    assert saved.status_code == 201, saved.text
    return f"/editor/articles/{key}"


def _save(client: TestClient, key: str, body: str, note: str, base: int) -> None:
    text = {"title": "Bells", "body": body, "note": note, "base_number": base}
    saved = client.put(f"/api/v1/articles/{key}/translations/en", json=text)
    assert saved.status_code == 200, saved.text


def _page(client: TestClient, path: str, status: int = 200, **params: Any) -> str:
    answer = client.get(path, params={"ui": "en", **params}, headers=HTML)
    assert answer.status_code == status, answer.text[:500]
    return answer.text


def test_who_changed_what_and_why(client: TestClient) -> None:
    path = _article(client, "bells-1")
    first = _page(client, f"{path}/history", lang="en")
    assert "there is nothing to compare it with" in first
    assert "begun in spring" in first
    _save(client, "bells-1", FIRST.replace("noon", "night"), "They moved", 1)
    _save(client, "bells-1", FIRST.replace("noon", "dawn") + "\n\nNew <b>one</b>.", "Again", 2)

    page = _page(client, f"{path}/history", lang="en")
    assert "They moved" in page
    assert "From revision 1 to 3" in page  # what readers have, and the latest
    assert "<del>noon</del>" in page
    assert "<ins>dawn</ins>" in page
    assert "<ins>New &lt;b&gt;one&lt;/b&gt;.</ins>" in page
    assert "2 paragraphs are the same" in page
    assert page.count('data-open="restore"') == 2
    for step in ("saved", "begun"):
        assert f"<strong>{step}</strong>" in page

    inline = _page(client, f"{path}/history", lang="en", old=1, new=2, view="inline")
    assert "<del>noon</del><ins>night</ins>" in re.sub(r"\s*\n\s*", "", inline)
    assert "dawn" not in inline[inline.index('id="diff-head"') : inline.index('id="steps-head"')]
    same = _page(client, f"{path}/history", lang="en", old=2, new=2)
    assert "The text is the same in both" in same
    _page(client, f"{path}/history", 404, lang="en", old=1, new=9)
    _page(client, "/editor/articles/never-was/history", 404)


def test_a_translation_stands_beside_what_its_original_says_by_now(client: TestClient) -> None:
    path = _article(client, "bells-2")
    current = _page(client, f"{path}/sl/source")
    assert "The original has not changed" in current
    assert 'data-open="confirm"' not in current
    _save(client, "bells-2", FIRST.replace("noon", "dawn") + "\n\nOne more.", "They moved", 1)
    page = _page(client, f"{path}/sl/source")
    assert "outdated" in page
    assert "from revision 1 to 2" in page
    assert "They moved" in page
    row = page[page.index("<del>noon</del>") :]
    assert "Opoldne." in row[: row.index("</div>")]
    assert "to be written" in page
    assert 'data-open="confirm"' in page
    assert "data-propose" not in page  # no language model is configured
    assert "This is the original" in _page(client, f"{path}/en/source")
    _page(client, f"{path}/hu/source", 404)
    sent = {"number": 1, "note": "still right"}
    confirmed = client.post("/api/v1/articles/bells-2/translations/sl/confirm", json=sent)
    assert confirmed.status_code == 200
    assert "up to date" in _page(client, f"{path}/sl/source")


def test_old_keys_and_plans_are_told(client: TestClient) -> None:
    path = _article(client, "bells-3")
    client.put("/api/v1/redirects/bells-old", json={"into": "bells-3", "note": "from the old desk"})
    plan = {"action": "archive", "at": "2099-01-01T08:00:00Z", "note": "season ends"}
    client.post("/api/v1/articles/bells-3/schedules", json=plan)
    page = _page(client, f"{path}/history")
    assert "<code>/a/bells-old</code>" in page
    assert "season ends" in page
    assert client.post("/api/v1/articles/bells-3/archive").status_code == 200
    away = _page(client, f"{path}/history")
    assert 'data-open="merge"' not in away
    assert 'data-open="restore"' not in away
    assert "<strong>archived</strong>" in away


@pytest.mark.parametrize("language", i18n.NAMES)
def test_the_pages_are_whole_in_every_language(client: TestClient, language: str) -> None:
    for path in ("/editor/articles/locker-full/history", "/editor/articles/locker-full/hu/source"):
        text = client.get(path, params={"ui": language}, headers=HTML).text
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1
        assert 'id="comments"' in text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            assert client.get(asset).status_code == 200


def test_each_is_offered_what_they_may_do(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    offered = {
        "manager": set[str](),
        "contributor": {"split"},
        "publisher": {"split", "rename", "merge", "redirect"},
    }
    path = "/editor/articles/locker-full/history"
    for role, wanted in offered.items():
        signed_in(visitor, make_user(sessions, role))
        page = _page(visitor, path)
        found = set(re.findall(r'data-open="(\w+)"', page)) - {"restore"}
        assert found == wanted, role
        assert set(re.findall(r'id="dialog-(\w+)"', page)) - {"restore"} == wanted, role
    signed_in(visitor, make_user(sessions, "agent"))
    _page(visitor, path, 403)
