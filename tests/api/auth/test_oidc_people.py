"""Who comes in through an identity provider, to which account, with which roles."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.auth import cookies
from api.auth.oidc_claims import claim_at
from kb.domain import AuditEntry, User, UserSession, UserState
from tests.api.auth.oidc_calls import (
    count_of,
    failed,
    make_person,
    refused,
    set_provider,
    sign_in,
    user_of,
)
from tests.api.auth.provider import OpenIdProvider
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in


@pytest.fixture
def client(oidc_client: TestClient) -> TestClient:
    """A browser without cookies; a provider that behaves and was never asked."""
    return oidc_client


def test_a_person_comes_in_with_the_roles_of_the_provider(
    client: TestClient, idp: OpenIdProvider
) -> None:
    person = idp.behaviour.person
    response = sign_in(client)
    assert response.status_code == 303
    assert response.headers["location"] == "/try"
    assert client.get("/api/v1/cases/en-0001").status_code == 200
    user = user_of(client, person["email"])
    assert user.subject == f"{idp.issuer}|{person['sub']}"
    assert (user.roles, user.name, user.language) == (["agent"], person["name"], "sl")
    assert (user.state, user.password_hash) == (UserState.active, None)
    assert user.signed_in_at is not None
    assert idp.client_auth[-1] == "client_secret_basic"


def test_the_second_time_it_is_the_same_account(client: TestClient, idp: OpenIdProvider) -> None:
    first = idp.behaviour.person
    sign_in(client)
    user = user_of(client, first["email"])
    idp.behaviour.person = first | {"name": "Jana Novak", "email": f"new-{first['email']}"}
    assert sign_in(client).status_code == 303
    again = user_of(client, f"new-{first['email']}")
    assert (again.id, again.name) == (user.id, "Jana Novak")
    assert count_of(client, first["email"]) == 0


def test_it_ends_where_one_was_going_but_on_this_server_only(client: TestClient) -> None:
    assert sign_in(client, "/a/locker-full?lang=sl").headers["location"] == "/a/locker-full?lang=sl"
    for outside in ("https://evil.example", "//evil.example", "/\\evil.example", "x" * 1500):
        assert sign_in(client, outside).headers["location"] == "/try"


def test_roles_follow_the_claims_at_every_sign_in(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    sign_in(client)
    idp.behaviour.person = person | {"realm_access": {"roles": ["kb-editors", "kb-agents"]}}
    sign_in(client)
    user = user_of(client, person["email"])
    assert user.roles == ["agent", "publisher"]
    idp.behaviour.person = person | {"realm_access": {"roles": []}}
    client.cookies.clear()
    refused(client, sign_in(client), 403, "gives you no role")
    assert user_of(client, person["email"]).roles == []
    with services_in(client).readers() as session:
        mine = select(UserSession).where(col(UserSession.user_id) == user.id)
        assert all(row.revoked_at for row in session.scalars(mine))
        changes = select(AuditEntry).where(
            col(AuditEntry.entity_id) == user.id, col(AuditEntry.action) == "set_roles"
        )
        assert [entry.details["new"] for entry in session.scalars(changes)] == [
            ["agent", "publisher"],
            [],
        ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("kb-agents", ["agent"]),
        (["kb-agents", 7, None, {"a": 1}], ["agent"]),
        (["administrator", "agent"], None),  # our own names mean nothing unless mapped
        ({"kb-agents": True}, None),
        (None, None),
    ],
)
def test_only_mapped_values_are_roles(
    client: TestClient, idp: OpenIdProvider, roles: Any, expected: list[str] | None
) -> None:
    idp.behaviour.person = make_person(realm_access={"roles": roles})
    response = sign_in(client)
    if expected is None:
        refused(client, response, 403, "gives you no role")
        assert count_of(client, idp.behaviour.person["email"]) == 0
    else:
        assert user_of(client, idp.behaviour.person["email"]).roles == expected


def test_without_a_roles_claim_roles_stay_ours(client: TestClient, idp: OpenIdProvider) -> None:
    set_provider(client, oidc_roles_claim="")
    person = idp.behaviour.person
    assert sign_in(client).status_code == 303
    assert user_of(client, person["email"]).roles == []
    with services_in(client).engine.session_factory.begin() as session:
        row = session.scalars(select(User).where(col(User.email) == person["email"])).one()
        row.roles = ["manager"]
    assert sign_in(client).status_code == 303
    assert user_of(client, person["email"]).roles == ["manager"]


def test_a_map_to_a_role_that_is_not_there_is_the_operators_mistake(client: TestClient) -> None:
    set_provider(client, oidc_role_map={"kb-agents": "agnet"})
    with capture_logs() as logs:
        failed(client, sign_in(client))
    assert {"unknown": ["agnet"], "log_level": "error", "event": "oidc_role_map"} in logs


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": {"c": 1}, "b.c": 2}),
        ("a.b.c", 2),  # the longer name goes first
        ("https://post.example/roles", ["x"]),
        ("https://post.example/deep.one", 3),
        ("a.x", None),
        ("n.a", None),
        ("", None),
    ],
)
def test_a_claim_is_found_at_a_dotted_path(path: str, expected: Any) -> None:
    claims = {
        "a": {"b": {"c": 1}, "b.c": 2},
        "https://post.example/roles": ["x"],
        "https://post.example/deep": {"one": 3},
        "n": 5,
    }
    assert claim_at(claims, path) == expected


def test_an_invited_account_is_linked_when_the_provider_vouches_for_the_email(
    client: TestClient, idp: OpenIdProvider
) -> None:
    person = idp.behaviour.person
    local = make_user(services_in(client).engine.session_factory, "manager")
    with services_in(client).engine.session_factory.begin() as session:
        row = session.get(User, local.id)
        assert row is not None
        row.state = UserState.invited
    idp.behaviour.person = person | {"email": local.email.upper()}
    assert sign_in(client).status_code == 303
    linked = user_of(client, local.email)
    assert (linked.id, linked.state) == (local.id, UserState.active)
    assert linked.subject == f"{idp.issuer}|{person['sub']}"
    assert linked.roles == ["agent"]  # the claims are the truth from now on


def test_what_is_not_linked(client: TestClient, idp: OpenIdProvider) -> None:
    sessions = services_in(client).engine.session_factory
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({}, {"email_verified": False}, "does not confirm"),
        ({}, {"email_verified": None}, "does not confirm"),
        ({}, {"email_verified": "false"}, "does not confirm"),
        ({}, {"email_verified": 1}, "does not confirm"),
        ({"subject": f"other|{secrets.token_hex(8)}"}, {}, "another identity"),
        ({"state": UserState.disabled}, {}, "disabled"),
        ({}, {"realm_access": {}}, "gives you no role"),
    ]
    for account, claims, text in cases:
        local = make_user(sessions, "manager")
        with sessions.begin() as session:
            row = session.get(User, local.id)
            assert row is not None
            for name, value in account.items():
                setattr(row, name, value)
        idp.behaviour.person = make_person(**{"email": local.email} | claims)
        client.cookies.clear()
        refused(client, sign_in(client), 403, text)
        after = user_of(client, local.email)
        assert after.roles == ["manager"]
        assert after.subject == account.get("subject")


def test_email_verified_speaks_of_the_email_claim_alone(
    client: TestClient, idp: OpenIdProvider
) -> None:
    set_provider(client, oidc_email_claim="upn")
    local = make_user(services_in(client).engine.session_factory, "manager")
    idp.behaviour.person = make_person(upn=local.email)  # `email` is verified, but another one
    refused(client, sign_in(client), 403, "does not confirm")
    fresh = f"{secrets.token_hex(6)}@lipa.example"
    idp.behaviour.person = make_person(upn=fresh, email=None, email_verified=None)
    assert sign_in(client).status_code == 303  # an account of its own takes nothing from others
    assert user_of(client, fresh).roles == ["agent"]


def test_new_people_only_where_they_are_allowed(client: TestClient, idp: OpenIdProvider) -> None:
    set_provider(client, oidc_allow_new=False)
    refused(client, sign_in(client), 403, "no account here yet")
    assert count_of(client, idp.behaviour.person["email"]) == 0
    set_provider(client)
    idp.behaviour.person = make_person(email_verified=False)
    refused(client, sign_in(client), 403, "does not confirm")
    for email in (None, "", "not an address", "@", "a@b c", 7, ["a@b"], "x" * 250 + "@a.example"):
        idp.behaviour.person = make_person(email=email)
        refused(client, sign_in(client), 403, "does not tell us your e-mail")


def test_who_is_known_needs_no_email(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    sign_in(client)
    idp.behaviour.person = {**person, "email": None, "email_verified": None, "name": None}
    client.cookies.clear()
    assert sign_in(client).status_code == 303
    assert user_of(client, person["email"]).name == person["name"]


def test_a_disabled_person_stays_outside(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    sign_in(client)
    with services_in(client).engine.session_factory.begin() as session:
        row = session.scalars(select(User).where(col(User.email) == person["email"])).one()
        row.state = UserState.disabled
    client.cookies.clear()
    refused(client, sign_in(client), 403, "disabled")


def test_userinfo_completes_what_the_token_leaves_out(
    client: TestClient, idp: OpenIdProvider
) -> None:
    person = idp.behaviour.person
    idp.asked.clear()
    assert sign_in(client).status_code == 303
    assert idp.asked["/userinfo"] == 0
    fresh = make_person()
    idp.behaviour.person = {"sub": fresh["sub"], "email_verified": True}
    idp.behaviour.userinfo = fresh
    assert sign_in(client).status_code == 303
    assert user_of(client, fresh["email"]).roles == ["agent"]
    client.cookies.clear()
    idp.behaviour.userinfo = fresh | {"sub": person["sub"]}
    failed(client, sign_in(client))
    # An address that userinfo names is not vouched for by the token.
    local = make_user(services_in(client).engine.session_factory, "manager")
    other = make_person(email=local.email, email_verified=None)
    idp.behaviour.person = {"sub": other["sub"], "email_verified": True}
    idp.behaviour.userinfo = other
    refused(client, sign_in(client), 403, "does not confirm")


def test_the_session_before_ends(client: TestClient) -> None:
    signed_in(client, make_user(services_in(client).engine.session_factory, "manager"))
    before = client.cookies.get(cookies.SESSION)
    assert sign_in(client).status_code == 303
    assert client.cookies.get(cookies.SESSION) != before
    client.cookies.set(cookies.SESSION, before or "", domain="127.0.0.1", path="/")
    problem(client.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")
