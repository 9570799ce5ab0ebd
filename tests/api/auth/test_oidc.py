"""Sign-in through an identity provider, against one that really signs and redirects."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select
from sqlmodel import col
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.auth import cookies, oidc_cookie
from api.auth.attempts import Attempts
from api.auth.oidc import offered
from api.auth.oidc_claims import claim_at
from api.auth.oidc_provider import Provider
from kb.config import Settings
from kb.domain import AuditEntry, User, UserSession, UserState, utc_now
from kb.secret_key import derived_key
from tests.api.auth.provider import CLIENT_ID, CLIENT_SECRET, Behaviour, OpenIdProvider, served
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in
from tests.site import ROOT

BASE = "https://127.0.0.1"
CALLBACK = "/sign-in/oidc/callback"
PAGE = {"accept": "text/html"}
ROLE_MAP = {"kb-agents": "agent", "kb-editors": "publisher", "kb-admins": "administrator"}


@pytest.fixture(scope="module")
def idp() -> Iterator[OpenIdProvider]:
    with served() as provider:
        yield provider


@pytest.fixture(scope="module")
def house(site: Settings, idp: OpenIdProvider) -> Iterator[TestClient]:
    """The closed application under https, with the provider set."""
    settings = site.model_copy(
        update={
            "open_access": False,
            "rate_limits": False,
            "public_url": BASE,
            "oidc_issuer": idp.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_roles_claim": "realm_access.roles",
            "oidc_role_map": ROLE_MAP,
            "oidc_allow_new": True,
            "oidc_label": "Lipa ID",
        }
    )
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture
def client(house: TestClient, idp: OpenIdProvider) -> Iterator[TestClient]:
    """A browser without cookies; a provider that behaves and was never asked."""
    house.cookies.clear()
    idp.behaviour = Behaviour(person=_person())
    _set(house)
    yield house
    _set(house)


def _set(client: TestClient, **changes: Any) -> None:
    """Other settings for a test; the provider is asked anew."""
    services = services_in(client)
    kept = services.__dict__.setdefault("kept_settings", services.settings)
    settings = kept.model_copy(update=changes)
    object.__setattr__(services, "settings", settings)
    object.__setattr__(services, "provider", Provider.of(settings))
    object.__setattr__(services, "attempts", Attempts())


def _person(**changes: Any) -> dict[str, Any]:
    word = secrets.token_hex(6)
    person = {
        "sub": f"sub-{word}",
        "email": f"{word}@lipa.example",
        "email_verified": True,
        "name": f"Jana {word}",
        "locale": "sl-SI",
        "realm_access": {"roles": ["kb-agents", "something-else"]},
    }
    return {name: value for name, value in (person | changes).items() if value is not None}


def _away(client: TestClient, wanted: str = "") -> str:
    """The address at the provider that the browser is sent to."""
    params = {"next": wanted} if wanted else {}
    response = client.get("/sign-in/oidc", params=params, follow_redirects=False)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def _back(address: str) -> str:
    """What the provider sends the browser back with: the path and query of the callback."""
    response = httpx.get(address)
    assert response.status_code == 302
    parts = urlsplit(response.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BASE + CALLBACK
    return f"{parts.path}?{parts.query}"


def _come_back(client: TestClient, address: str) -> Any:
    return _told(client, client.get(address, headers=PAGE, follow_redirects=False))


def _told(client: TestClient, response: Any) -> Any:
    """The response, or the page of a refusal that it leads to."""
    target = response.headers.get("location", "")
    if not target.startswith("/sign-in/oidc/refused?"):
        return response
    assert response.status_code == 303
    return client.get(target, headers=PAGE)


def _sign_in(client: TestClient, wanted: str = "") -> Any:
    return _come_back(client, _back(_away(client, wanted)))


def _refused(client: TestClient, response: Any, status: int, text: str) -> None:
    """Nobody is signed in, and the page says why; it gives away neither code nor state."""
    assert response.status_code == status, response.text
    assert text in response.text
    assert "code=" not in response.text + str(response.url)
    assert client.cookies.get(cookies.SESSION) is None


def _failed(client: TestClient, response: Any) -> None:
    _refused(client, response, 502, "The sign-in service gave no usable answer")


def _user(client: TestClient, email: str) -> User:
    with services_in(client).readers() as session:
        return session.scalars(select(User).where(col(User.email) == email)).one()


def _count(client: TestClient, email: str) -> int:
    with services_in(client).readers() as session:
        return len(session.scalars(select(User).where(col(User.email) == email)).all())


def test_a_person_comes_in_with_the_roles_of_the_provider(
    client: TestClient, idp: OpenIdProvider
) -> None:
    person = idp.behaviour.person
    response = _sign_in(client)
    assert response.status_code == 303
    assert response.headers["location"] == "/try"
    assert client.get("/api/v1/cases/en-0001").status_code == 200
    user = _user(client, person["email"])
    assert user.subject == f"{idp.issuer}|{person['sub']}"
    assert (user.roles, user.name, user.language) == (["agent"], person["name"], "sl")
    assert (user.state, user.password_hash) == (UserState.active, None)
    assert user.signed_in_at is not None
    assert idp.client_auth[-1] == "client_secret_basic"


def test_the_second_time_it_is_the_same_account(client: TestClient, idp: OpenIdProvider) -> None:
    first = idp.behaviour.person
    _sign_in(client)
    user = _user(client, first["email"])
    idp.behaviour.person = first | {"name": "Jana Novak", "email": f"new-{first['email']}"}
    assert _sign_in(client).status_code == 303
    again = _user(client, f"new-{first['email']}")
    assert (again.id, again.name) == (user.id, "Jana Novak")
    assert _count(client, first["email"]) == 0


def test_it_ends_where_one_was_going_but_on_this_server_only(client: TestClient) -> None:
    assert (
        _sign_in(client, "/a/locker-full?lang=sl").headers["location"] == "/a/locker-full?lang=sl"
    )
    for outside in ("https://evil.example", "//evil.example", "/\\evil.example", "x" * 1500):
        assert _sign_in(client, outside).headers["location"] == "/try"


def test_roles_follow_the_claims_at_every_sign_in(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    _sign_in(client)
    idp.behaviour.person = person | {"realm_access": {"roles": ["kb-editors", "kb-agents"]}}
    _sign_in(client)
    user = _user(client, person["email"])
    assert user.roles == ["agent", "publisher"]
    idp.behaviour.person = person | {"realm_access": {"roles": []}}
    client.cookies.clear()
    _refused(client, _sign_in(client), 403, "gives you no role")
    assert _user(client, person["email"]).roles == []
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
    idp.behaviour.person = _person(realm_access={"roles": roles})
    response = _sign_in(client)
    if expected is None:
        _refused(client, response, 403, "gives you no role")
        assert _count(client, idp.behaviour.person["email"]) == 0
    else:
        assert _user(client, idp.behaviour.person["email"]).roles == expected


def test_without_a_roles_claim_roles_stay_ours(client: TestClient, idp: OpenIdProvider) -> None:
    _set(client, oidc_roles_claim="")
    person = idp.behaviour.person
    assert _sign_in(client).status_code == 303
    assert _user(client, person["email"]).roles == []
    with services_in(client).engine.session_factory.begin() as session:
        row = session.scalars(select(User).where(col(User.email) == person["email"])).one()
        row.roles = ["manager"]
    assert _sign_in(client).status_code == 303
    assert _user(client, person["email"]).roles == ["manager"]


def test_a_map_to_a_role_that_is_not_there_is_the_operators_mistake(client: TestClient) -> None:
    _set(client, oidc_role_map={"kb-agents": "agnet"})
    with capture_logs() as logs:
        _failed(client, _sign_in(client))
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
    assert _sign_in(client).status_code == 303
    linked = _user(client, local.email)
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
        idp.behaviour.person = _person(**{"email": local.email} | claims)
        client.cookies.clear()
        _refused(client, _sign_in(client), 403, text)
        after = _user(client, local.email)
        assert after.roles == ["manager"]
        assert after.subject == account.get("subject")


def test_email_verified_speaks_of_the_email_claim_alone(
    client: TestClient, idp: OpenIdProvider
) -> None:
    _set(client, oidc_email_claim="upn")
    local = make_user(services_in(client).engine.session_factory, "manager")
    idp.behaviour.person = _person(upn=local.email)  # `email` is verified, but another one
    _refused(client, _sign_in(client), 403, "does not confirm")
    fresh = f"{secrets.token_hex(6)}@lipa.example"
    idp.behaviour.person = _person(upn=fresh, email=None, email_verified=None)
    assert _sign_in(client).status_code == 303  # an account of its own takes nothing from others
    assert _user(client, fresh).roles == ["agent"]


def test_new_people_only_where_they_are_allowed(client: TestClient, idp: OpenIdProvider) -> None:
    _set(client, oidc_allow_new=False)
    _refused(client, _sign_in(client), 403, "no account here yet")
    assert _count(client, idp.behaviour.person["email"]) == 0
    _set(client)
    idp.behaviour.person = _person(email_verified=False)
    _refused(client, _sign_in(client), 403, "does not confirm")
    for email in (None, "", "not an address", "@", "a@b c", 7, ["a@b"], "x" * 250 + "@a.example"):
        idp.behaviour.person = _person(email=email)
        _refused(client, _sign_in(client), 403, "does not tell us your e-mail")


def test_who_is_known_needs_no_email(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    _sign_in(client)
    idp.behaviour.person = {**person, "email": None, "email_verified": None, "name": None}
    client.cookies.clear()
    assert _sign_in(client).status_code == 303
    assert _user(client, person["email"]).name == person["name"]


def test_a_disabled_person_stays_outside(client: TestClient, idp: OpenIdProvider) -> None:
    person = idp.behaviour.person
    _sign_in(client)
    with services_in(client).engine.session_factory.begin() as session:
        row = session.scalars(select(User).where(col(User.email) == person["email"])).one()
        row.state = UserState.disabled
    client.cookies.clear()
    _refused(client, _sign_in(client), 403, "disabled")


Change = Callable[[dict[str, Any]], dict[str, Any]]


def _with(**changes: Any) -> Change:
    return lambda claims: {
        name: value for name, value in (claims | changes).items() if value is not None
    }


BAD_TOKENS: dict[str, dict[str, Any]] = {
    "another nonce": {"change": _with(nonce="x" * 43)},
    "no nonce": {"change": _with(nonce=None)},
    "another issuer": {"change": _with(iss="https://elsewhere.example")},
    "no issuer": {"change": _with(iss=None)},
    "another audience": {"change": _with(aud="somebody-else")},
    "many audiences, no party": {"change": _with(aud=["other", CLIENT_ID])},
    "another party": {"change": _with(aud=[CLIENT_ID], azp="other")},
    "no audience": {"change": _with(aud=None)},
    "expired": {"change": lambda c: c | {"iat": time.time() - 900, "exp": time.time() - 600}},
    "no expiry": {"change": _with(exp=None)},
    "expiry is a word": {"change": _with(exp="never")},
    "issued tomorrow": {"change": lambda c: c | {"iat": time.time() + 86_400}},
    "not valid yet": {"change": lambda c: c | {"nbf": time.time() + 86_400}},
    "no subject": {"change": _with(sub=None)},
    "empty subject": {"change": _with(sub="")},
    "subject is a number": {"change": _with(sub=7)},
    "subject is endless": {"change": _with(sub="s" * 600)},
    "another access token": {"change": _with(at_hash="x" * 22)},
    "alg none": {"algorithm": "none"},
    "HS256 with the public key": {"algorithm": "HS256"},
    "PS256": {"algorithm": "PS256"},
    "no key id": {"header": {"kid": "rsa-of-yesterday"}},
    "a key of another kind": {"header": {"kid": "ec-1"}},
    "a key that is broken": {"header": {"kid": "broken"}},
    "a critical header": {"header": {"crit": ["x"], "x": 1}},
    "no ID token": {"sends_id_token": False},
    "not JSON": {"token_answer": (200, b"<html>")},
    "a list": {"token_answer": (200, b"[]")},
    "deep": {"token_answer": (200, b"[" * 100_000)},
    "refused": {"token_answer": (400, b'{"error": "invalid_grant"}')},
    "down": {"token_answer": (503, b"")},
    "not a token": {"token_answer": (200, b'{"id_token": "x.y.z"}')},
    "a number": {"token_answer": (200, b'{"id_token": 7}')},
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_tokens_that_are_not_taken(client: TestClient, idp: OpenIdProvider, name: str) -> None:
    for what, value in BAD_TOKENS[name].items():
        setattr(idp.behaviour, what, value)
    _failed(client, _sign_in(client))
    assert _count(client, idp.behaviour.person["email"]) == 0


def test_the_same_token_is_taken_when_nothing_is_wrong_with_it(
    client: TestClient, idp: OpenIdProvider
) -> None:
    """The counterpart: what the refusals above have in common is not the reason for them."""
    good: list[dict[str, Any]] = [
        {"change": _with()},
        {"change": _with(aud=[CLIENT_ID])},
        {"change": _with(aud=[CLIENT_ID, "other"], azp=CLIENT_ID)},
        {"change": lambda c: c | {"exp": time.time() - 30}},  # clocks differ a little
        {"change": _with(at_hash=None)},
        {"algorithm": "ES256"},
        {"header": {"kid": None}},  # one key fits
    ]
    for values in good:
        idp.behaviour = Behaviour(person=_person(), **values)
        client.cookies.clear()
        assert _sign_in(client).status_code == 303, values


def test_a_signature_of_another_key_is_not_taken(client: TestClient, idp: OpenIdProvider) -> None:
    with served() as other:
        other.behaviour = Behaviour(header={"kid": idp.rsa.kid})
        kept = idp.sign
        idp.sign = other.sign  # type: ignore[method-assign]
        try:
            _failed(client, _sign_in(client))
        finally:
            idp.sign = kept  # type: ignore[method-assign]


def test_a_rotated_key_is_looked_for_once(client: TestClient, idp: OpenIdProvider) -> None:
    idp.asked.clear()
    for _ in range(3):
        assert _sign_in(client).status_code == 303
    assert (idp.asked["/jwks"], idp.asked["/.well-known/openid-configuration"]) == (1, 1)
    idp.rotate()
    assert _sign_in(client).status_code == 303
    assert idp.asked["/jwks"] == 2
    idp.behaviour.header = {"kid": "never-was"}
    for _ in range(3):
        _come_back(client, _back(_away(client)))
    assert idp.asked["/jwks"] == 2  # whoever names keys that are not there causes no flood


def test_a_code_works_once(client: TestClient) -> None:
    address = _back(_away(client))
    cookie = client.cookies.get(oidc_cookie.NAME)
    assert cookie is not None
    assert _come_back(client, address).status_code == 303
    client.cookies.clear()
    _refused(client, _come_back(client, address), 400, "not begun in this browser")
    client.cookies.set(oidc_cookie.NAME, cookie, domain="127.0.0.1", path="/")
    _failed(client, _come_back(client, address))  # the provider knows


def test_a_code_of_another_browser_is_not_redeemed(client: TestClient, idp: OpenIdProvider) -> None:
    mine = _back(_away(client))
    client.cookies.clear()
    _back(_away(client))  # a second browser begins
    idp.asked.clear()
    _refused(client, _come_back(client, mine), 400, "not begun in this browser")
    assert idp.asked["/token"] == 0
    code = parse_qs(urlsplit(mine).query)["code"][0]
    theirs = parse_qs(urlsplit(_back(_away(client))).query)["state"][0]
    stolen = f"{CALLBACK}?code={code}&state={theirs}"  # right state, another's code: PKCE
    _failed(client, _come_back(client, stolen))


@pytest.mark.parametrize("state", ["", "x", "x" * 43, "\ud800", "%00"])
def test_a_state_that_is_not_the_one_sent(
    client: TestClient, idp: OpenIdProvider, state: str
) -> None:
    _away(client)
    params = {"code": "c", "state": state.encode("utf-8", "replace").decode()}
    response = client.get(CALLBACK, params=params, headers=PAGE, follow_redirects=False)
    _refused(client, _told(client, response), 400, "not begun in this browser")
    idp.behaviour.state = "swapped"
    _refused(client, _sign_in(client), 400, "not begun in this browser")


def test_the_cookie_is_signed_short_lived_and_spent(client: TestClient) -> None:
    response = client.get("/sign-in/oidc", follow_redirects=False)
    [header] = [h for h in response.headers.get_list("set-cookie") if oidc_cookie.NAME in h]
    for part in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert part in header
    assert "Domain" not in header
    address = _back(response.headers["location"])
    verifier_or_nonce = parse_qs(urlsplit(response.headers["location"]).query)["nonce"][0]
    assert verifier_or_nonce not in header
    services = services_in(client)
    state = parse_qs(urlsplit(address).query)["state"][0]
    now = int(utc_now().timestamp())
    good = {"aud": "potica-oidc", "iat": now, "exp": now + 60, "state": state, "next": ""}
    own = derived_key(services.secret, "oidc")
    late = int((utc_now() - timedelta(seconds=1)).timestamp())

    def cookie(key: bytes, **changes: Any) -> str:
        key_ = OctKey.import_key(key)
        return jwt.encode({"alg": "HS256"}, good | changes, key_, algorithms=["HS256"])

    for bad in (
        "",
        "x",
        "a.b.c",
        cookie(b"k" * 32),
        cookie(derived_key(services.secret, "widget")),
        cookie(own, exp=late),
        cookie(own, aud="potica-widget"),
    ):
        client.cookies.clear()
        client.cookies.set(oidc_cookie.NAME, bad, domain="127.0.0.1", path="/")
        _refused(client, _come_back(client, address), 400, "not begun in this browser")
    client.cookies.clear()
    client.cookies.set(oidc_cookie.NAME, cookie(own), domain="127.0.0.1", path="/")
    done = _come_back(client, address)
    assert done.status_code == 303
    spent = [h for h in done.headers.get_list("set-cookie") if oidc_cookie.NAME in h]
    assert "Max-Age=0" in spent[0]


def test_what_the_provider_says_instead_of_a_code(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.error = "access_denied"
    _refused(client, _sign_in(client), 403, "You stopped signing in")
    for error in ("server_error", "<script>alert(1)</script>", "x" * 5000):
        idp.behaviour.error = error
        with capture_logs() as logs:
            response = _sign_in(client)
        _failed(client, response)
        assert "<script>alert" not in response.text
        assert "<script>alert" not in str(logs)
    idp.behaviour.error = None
    address = _back(_away(client))
    _failed(client, _come_back(client, address.replace("code=", "kode=")))


def test_the_issuer_beside_the_code_is_checked(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.iss = idp.issuer
    assert _sign_in(client).status_code == 303
    client.cookies.clear()
    idp.behaviour.iss = "https://elsewhere.example"
    _failed(client, _sign_in(client))
    idp.behaviour.iss = None
    idp.behaviour.document = {"authorization_response_iss_parameter_supported": True}
    _set(client)
    _failed(client, _sign_in(client))


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": "ftp://127.0.0.1/"},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_discovery_document_that_is_not_taken(
    client: TestClient, idp: OpenIdProvider, document: dict[str, Any]
) -> None:
    idp.behaviour.document = document
    for _ in range(2):  # the second time nobody is asked
        _failed(client, _come_back(client, "/sign-in/oidc"))


def test_a_provider_on_another_private_host_is_not_asked(
    client: TestClient, idp: OpenIdProvider
) -> None:
    with served() as other:
        idp.behaviour.document = {"token_endpoint": f"{other.issuer}/token"}
        _failed(client, _sign_in(client))
        assert other.asked["/token"] == 0


def test_a_provider_that_is_away(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.is_down = True
    idp.asked.clear()
    for _ in range(3):
        _failed(client, _come_back(client, "/sign-in/oidc"))
    assert sum(idp.asked.values()) == 1


def test_who_brings_bad_codes_is_asked_to_wait(client: TestClient, idp: OpenIdProvider) -> None:
    idp.asked.clear()
    state = parse_qs(urlsplit(_back(_away(client))).query)["state"][0]
    cookie = client.cookies.get(oidc_cookie.NAME) or ""
    for _ in range(60):
        client.cookies.set(oidc_cookie.NAME, cookie, domain="127.0.0.1", path="/")
        client.get(f"{CALLBACK}?state={state}&code=guessed", follow_redirects=False)
    assert idp.asked["/token"] == 60
    refused = _sign_in(client)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 60
    assert idp.asked["/token"] == 60


def test_userinfo_completes_what_the_token_leaves_out(
    client: TestClient, idp: OpenIdProvider
) -> None:
    person = idp.behaviour.person
    idp.asked.clear()
    assert _sign_in(client).status_code == 303
    assert idp.asked["/userinfo"] == 0
    fresh = _person()
    idp.behaviour.person = {"sub": fresh["sub"], "email_verified": True}
    idp.behaviour.userinfo = fresh
    assert _sign_in(client).status_code == 303
    assert _user(client, fresh["email"]).roles == ["agent"]
    client.cookies.clear()
    idp.behaviour.userinfo = fresh | {"sub": person["sub"]}
    _failed(client, _sign_in(client))
    # An address that userinfo names is not vouched for by the token.
    local = make_user(services_in(client).engine.session_factory, "manager")
    other = _person(email=local.email, email_verified=None)
    idp.behaviour.person = {"sub": other["sub"], "email_verified": True}
    idp.behaviour.userinfo = other
    _refused(client, _sign_in(client), 403, "does not confirm")


def test_how_the_client_says_who_it_is(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    _set(client)
    assert _sign_in(client).status_code == 303
    assert idp.client_auth[-1] == "client_secret_post"
    _set(client, oidc_client_secret="")
    assert _sign_in(client).status_code == 303
    assert idp.client_auth[-1] == "none"


def test_the_redirect_address_is_exactly_the_public_one(client: TestClient) -> None:
    _set(client, public_url=f"{BASE}/")
    asked = parse_qs(urlsplit(_away(client)).query)
    assert asked["redirect_uri"] == [BASE + CALLBACK]
    assert asked["scope"] == ["openid email profile"]
    host = {"host": "localhost"}  # whatever name the visitor came under
    response = client.get("/sign-in/oidc", headers=host, follow_redirects=False)
    assert parse_qs(urlsplit(response.headers["location"]).query)["redirect_uri"] == [
        BASE + CALLBACK
    ]


def test_the_session_before_ends(client: TestClient) -> None:
    signed_in(client, make_user(services_in(client).engine.session_factory, "manager"))
    before = client.cookies.get(cookies.SESSION)
    assert _sign_in(client).status_code == 303
    assert client.cookies.get(cookies.SESSION) != before
    client.cookies.set(cookies.SESSION, before or "", domain="127.0.0.1", path="/")
    problem(client.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")


def test_logs_hold_no_secrets(client: TestClient, idp: OpenIdProvider) -> None:
    with capture_logs() as logs:
        _sign_in(client)
        idp.behaviour.change = _with(nonce="x")
        address = _back(_away(client))
        _come_back(client, address)
        idp.behaviour.token_answer = (400, b'{"error": "invalid_grant"}')
        _sign_in(client)
    text = json.dumps(logs, default=str)
    assert "InvalidClaimError:nonce" in text
    assert "OAuth2Error:invalid_grant" in text
    for secret in (
        CLIENT_SECRET,
        idp.behaviour.person["email"],
        idp.behaviour.person["sub"],
        *(values[0] for values in parse_qs(urlsplit(address).query).values()),
    ):
        assert secret not in text


def test_the_page_speaks_the_visitors_language(client: TestClient) -> None:
    response = client.get("/sign-in/oidc/refused?why=no_role&number=abc-1&ui=sl", headers=PAGE)
    assert response.status_code == 403
    assert "abc-1" in response.text
    assert "Niste prijavljeni" in response.text
    assert "Prijava prek Lipa ID" in response.text


def test_the_sign_in_page_has_a_button_for_it(client: TestClient, closed: TestClient) -> None:
    page = client.get("/sign-in?next=/a/locker-full", headers=PAGE).text
    assert 'href="/sign-in/oidc?next=%2Fa%2Flocker-full"' in page
    assert "Sign in with Lipa ID" in page
    assert "/sign-in/oidc" not in closed.get("/sign-in", headers=PAGE).text


def test_every_setting_is_described() -> None:
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    names = {name for name in Settings.model_fields if name.startswith(("oidc_", "embed_"))}
    assert len(names) >= 11
    assert {name for name in names if f"`POTICA_{name.upper()}`" not in page} == set()


def test_it_is_offered_only_when_it_is_set(house: TestClient, closed: TestClient) -> None:
    settings = services_in(house).settings
    assert offered(settings) == "Lipa ID"
    assert offered(settings.model_copy(update={"oidc_label": ""})) == "127.0.0.1"
    assert offered(settings.model_copy(update={"oidc_client_id": ""})) is None
    assert offered(services_in(closed).settings) is None
    for path in ("/sign-in/oidc", CALLBACK, "/sign-in/oidc/refused?why=failed"):
        assert closed.get(path, headers=PAGE).status_code == 404
