"""The page on which a solved case becomes an article: found, corrected, saved, published."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from api.ui.draft_form import Trace, moved, names_typed
from tests.api.calls import search
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html"}


def _case(client: TestClient, key: str, text: str, resolution: str, **more: Any) -> str:
    body = {
        "language": "en",
        "channel": "chat",
        "state": "resolved" if resolution else "open",
        "messages": [{"role": "customer", "text": text}],
        "resolution": resolution,
        "outcome": "solved" if resolution else None,
        **more,
    }
    saved = client.put(f"/api/v1/cases/{key}", json=body)
    assert saved.status_code in (200, 201), saved.text
    return f"/editor/cases/{key}/draft"


def _page(client: TestClient, path: str, **params: Any) -> str:
    answer = client.get(path, params={"ui": "en", **params}, headers=HTML)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def _field(page: str, name: str) -> str:
    """The value of a field, as a browser would send it."""
    found = re.search(rf'<input[^>]*\bname="{name}"[^>]*\bvalue="([^"]*)"', page)
    found = found or re.search(
        rf'<textarea[^>]*\bname="{name}"[^>]*>\n?(.*?)</textarea>', page, re.S
    )
    assert found, name
    return unescape(found[1])


def _form(page: str, **changed: Any) -> dict[str, Any]:
    names = ("title", "summary", "body", "keywords", "tags", "facets")
    fields: dict[str, Any] = {name: _field(page, name) for name in names}
    fields |= {f"was_{name}": _field(page, f"was_{name}") for name in names}
    fields |= {"cases": _field(page, "cases"), "language": "en", "audience": "internal"}
    fields["added"] = [unescape(x) for x in re.findall(r'name="added" value="([^"]*)"', page)]
    ticked = r'name="shown" value="([^"]*)" checked'
    fields["shown"] = [unescape(x) for x in re.findall(ticked, page)]
    return fields | changed


def _places(page: str) -> list[str]:
    return [unescape(x) for x in re.findall(r'name="shown" value="([^"]*)"', page)]


def _again(client: TestClient, path: str, form: dict[str, Any], status: int = 200) -> str:
    answer = client.post(path, params={"ui": "en"}, data=form, headers=HTML)
    assert answer.status_code == status, answer.text[:500]
    return answer.text


def test_a_new_problem_goes_from_its_case_to_its_customers_in_two_steps(
    client: TestClient,
) -> None:
    said = "The accordion I posted lost two of its keys on the way"
    path = _case(client, "p-1", said, "Offer a repair at the shop in town.", subject="accordion")
    page = _page(client, path)
    assert "No article seems to be about this problem" in page
    assert said in _field(page, "body")
    form = _form(page, do="publish", audience="public")
    done = client.post(path, data=form, follow_redirects=False)
    assert done.status_code == 303
    key = done.headers["location"].split("/")[3]
    assert search(client, said, language="en")[0] == key
    assert client.get("/api/v1/cases/p-1").json()["articles"] == [key]


def test_what_is_there_comes_first_and_can_be_linked(client: TestClient) -> None:
    text = "I never got the PIN for the parcel locker, no PIN came"
    path = _case(client, "p-2", text, "Send the PIN again.", subject="locker PIN not received")
    page = _page(client, path)
    assert page.index("This may be written already") < page.index('id="draft-form"')
    assert "almost surely the same problem" in page or "probably the same problem" in page
    assert 'value="improve:locker-pin-missing:en"' in page
    done = client.post(path, data={"do": "link:locker-pin-missing"})
    assert "The case is linked" in done.text or "linked" in str(done.url)
    assert client.get("/api/v1/cases/p-2").json()["articles"] == ["locker-pin-missing"]
    improve = {"do": "improve:locker-pin-missing:sl"}
    there = client.post(path, data=improve, follow_redirects=False).headers["location"]
    assert there == "/editor/articles/locker-pin-missing/sl"
    lost = client.post(path, data=_form(page, do="link:never-was"), headers=HTML)
    assert lost.status_code == 404
    assert said_alert(lost.text)


def test_what_is_only_perhaps_there_is_shown_to_be_looked_at(client: TestClient) -> None:
    text = "The door of the locker opened but it was empty"
    path = _case(client, "p-3", text, "The courier brings it again.", subject="empty locker")
    page = _page(client, path)
    assert "No article is surely about this problem: look at the nearest first." in page
    assert "perhaps the same problem" in page[: page.index('<details class="there__more"')]
    assert "No article seems to be about this problem" not in page
    assert "This may be written already" not in page


def said_alert(page: str) -> bool:
    return 'class="alert" role="alert"' in page


def test_a_redaction_is_corrected_and_what_was_typed_stays(client: TestClient) -> None:
    text = "My green harp LP4830077120 from Jablonec is broken"
    path = _case(client, "p-3", text, "Claim it, and photograph the green harp.")
    page = _page(client, path)
    assert "My green harp [parcel number] from Jablonec is broken" in _field(page, "body")
    (place,) = _places(page)
    (mask,) = json.loads(unescape(re.search(r'data-masks="([^"]*)"', page)[1]))  # type: ignore[index]
    body = _field(page, "body")
    assert body[mask["start"] : mask["end"]] == "[parcel number]"

    typed = body.replace("Claim it,", "Claim it at once,")
    form = _form(page, title="Broken harp", body=typed, words="jablonec")
    page = _again(client, path, form)
    assert _field(page, "title") == "Broken harp"
    assert "harp [parcel number] from [name] is broken" in _field(page, "body")
    assert "Claim it at once, and" in _field(page, "body")
    assert len(_places(page)) == 2
    assert "added by you" in page
    body = _field(page, "body")
    masks = json.loads(unescape(re.search(r'data-masks="([^"]*)"', page)[1]))  # type: ignore[index]
    assert [body[m["start"] : m["end"]] for m in masks] == ["[parcel number]", "[name]"]

    page = _again(client, path, _form(page, shown=[place]))
    assert "harp LP4830077120 from [name] is broken" in _field(page, "body")
    assert "Claim it at once, and" in _field(page, "body")
    selected = "p-3 message:0 3 8 name"  # as the page's script names what is selected
    again = _form(page)
    page = _again(client, path, again | {"added": [*again["added"], selected]})
    assert "My [name] harp LP4830077120 from [name] is broken" in _field(page, "body")
    raw = client.get("/api/v1/cases/p-3", params={"raw": "true"}).json()
    assert raw["messages"][0]["text"] == text
    masked = client.get("/api/v1/cases/p-3").json()["messages"][0]["text"]
    assert masked == "My green harp [parcel number] from Jablonec is broken"


def test_what_both_changed_stays_as_typed_and_is_told(client: TestClient) -> None:
    path = _case(client, "p-4", "My blue tuba from Brno is dented", "Claim it.")
    page = _page(client, path)
    body = _field(page, "body").replace("from Brno is", "from near Brnoo was")
    page = _again(client, path, _form(page, body=body, words="Brno"))
    assert "from near Brnoo was dented" in _field(page, "body")
    assert "1 place that you had changed stays as you wrote it" in page


def test_words_that_stand_nowhere_are_told_and_nothing_is_lost(client: TestClient) -> None:
    path = _case(client, "p-5", "My red drum is torn", "Claim it.")
    form = _form(_page(client, path), title="Torn drum", words="never said")
    page = _again(client, path, form, 422)
    assert "These words stand nowhere in the case" in page
    assert _field(page, "title") == "Torn drum"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "A draft needs a title and a text"),
        ({"body": ""}, "A draft needs a title and a text"),
        ({"facets": "nonsense"}, "Write each facet on a line"),
        ({"title": "x" * 301}, "too long"),
    ],
)
def test_what_cannot_be_saved_is_told_beside_what_was_typed(
    client: TestClient, changed: dict[str, str], said: str
) -> None:
    path = _case(client, "p-6", "My black cymbal is cracked", "Claim it.")
    form = _form(_page(client, path), summary="typed", do="save")
    page = _again(client, path, form | changed, 422)
    assert said in page
    assert _field(page, "summary") == "typed"


def test_other_cases_come_with_it_and_go(client: TestClient) -> None:
    path = _case(client, "p-7", "The glass harmonica arrived in pieces", "Claim it.")
    _case(client, "p-8", "Glass harmonica: only shards in the box", "Claim it with photographs.")
    _case(client, "p-9", "Szklana harmonijka przyszła w kawałkach", "Zgłosić.", language="pl")
    page = _page(client, path, **{"with": ["p-8", "p-9"]})
    assert "only shards in the box" in _field(page, "body")
    assert "Linked with the article, but not quoted" in page
    assert 'data-case="p-9"' in page
    assert _field(_page(client, path, **{"with": "p-8,p-9"}), "cases") == "p-8 p-9"
    for given, status in (("p-8,P!", 404), ("never-was", 404), (",".join(["p-8"] * 20), 422)):
        assert client.get(path, params={"with": given}).status_code == status
    page = _again(client, path, _form(page, do="drop:p-8"))
    assert _field(page, "cases") == "p-9"
    assert "only shards" not in _field(page, "body")
    page = _again(client, path, _form(page, do="add:p-8"))
    assert "only shards in the box" in _field(page, "body")
    done = client.post(path, data=_form(page, do="save"), follow_redirects=False)
    key = done.headers["location"].split("/")[3]
    for case in ("p-7", "p-8", "p-9"):
        assert client.get(f"/api/v1/cases/{case}").json()["articles"] == [key]


def test_a_case_that_is_not_solved_has_nothing_to_say_yet(client: TestClient) -> None:
    path = _case(client, "p-10", "I never got the PIN for the parcel locker", "")
    page = _page(client, path)
    assert "There is nothing to write about yet" in page
    assert "locker-pin-missing" in page


@pytest.mark.parametrize("language", i18n.NAMES)
def test_the_page_is_whole_in_every_language(client: TestClient, language: str) -> None:
    path = _case(client, "p-11", "The zither LP4830077121 hums", "Claim it.")
    for address in (path, f"{path}/done?what=link&article=locker-full"):
        text = client.get(address, params={"ui": language}, headers=HTML).text
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            assert client.get(asset).status_code == 200


def test_agents_save_and_editors_go_on(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "agent"))
    body = {
        "language": "en",
        "channel": "chat",
        "state": "resolved",
        "subject": "a viola that squeaks",
        "messages": [{"role": "customer", "text": "My viola LP4830077122 squeaks"}],
        "resolution": "Wax the bow.",
        "outcome": "solved",
    }
    assert visitor.put("/api/v1/cases/p-12", json=body, headers=headers).status_code == 201
    path = "/editor/cases/p-12/draft"
    page = _page(visitor, path)
    assert 'value="save"' in page
    for word in (
        'value="publish"',
        'value="submit"',
        'value="improve',
        "hide-more",
        'href="/editor"',
    ):
        assert word not in page
    assert "disabled" in page[page.index('id="places"') :][:60]
    case_page = _page(visitor, "/c/p-12")
    assert f'href="{path}"' in case_page
    form = _form(page)
    corrected = visitor.post(path, data=form | {"words": "viola"}, headers=headers)
    assert corrected.status_code == 403
    assert visitor.post(path, data=form | {"do": "publish"}, headers=headers).status_code == 403
    assert visitor.get(path, params={"raw": "true"}).status_code == 403
    done = visitor.post(path, data=form | {"do": "save"}, headers=headers | HTML)
    assert done.status_code == 200
    assert "The draft is kept" in done.text
    assert visitor.post(path, data=form | {"do": "save"}).status_code == 403  # without the token

    headers = signed_in(visitor, make_user(sessions, "contributor"))
    page = _page(visitor, path)
    assert 'value="submit"' in page
    assert 'value="publish"' not in page
    kept = visitor.post(
        path, data=_form(page, do="submit", title="Squeak"), headers=headers, follow_redirects=False
    )
    assert re.fullmatch(r"/editor/articles/[\w-]+/en\?new=submit", kept.headers["location"])


def test_what_is_hidden_is_shown_to_those_who_may_and_noted(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "administrator"))
    path = "/editor/cases/p-13/draft"
    body = {
        "language": "en",
        "channel": "chat",
        "state": "resolved",
        "messages": [{"role": "customer", "text": "My lute LP4830077129 squeaks"}],
        "resolution": "Wax the pegs.",
        "outcome": "solved",
    }
    visitor.put("/api/v1/cases/p-13", json=body, headers=headers)
    assert "LP4830077129" not in _page(visitor, path)

    def looks() -> int:
        asked = {"entity": "case", "entity_id": "p-13", "action": "read_raw"}
        return int(visitor.get("/api/v1/audit", params=asked).json()["total"])

    before = looks()
    page = _page(visitor, path, raw="true")
    assert "LP4830077129" in page
    assert "LP4830077129" not in _field(page, "body")
    assert looks() == before + 1


def test_traces_move_with_the_text() -> None:
    old, new = "One two three. Four five.", "Zero. One two 3 three. Four."
    traces = [Trace(0, 14, "c", "tried", 0, 14), Trace(15, 25, "c", "tried", 15, 25)]
    found = moved(old, new, traces)
    assert [new[t.start : t.end] for t in found] == ["One two 3 three.", "Four."]
    assert moved(old, "", traces) == ()
    assert names_typed(" a ,b  c,, a", ",") == ["a", "b c"]


def test_enter_in_a_field_does_nothing_but_look_again(client: TestClient) -> None:
    """Browsers press the first button of a form: it must not be one that writes."""
    text = "I never got the PIN for the parcel locker, no PIN came"
    page = _page(client, _case(client, "p-14", text, "Send it again.", subject="locker PIN"))
    found = re.search(r'<button[^>]*form="draft-form"[^>]*value="([^"]*)"', page)
    assert found is not None
    assert found[1] == "again"
    assert found.start() < page.index('value="improve:')
