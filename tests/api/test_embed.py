"""The sidebar's page, passages in their context, and the practice desk."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from api.ui import i18n
from api.ui.conversations import conversations, languages
from kb.domain import UserState
from tests.api.auth.widget_calls import BASE, bearer, change_user, make_token
from tests.api.calls import article, problem, search
from tests.api.people import make_user, services_in, signed_in
from tests.kb.images.pictures import picture

HTML = {"accept": "text/html"}


@pytest.mark.parametrize("language", i18n.NAMES)
def test_the_sidebar_is_whole_in_every_language(client: TestClient, language: str) -> None:
    page = client.get("/embed", params={"ui": language})
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=", page.text)
    for address in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)):
        assert client.get(address).status_code == 200, address
    forms = set(i18n.plural_samples(language))
    told = re.findall(r'data-text="solved_before" data-plural="(\w+)"', page.text)
    assert set(told) == forms
    assert page.text.count("{n}") >= len(forms)


def test_plural_forms_are_those_of_the_language() -> None:
    assert i18n.plural_samples("sl") == {"one": 1, "two": 2, "few": 3, "other": 5}
    assert i18n.plural_samples("en") == {"one": 1, "other": 2}


def test_scripts_of_the_sidebar_name_only_texts_that_are_there(client: TestClient) -> None:
    page = client.get("/embed?ui=en").text
    known = set(re.findall(r'data-text="(\w+)"', page))
    asked = set()
    for module in re.findall(r'href="(/static/embed/[^"]+\.js)"', page):
        asked |= set(re.findall(r'\b(?:text|counted)\("(\w+)"', client.get(module).text))
    asked |= set(re.findall(r'\btext\("(\w+)"', client.get("/static/embed/main.js").text))
    assert len(asked) > 40
    assert asked <= known


def test_a_passage_stands_marked_in_its_article(client: TestClient) -> None:
    body = client.get("/api/v1/articles/locker-full").json()["translations"]
    text = next(each for each in body if each["language"] == "sl")
    start = text["body"].index("## Primer")
    found = {"lang": "sl", "revision": text["number"], "start": start + 11, "end": start + 40}
    page = client.get("/embed/passage/article/locker-full", params=found)
    assert page.status_code == 200
    here = re.search(r'<div class="passage__here" id="here">(.*?)</div>', page.text, re.DOTALL)
    assert here is not None
    assert "Izbrali ste paketnik" in here[1]
    assert "<h2" not in here[1]
    whole = re.sub(r"<[^>]+>", "", page.text)
    assert "Ničesar vam ni treba storiti" in whole
    assert 'aria-pressed="true">SL<' in page.text


@pytest.mark.parametrize(
    "place",
    [{"revision": 999}, {"start": 5, "end": 5}, {"start": 9, "end": 3}, {"end": 999_999}, {}],
)
def test_a_place_that_is_none_leaves_the_article_unmarked(
    client: TestClient, place: dict[str, int]
) -> None:
    found = {"lang": "en", "revision": 1, "start": 0, "end": 0} | place
    page = client.get("/embed/passage/article/locker-full", params=found)
    assert page.status_code == 200
    assert "passage__here" not in page.text
    assert "<h3" in page.text


def test_a_case_is_read_by_agents_only(closed: TestClient) -> None:
    closed.cookies.clear()
    problem(closed.get("/embed/passage/case/en-0002"), 401, "sign_in_needed")
    problem(closed.get("/embed/passage/article/goodwill-credit-procedure"), 404, "not_found")
    signed_in(closed, make_user(services_in(closed).engine.session_factory, "agent"))
    page = closed.get("/embed/passage/case/en-0002", params={"part": "resolution"})
    assert 'class="solution passage__here"' in page.text
    internal = closed.get("/embed/passage/article/goodwill-credit-procedure")
    assert internal.status_code == 200
    closed.cookies.clear()


def test_pictures_are_fetched_with_the_token(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    data = picture(colour="#0b1")
    kept = visitor.post("/api/v1/images", content=data, headers=headers | {"content-type": "a/b"})
    address = kept.json()["address"]
    words = f'![The "slip" > src="/images/x"]({address})\n\n`<img src="/images/x">`\n'
    given = article(words, state="published", audience="internal")
    assert visitor.put("/api/v1/articles/embed-slip", json=given, headers=headers).is_success
    agent = make_user(sessions, "agent")
    token = make_token(visitor, signed_in(visitor, agent), origin=BASE)["token"]
    visitor.cookies.clear()
    passage = visitor.get("/embed/passage/article/embed-slip?lang=en", headers=bearer(token))
    assert re.search(rf'<img [^<]* data-picture="{address}"', passage.text)
    assert not re.search(r'<img(?:\s[\w-]+="[^"]*")*?\ssrc=', passage.text)
    assert "&lt;img src=" in passage.text  # what is said of pictures stays as it is
    assert visitor.get(address, headers=bearer(token)).content == data
    problem(visitor.get(address), 404, "not_found")
    policy = visitor.get("/embed").headers["content-security-policy"]
    assert "img-src 'self' blob:;" in policy
    assert "blob:" not in visitor.get("/").headers["content-security-policy"]
    change_user(sessions, agent, scope={"country": ["PL"]})
    scoped = given | {"facets": {"country": ["SI"]}}
    headers = signed_in(visitor, make_user(sessions, "publisher"))
    assert visitor.put("/api/v1/articles/embed-slip", json=scoped, headers=headers).is_success
    visitor.cookies.clear()
    problem(visitor.get(address, headers=bearer(token)), 404, "not_found")
    change_user(sessions, agent, state=UserState.disabled)
    problem(visitor.get(address, headers=bearer(token)), 401, "sign_in_needed")


def test_the_practice_desk_is_for_agents(closed: TestClient) -> None:
    closed.cookies.clear()
    asked = closed.get("/practice", headers=HTML, follow_redirects=False)
    assert asked.headers["location"] == "/sign-in?next=%2Fpractice"
    sessions = services_in(closed).engine.session_factory
    signed_in(closed, make_user(sessions, "customer"))
    assert closed.get("/practice", headers=HTML).status_code == 403
    signed_in(closed, make_user(sessions, "agent"))
    page = closed.get("/practice", params={"lang": "hu", "ui": "pl"}, headers=HTML)
    assert page.status_code == 200
    assert "Kovács Réka" in page.text
    assert 'src="/embed?ui=pl"' in page.text
    assert closed.get("/practice?lang=xx", headers=HTML).status_code == 200
    closed.cookies.clear()


@pytest.mark.parametrize("language", i18n.NAMES)
def test_conversations_to_practise_with(client: TestClient, language: str) -> None:
    assert set(languages()) == set(i18n.NAMES)
    found = conversations(language)
    assert len(found) >= 3
    assert len({each.key for each in found}) == len(found)
    assert len({each.channel for each in found}) >= 3
    for each in found:
        assert each.turns[0].customer
        assert sum(turn.customer is not None for turn in each.turns) >= 2
    postcode = next(each for each in found if each.key == "postcode")
    assert len(postcode.turns) >= 9
    words = " ".join(turn.customer or "" for turn in postcode.turns)
    assert "wrong-postcode" in search(client, words, language=language, prefix=False)[:3]
