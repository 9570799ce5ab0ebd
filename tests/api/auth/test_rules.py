"""Every route says who may call it, and nobody gets more than was given."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import Mount

from api.app import create_app
from api.auth.rules import Rule, read_as, require
from api.auth.socket import SocketRule
from kb.config import Settings
from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    EVERYTHING,
    Audience,
    Permission,
    Principal,
    PrincipalKind,
)
from kb.errors import Forbidden, SignInNeeded
from tests.api.routes import every_route, rules_of

UNRULED = {"/static"}  # stylesheets, scripts and pictures: the same for everybody


def test_every_route_has_a_rule() -> None:
    app = create_app(Settings(_env_file=None))
    routes = list(every_route(app.routes))
    assert len(routes) > 20
    for route in routes:
        if isinstance(route, Mount):
            assert route.path in UNRULED
            continue
        assert isinstance(route, APIRoute | APIWebSocketRoute), f"{route} is not under a rule"
        (rule,) = rules_of(route.dependant)
        is_socket = isinstance(route, APIWebSocketRoute)
        assert isinstance(rule, SocketRule if is_socket else Rule), route.path


def test_a_stranger_is_asked_to_sign_in_and_others_are_refused() -> None:
    stranger = Principal(PrincipalKind.anonymous, ANONYMOUS, DEFAULT_ROLES[ANONYMOUS])
    agent = Principal(PrincipalKind.session, "usr_1", DEFAULT_ROLES["agent"])
    with pytest.raises(SignInNeeded, match=r"cases\.read"):
        require(stranger, Permission.read_cases)
    with pytest.raises(Forbidden, match=r"users\.manage"):
        require(agent, Permission.manage_users)
    require(agent, Permission.read_cases)


def test_nobody_reads_more_than_the_widest() -> None:
    stranger = Principal(PrincipalKind.anonymous, ANONYMOUS, DEFAULT_ROLES[ANONYMOUS])
    customer = Principal(PrincipalKind.session, "usr_1", DEFAULT_ROLES["customer"])
    agent = Principal(PrincipalKind.session, "usr_2", DEFAULT_ROLES["agent"])
    assert read_as(stranger, None) == Audience.public
    assert read_as(customer, None) == Audience.customer
    assert read_as(agent, None) == Audience.internal
    assert read_as(agent, Audience.public) == Audience.public
    with pytest.raises(SignInNeeded):
        read_as(stranger, Audience.customer)
    with pytest.raises(Forbidden):
        read_as(customer, Audience.internal)


def test_the_roles_grow_from_stranger_to_administrator() -> None:
    assert DEFAULT_ROLES[ADMINISTRATOR] == EVERYTHING
    for narrow, wide in (
        (ANONYMOUS, "customer"),
        ("customer", "agent"),
        ("agent", "contributor"),
        ("contributor", "domain_expert"),
        ("domain_expert", "publisher"),
        ("agent", "manager"),
    ):
        assert DEFAULT_ROLES[narrow] < DEFAULT_ROLES[wide]
    raw = {name for name, given in DEFAULT_ROLES.items() if Permission.read_raw_cases in given}
    assert raw == {ADMINISTRATOR}
