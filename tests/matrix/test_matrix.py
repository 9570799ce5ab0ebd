"""Role x route x object state: every cell asserted, none skipped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from sqlalchemy.orm import Session, sessionmaker
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.rules import Rule
from api.auth.socket import SocketRule
from api.edge.policy import is_stream
from kb.config import Settings
from kb.domain import ANONYMOUS, DEFAULT_ROLES, Permission, Permissions
from tests.api.people import make_user, signed_in
from tests.api.routes import every_route, rules_of
from tests.api.streams import cookie_of, socket_says, stream_begins
from tests.matrix import interactions, live
from tests.matrix.calls import Call, listed
from tests.matrix.objects import create, put_back_article, put_back_case
from tests.site import copy_home

ROLES = tuple(DEFAULT_ROLES)
BASE = "https://127.0.0.1"
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass
class Place:
    """The served application with a person of each role at a browser of their own."""

    served: TestClient
    sessions: sessionmaker[Session]
    people: dict[str, tuple[TestClient, dict[str, str]]]
    ids: dict[str, str]  # of the people, by role
    routes: list[tuple[str, APIRoute, Rule]]
    sockets: list[tuple[APIWebSocketRoute, SocketRule]]
    calls: list[Call]


@pytest.fixture(scope="module")
def place(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings = copy_home(filled, tmp_path_factory.mktemp("matrix") / "home")
    app = create_app(settings.model_copy(update={"open_access": False, "rate_limits": False}))
    with TestClient(app, base_url=BASE) as served:
        sessions = app.state.services.engine.session_factory
        with sessions.begin() as session:
            suggestion = create(session)
        people, ids = {}, {}
        for role in ROLES:
            client = TestClient(app, base_url=BASE, raise_server_exceptions=False)
            headers = {}
            if role != ANONYMOUS:
                user = make_user(sessions, role=role)
                ids[role], headers = user.id, signed_in(client, user)
            people[role] = (client, headers)
        every = [(route, rules_of(route.dependant)[0]) for route in _ruled(app.routes)]
        routes = [
            (method, route, rule)
            for route, rule in every
            if isinstance(route, APIRoute)
            for method in sorted(route.methods)
        ]
        sockets = [found for found in every if isinstance(found[0], APIWebSocketRoute)]
        calls = list(listed(suggestion))
        yield Place(served, sessions, people, ids, routes, sockets, calls)


def _ruled(routes: Sequence[BaseRoute]) -> Iterator[Any]:
    return (route for route in every_route(routes) if not isinstance(route, Mount))


@pytest.mark.parametrize("role", ROLES)
def test_each_route_follows_its_rule(place: Place, role: str) -> None:
    """Every route of the application, also those added later: let in or refused by its rule."""
    wrong = []
    for method, route, rule in place.routes:
        if method != "GET" and route.path in ENDS_SESSION:
            continue
        path = PARAMETER.sub("never-was", route.path)
        status, code = _call(place, role, method, path, {"json": {}} if method != "GET" else {})
        if status in OWN_ANSWERS.get(route.path, ()):
            continue
        if not _right(role, rule, DEFAULT_ROLES[role], status):
            wrong.append(f"{role} {method} {route.path}: {status} {code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
def test_each_state_of_each_object_answers_each_role_rightly(place: Place, role: str) -> None:
    rules = {(method, route.path): rule for method, route, rule in place.routes}
    wrong = []
    for call in place.calls:
        rule = rules[call.method, call.route]
        needs = call.needs | ({rule.permission} if rule.permission else set())
        status, code = _call(place, role, call.method, call.path, dict(call.given), call)
        if needs <= DEFAULT_ROLES[role] and not (rule.signed_in and role == ANONYMOUS):
            expected = call.status
        else:
            expected = 401 if role == ANONYMOUS else 403
        if status != expected:
            wrong.append(
                f"{role} {call.method} {call.path} {call.label}: {status} {code}, not {expected}"
            )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
def test_each_socket_follows_its_rule(place: Place, role: str) -> None:
    """Every WebSocket of the application: let in or refused by its rule, in its first frame."""
    client, _ = place.people[role]
    headers = cookie_of(client) | {"origin": BASE}
    assert place.sockets
    for route, rule in place.sockets:
        path = PARAMETER.sub("never-was", route.path)
        expected = 4404 if rule.permission in DEFAULT_ROLES[role] else 4403
        expected = 4401 if role == ANONYMOUS else expected
        assert socket_says(place.served, path, headers) == ("problem", expected), route.path


@pytest.mark.parametrize("role", ROLES)
def test_a_socket_opens_in_each_state_of_an_interaction(place: Place, role: str) -> None:
    _prepare(place, role, next(live.calls()))
    client, _ = place.people[role]
    headers = cookie_of(client) | {"origin": BASE}
    may = Permission.read_interactions in DEFAULT_ROLES[role]
    for key in interactions.STATES:
        path = live.SOCKET.format(interaction_id=key)
        said, _ = socket_says(place.served, path, headers)
        assert said == ("view" if may else "problem")


def test_every_route_with_an_object_has_its_states_listed(place: Place) -> None:
    """A route that names an object and is not in the listing would be a skipped cell."""
    listed_routes = {(call.method, call.route) for call in place.calls}
    missing = [
        f"{method} {route.path}"
        for method, route, _ in place.routes
        if set(PARAMETER.findall(route.path)) - NOT_OBJECTS
        and (method, route.path) not in listed_routes
    ]
    assert not missing


def _right(role: str, rule: Rule, permissions: Permissions, status: int) -> bool:
    if rule.permission is None:
        granted = not rule.signed_in or role != ANONYMOUS
    else:
        granted = rule.permission in permissions
    if granted:
        return status not in (401, 403) and status < 500
    return status == (401 if role == ANONYMOUS else 403)


def _call(
    place: Place, role: str, method: str, path: str, given: dict[str, Any], call: Call | None = None
) -> tuple[int, str]:
    if call is not None and (call.article or call.case):
        with place.sessions.begin() as session:
            if call.article:
                put_back_article(session, call.article)
            if call.case:
                put_back_case(session, call.case)
    _prepare(place, role, call)
    client, headers = place.people[role]
    if is_stream(path):
        status, body = stream_begins(place.served, path, cookie_of(client))
        return status, "" if status == 200 else json.loads(body)["code"]
    answer = client.request(method, path, headers=headers, follow_redirects=False, **given)
    if call is not None and "name" in call.values:  # a changed role would change other cells
        _prepare(place, role, call)
    try:
        return answer.status_code, answer.json()["code"]
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError):
        return answer.status_code, ""


def _prepare(place: Place, role: str, call: Call | None) -> None:
    """People, roles, keys and sessions as they are to be found."""
    if call is not None and call.prepare is not None:
        with place.sessions.begin() as session:
            call.prepare(session, place.ids.get(role))


# Proven apart: they would end the session that the browser has here.
ENDS_SESSION = frozenset({"/sign-out", "/api/v1/session", "/api/v1/sessions"})
OWN_ANSWERS = {
    "/api/v1/widget-tokens/renew": (403,),  # for the bearer of a widget token
    "/api/v1/widget-tokens/keep": (403,),  # likewise
    "/embed/zendesk": (401,),  # for whom Zendesk signs; the sidebar comes all the same
    "/sign-in": (401, 403),  # no right password, no token of the form
    "/reset": (403,),
    "/invitation/{token}": (403,),
    "/reset/{token}": (403,),
    "/api/v1/hooks/{webhook_id}": (401,),  # for who signs
}
"""Statuses with which a route that is open to everybody refuses what was sent, not who sent it."""
NOT_OBJECTS = frozenset({"token"})
"""One-time links are no objects that a role could reach: who holds one may use it."""
