"""The editing screen over HTTP: what it holds, what its preview is, and what it says."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from tests.api.calls import article, problem
from tests.api.people import make_user, services_in, signed_in

API = "/api/v1/articles"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
TEXT = """\
A *short* text with **marks**, `code`, [a link](article:locker-full) and <b>raw HTML</b>.

## Steps

1. First
2. Second
   - inside

| Where | How long |
| --- | ---: |
| Locker | 72 h |

> Quoted

![Slip](/images/0123456789abcdef0123456789abcdef.png "the slip")

```
plain
```
"""


def begin(client: TestClient, key: str, body: str = TEXT, **more: Any) -> None:
    answer = client.put(f"{API}/{key}", json=article(body, **{"state": None} | more))
    assert answer.status_code in (200, 201), answer.text


def page(client: TestClient, key: str, language: str = "en", ui: str = "en") -> str:
    answer = client.get(f"/editor/articles/{key}/{language}", params={"ui": ui})
    assert answer.status_code == 200, answer.text
    return answer.text


def start_of(html: str) -> Any:
    found = re.search(r'data-start="([^"]*)"', html)
    assert found
    return json.loads(unescape(found[1]))


def shown_article(html: str) -> str:
    found = re.search(r"<article.*?</article>", html, re.DOTALL)
    assert found
    return found[0]


@pytest.mark.parametrize("language", i18n.NAMES)
def test_it_speaks_the_language_of_the_person(client: TestClient, language: str) -> None:
    begin(client, "edit-words")
    there = page(client, "edit-words", ui=language)
    begun = client.get("/editor/articles/new", params={"ui": language}).text
    for text in (there, begun):
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            assert client.get(address).status_code == 200, address


def test_every_module_of_the_script_is_fetched_ahead(client: TestClient) -> None:
    begun = client.get("/editor/articles/new").text
    main = client.get("/static/editor/main.js").text
    own = set(re.findall(r'from "\./(\w+\.js)"', main))
    ahead = set(re.findall(r'modulepreload" href="/static/editor/(\w+\.js)"', begun))
    assert own <= ahead
    said = set(re.findall(r'data-text="(\w+)"', begun))
    for module in ahead | {"main.js"}:
        script = client.get(f"/static/editor/{module}").text
        assert set(re.findall(r'\btext\("(\w+)"', script)) <= said, module


@pytest.mark.parametrize("audience", ["public", "internal"])
def test_the_preview_is_the_page_that_readers_get(client: TestClient, audience: str) -> None:
    key = f"edit-same-{audience}"
    begin(client, key, title='Where is "it" & <why>', audience=audience, state="published")
    published = shown_article(client.get(f"/a/{key}?lang=en&audience={audience}").text)
    given = {"language": "en", "title": 'Where is "it" & <why>', "body": TEXT}
    assert shown_article(client.post("/editor/preview", json=given).text) == published
    assert "<table>" in published
    assert "<b>" not in published


def test_the_preview_refuses_what_saving_would(client: TestClient) -> None:
    given = {"language": "en", "body": "x" * 30_000}
    problem(client.post("/editor/preview", json=given), 422, "text_refused")
    problem(
        client.post("/editor/preview", json={"language": "en", "body": 3}), 422, "invalid_input"
    )


def test_a_text_and_its_title_are_never_more_than_text(client: TestClient) -> None:
    begin(client, "edit-hostile", HOSTILE, title=HOSTILE)
    html = page(client, "edit-hostile")
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert start_of(html)["saved"]["title"] == HOSTILE
    preview = client.post(
        "/editor/preview", json={"language": "en", "title": HOSTILE, "body": HOSTILE}
    )
    assert "<script" not in preview.text
    assert "<img" not in preview.text


def test_what_was_typed_comes_back(client: TestClient) -> None:
    begin(client, "edit-typed")
    typed = {"title": "Typed", "body": "\nHalf a sen", "keywords": ["one"], "base_number": 1}
    assert client.put("/api/v1/edits/edit-typed/en", json=typed | {"after": 0}).status_code == 200
    html = page(client, "edit-typed")
    assert re.search(r'<textarea id="body"[^>]*>\n\nHalf a sen</textarea>', html)
    start = start_of(html)
    assert (start["base"], start["number"]) == (1, 1)
    assert start["sequence"] > 0
    assert start["saved"]["body"] == TEXT.rstrip("\n") or start["saved"]["body"] == TEXT


def test_a_text_that_no_article_came_of_yet(client: TestClient) -> None:
    typed = {"title": "To come", "body": "First words", "base_number": 0, "after": 0}
    assert client.put("/api/v1/edits/new-abc123/en", json=typed).status_code == 200
    for address in (
        "/editor/articles/new-abc123/en",
        "/editor/articles/new?lang=en&draft=new-abc123",
    ):
        html = client.get(address).text
        assert "First words" in html
        assert start_of(html)["typed_as"] == "new-abc123"
    assert client.get("/editor/articles/new-nothing/en").status_code == 404
    assert "First words" not in client.get("/editor/articles/new?lang=en&draft=new-other").text


def test_an_article_is_begun_once(client: TestClient) -> None:
    given = article("Look behind the door.", title="Behind the door", state=None)
    made = client.post(API, json=given)
    assert made.status_code == 201, made.text
    assert made.json()["id"] == "behind-the-door"
    assert client.post(API, json=given).json()["id"] == "behind-the-door-2"
    told = problem(client.post(API, json=given | {"id": "behind-the-door"}), 409, "conflict")
    assert told["details"]["reason"] == "key_taken"
    problem(client.post(API, json=given | {"id": "Not A Key"}), 422, "invalid_input")


def test_fields_change_without_the_texts(client: TestClient) -> None:
    begin(client, "edit-fields", tags=["old"], facets={"country": ["SI"]}, owner="eva")
    version = client.get(f"{API}/edit-fields?view=latest").json()["version"]
    changes = {"tags": ["new"], "owner": None, "valid_until": "2099-01-01T00:00:00Z"}
    saved = client.patch(f"{API}/edit-fields", json=changes | {"expected_version": version})
    assert saved.status_code == 200, saved.text
    now = client.get(f"{API}/edit-fields?view=latest").json()
    assert (now["tags"], now["owner"], now["facets"]) == (["new"], None, {"country": ["SI"]})
    assert [text["number"] for text in now["translations"]] == [1]
    late = client.patch(f"{API}/edit-fields", json=changes | {"expected_version": version})
    assert problem(late, 409, "conflict")["details"]["version"] == now["version"]
    turned = {"valid_from": "2099-01-01T00:00:00Z", "valid_until": "2098-01-01T00:00:00Z"}
    problem(client.patch(f"{API}/edit-fields", json=turned), 422, "invalid_input")
    assert client.patch(f"{API}/edit-fields", json={}).json()["status"] == "unchanged"


def test_a_saved_text_tells_its_number(client: TestClient) -> None:
    begin(client, "edit-number")
    route = f"{API}/edit-number/translations/en"
    given = {"title": "About it", "body": "Another text.", "base_number": 1}
    assert client.put(route, json=given).json()["number"] == 2
    assert client.put(route, json=given | {"base_number": 2}).json()["number"] == 2


def test_a_translation_shows_what_it_is_made_from(client: TestClient) -> None:
    begin(client, "edit-lang", "One.")
    html = page(client, "edit-lang", "sl")
    source = start_of(html)["source"]
    assert (source["language"], source["number"], source["made_from"]) == ("en", 1, None)
    assert 'data-status="missing"' in html
    text = {"title": "O tem", "body": "Ena.", "base_number": 0, "source_number": 1}
    assert client.put(f"{API}/edit-lang/translations/sl", json=text).status_code == 200
    begin(client, "edit-lang", "Two.")
    html = page(client, "edit-lang", "sl")
    source = start_of(html)["source"]
    assert (source["number"], source["made_from"]) == (2, 1)
    assert 'data-status="outdated"' in html


def acts(html: str) -> set[str]:
    return set(re.findall(r'id="act-([\w-]+)"', html))


def main_act(html: str) -> str:
    found = re.search(r'id="life"[^>]*data-main="([\w-]*)"', html)
    assert found
    return found[1]


def test_what_each_person_may_do(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    writer, expert, publisher = (
        make_user(sessions, role) for role in ("contributor", "domain_expert", "publisher")
    )
    manager = make_user(sessions, "manager")
    headers = signed_in(visitor, writer)
    given = article("Ask the depot.", title="Who may", state=None, governance="compliance")
    given |= {"id": "edit-who"}
    assert visitor.post(API, json=given, headers=headers).status_code == 201
    html = page(visitor, "edit-who")
    assert (acts(html), main_act(html)) == ({"submit"}, "submit")
    assert "You wrote part of what readers do not have yet" in html
    asked = {"note": "please <look>", "asked_of": expert.id}
    assert visitor.post(f"{API}/edit-who/submit", json=asked, headers=headers).status_code == 200
    life = visitor.get("/editor/articles/edit-who/en/life").text
    assert "please &lt;look&gt;" in life
    assert f"asked {expert.name} for a review" in life
    assert acts(life) == {"withdraw"}
    signed_in(visitor, expert)
    html = page(visitor, "edit-who")
    assert {"approve", "ask-changes"} <= acts(html)
    assert "publish" not in acts(html)
    assert 'name="publish"' not in html
    assert main_act(html) == "approve"
    assert "You wrote none of it" in html
    signed_in(visitor, publisher)
    html = page(visitor, "edit-who")
    assert {"approve", "publish", "archive", "plan", "trust"} <= acts(html)
    assert 'name="publish"' in html
    signed_in(visitor, manager)
    html = page(visitor, "edit-who")
    assert acts(html) == set()
    assert re.search(r'<textarea id="body"[^>]* readonly', html)
    assert visitor.get("/editor/articles/new").status_code == 403


def test_scope_hides_the_screen(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    given = article("Ask.", facets={"country": ["PL"]}) | {"id": "edit-scope"}
    assert visitor.post(API, json=given, headers=headers).status_code == 201
    headers = signed_in(visitor, make_user(sessions, "publisher", {"country": ["SI"]}))
    for address in ("/editor/articles/edit-scope/en", "/editor/articles/edit-scope/en/life"):
        assert visitor.get(address).status_code == 404
    changed = visitor.patch(f"{API}/edit-scope", json={"tags": ["x"]}, headers=headers)
    problem(changed, 404, "not_found")
    outside = visitor.post(API, json=given | {"id": "edit-scope-2"}, headers=headers)
    problem(outside, 403, "forbidden")


def test_pickers_offer_what_is_in_use(client: TestClient) -> None:
    begin(client, "edit-choices", tags=["zq-tag"], facets={"zq-facet": ["one", "two"]})
    found = client.get("/editor/choices").json()
    assert "zq-tag" in found["tags"]
    assert found["facets"]["zq-facet"] == ["one", "two"]


def test_an_old_key_leads_to_the_new_one(client: TestClient) -> None:
    begin(client, "edit-before")
    typed = {"title": "T", "body": "Typed.", "base_number": 1, "after": 0}
    assert client.put("/api/v1/edits/edit-before/en", json=typed).json()["sequence"] == 1
    renamed = client.post(f"{API}/edit-before/rename", json={"key": "edit-after"})
    assert renamed.status_code == 200
    told = problem(
        client.put("/api/v1/edits/edit-before/en", json=typed | {"after": 1}), 409, "conflict"
    )
    assert told["details"]["article"] == "edit-after"
    for rest in ("en", "history", "sl/source"):
        answer = client.get(f"/editor/articles/edit-before/{rest}?ui=en", follow_redirects=False)
        assert answer.headers["location"] == f"/editor/articles/edit-after/{rest}?ui=en"
    assert start_of(page(client, "edit-after"))["sequence"] == 1


def test_a_merged_article_leads_to_the_one_that_stays(client: TestClient) -> None:
    for key in ("edit-gone", "edit-stays", "edit-kept"):
        begin(client, key, title=f"About {key}")
    typed = {"title": "T", "body": "Typed.", "base_number": 1, "after": 0}
    assert client.put("/api/v1/edits/edit-kept/en", json=typed).status_code == 200
    for key in ("edit-gone", "edit-kept"):
        given = {"into": "edit-stays", "note": "the same"}
        assert client.post(f"{API}/{key}/merge", json=given).status_code == 200
    led = page(client, "edit-gone")
    assert "The article edit-gone was merged into this one." in led
    assert start_of(led)["article"] == "edit-stays"
    told = "was merged into this one"
    assert told not in page(client, "edit-stays")
    assert told not in client.get("/editor/articles/edit-stays/en?merged=no-such").text
    begun = page(client, "edit-kept")  # what somebody had begun there is not taken from them
    assert "Typed." in begun
    assert "This article was merged into edit-stays." in begun
    past = client.get("/editor/articles/edit-gone/history?ui=en").text
    assert 'href="/editor/articles/edit-stays/history">edit-stays</a>' in past
