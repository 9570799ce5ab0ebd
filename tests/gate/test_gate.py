"""What is not published and public appears nowhere that the public can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx import Response
from starlette.testclient import TestClient

from kb.domain import ANONYMOUS, DEFAULT_ROLES
from tests.api.routes import every_route, rules_of
from tests.gate.hidden import MARK, QUESTIONS, WORD, Hidden

LANGUAGES = tuple(QUESTIONS)
PATH_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
HTML = {"accept": "text/html"}


def public_routes(client: TestClient) -> list[APIRoute]:
    """The routes that a stranger may call."""
    found = []
    for route in every_route(client.app.routes):  # type: ignore[attr-defined]
        if not isinstance(route, APIRoute):
            continue
        [rule] = rules_of(route.dependant)
        granted = rule.permission is None or rule.permission in DEFAULT_ROLES[ANONYMOUS]
        if granted and not rule.signed_in:
            found.append(route)
    return found


def test_an_insider_is_shown_what_is_hidden(inside: TestClient) -> None:
    """Otherwise nothing below would prove anything."""
    for language, question in QUESTIONS.items():
        found = _suggest(inside, question, language)
        assert any(MARK in hit["passage"]["text"] for hit in found["articles"]), language
        assert any(MARK in hit["passage"]["text"] for hit in found["cases"]), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_suggestions_hold_nothing_hidden(public: TestClient, language: str) -> None:
    for text, audience in product((QUESTIONS[language], WORD), (None, "public")):
        found = _suggest(public, text, language, audience=audience, limit=20)
        assert found["cases"] == []
        assert MARK not in str(found)
        assert {hit["audience"] for hit in found["articles"]} <= {"public"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_search_holds_nothing_hidden(public: TestClient, language: str) -> None:
    question = QUESTIONS[language]
    words = question.split()
    for q in (question, " ".join(words[:2]), words[-1][:4], WORD, WORD[:6], WORD[:-1] + "x"):
        for offset in (0, 50, 1000):
            given = {"q": q, "language": language, "limit": 50, "offset": offset}
            answer = public.get("/api/v1/search", params=given)
            _clean(answer)
            assert WORD not in str(answer.json()["corrected"])
    everything = public.get("/api/v1/search", params={"q": question, "language": language}).json()
    narrowed = {"q": question, "language": language, "tags": f"{MARK}tag"}
    assert public.get("/api/v1/search", params=narrowed).json()["total"] == 0
    assert everything["total"] <= 5  # the public articles of this base
    by_facet = {"q": question, "language": language, f"facet.{MARK}facet": f"{MARK}value"}
    assert public.get("/api/v1/search", params=by_facet).json()["total"] <= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_hold_nothing_hidden(public: TestClient, language: str) -> None:
    ui = HTML | {"accept-language": language}
    for path, params in (
        ("/", {}),
        ("/articles", {"lang": language}),
        ("/try", {"q": QUESTIONS[language]}),
        ("/try/answers", {"q": QUESTIONS[language], "who": "customer"}),
        ("/try", {"q": WORD}),
        ("/docs", {}),
    ):
        _clean(public.get(path, params=params, headers=ui))


def test_what_is_hidden_cannot_be_told_from_what_is_not_there(
    public: TestClient, hidden: Hidden
) -> None:
    for route in public_routes(public):
        names = PATH_PARAMETER.findall(route.path)
        if not {"article_id", "case_id"} & set(names) or "GET" not in route.methods:
            continue
        nowhere = public.get(_path(route.path, "never-was"), headers=HTML)
        for key in (*hidden.articles, *hidden.cases):
            answer = public.get(_path(route.path, key), headers=HTML)
            _clean(answer)
            assert answer.status_code == nowhere.status_code, f"{route.path} {key}"
            assert _plain(answer, key) == _plain(nowhere, "never-was"), f"{route.path} {key}"


def test_no_public_route_shows_a_mark_whatever_it_is_asked(
    public: TestClient, hidden: Hidden
) -> None:
    """Also of routes that nobody thought of when this was written."""
    asked = 0
    for route in public_routes(public):
        for method, path, given in _calls(route, hidden):
            answer = public.request(method, path, follow_redirects=False, **given)
            assert answer.status_code < 500, f"{method} {path}"
            _clean(answer)
            asked += 1
    assert asked > 50


def _calls(route: APIRoute, hidden: Hidden) -> Iterator[tuple[str, str, dict[str, Any]]]:
    keys = (hidden.articles[0], hidden.articles[1], hidden.cases[0])
    for method, key, language in product(sorted(route.methods), keys, LANGUAGES):
        path, question = _path(route.path, key), QUESTIONS[language]
        query = {"q": question, "language": language, "lang": language, "audience": "public"}
        yield method, path, {"headers": HTML}
        if method in ("GET", "HEAD"):
            yield method, path, {"params": query}
            continue
        body = {"messages": [{"role": "customer", "text": question}], "kind": "used", "q": question}
        yield method, path, {"json": body}
        yield method, path, {"json": body | {"document": f"article:{key}"}}


def _suggest(client: TestClient, text: str, language: str, **more: Any) -> dict[str, Any]:
    body = {"messages": [{"role": "customer", "text": text}], "language": language, **more}
    answer = client.post("/api/v1/suggest", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _path(template: str, value: str) -> str:
    return PATH_PARAMETER.sub(value, template)


def _clean(answer: Response) -> None:
    """No mark in body or headers. What was asked for may be repeated: it holds none."""
    assert MARK not in answer.text
    assert MARK not in str(answer.headers)


def _plain(answer: Response, key: str) -> str:
    """The body without the key asked for and without what changes from call to call."""
    text = answer.text.replace(key, "KEY").replace(answer.headers["x-request-id"], "ID")
    return re.sub(r'nonce="[^"]*"|value="[A-Za-z0-9_.-]{20,}"', "", text)
