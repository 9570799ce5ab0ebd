"""The protocol of signing in, against a provider that really signs and redirects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.auth import oidc_cookie
from api.auth.oidc import offered
from kb.config import Settings
from kb.domain import utc_now
from kb.secret_key import derived_key
from tests.api.auth.oidc_calls import (
    BASE,
    CALLBACK,
    PAGE,
    away,
    back,
    come_back,
    count_of,
    failed,
    make_person,
    refused,
    set_provider,
    sign_in,
    told,
)
from tests.api.auth.provider import CLIENT_ID, CLIENT_SECRET, Behaviour, OpenIdProvider, served
from tests.api.people import services_in
from tests.site import ROOT


@pytest.fixture
def client(oidc_client: TestClient) -> TestClient:
    """A browser without cookies; a provider that behaves and was never asked."""
    return oidc_client


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
    failed(client, sign_in(client))
    assert count_of(client, idp.behaviour.person["email"]) == 0


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
        idp.behaviour = Behaviour(person=make_person(), **values)
        client.cookies.clear()
        assert sign_in(client).status_code == 303, values


def test_a_signature_of_another_key_is_not_taken(client: TestClient, idp: OpenIdProvider) -> None:
    with served() as other:
        other.behaviour = Behaviour(header={"kid": idp.rsa.kid})
        kept = idp.sign
        idp.sign = other.sign  # type: ignore[method-assign]
        try:
            failed(client, sign_in(client))
        finally:
            idp.sign = kept  # type: ignore[method-assign]


def test_a_rotated_key_is_looked_for_once(client: TestClient, idp: OpenIdProvider) -> None:
    idp.asked.clear()
    for _ in range(3):
        assert sign_in(client).status_code == 303
    assert (idp.asked["/jwks"], idp.asked["/.well-known/openid-configuration"]) == (1, 1)
    idp.rotate()
    assert sign_in(client).status_code == 303
    assert idp.asked["/jwks"] == 2
    idp.behaviour.header = {"kid": "never-was"}
    for _ in range(3):
        come_back(client, back(away(client)))
    assert idp.asked["/jwks"] == 2  # whoever names keys that are not there causes no flood


def test_a_code_works_once(client: TestClient) -> None:
    address = back(away(client))
    cookie = client.cookies.get(oidc_cookie.NAME)
    assert cookie is not None
    assert come_back(client, address).status_code == 303
    client.cookies.clear()
    refused(client, come_back(client, address), 400, "not begun in this browser")
    client.cookies.set(oidc_cookie.NAME, cookie, domain="127.0.0.1", path="/")
    failed(client, come_back(client, address))  # the provider knows


def test_a_code_of_another_browser_is_not_redeemed(client: TestClient, idp: OpenIdProvider) -> None:
    mine = back(away(client))
    client.cookies.clear()
    back(away(client))  # a second browser begins
    idp.asked.clear()
    refused(client, come_back(client, mine), 400, "not begun in this browser")
    assert idp.asked["/token"] == 0
    code = parse_qs(urlsplit(mine).query)["code"][0]
    theirs = parse_qs(urlsplit(back(away(client))).query)["state"][0]
    stolen = f"{CALLBACK}?code={code}&state={theirs}"  # right state, another's code: PKCE
    failed(client, come_back(client, stolen))


@pytest.mark.parametrize("state", ["", "x", "x" * 43, "\ud800", "%00"])
def test_a_state_that_is_not_the_one_sent(
    client: TestClient, idp: OpenIdProvider, state: str
) -> None:
    away(client)
    params = {"code": "c", "state": state.encode("utf-8", "replace").decode()}
    response = client.get(CALLBACK, params=params, headers=PAGE, follow_redirects=False)
    refused(client, told(client, response), 400, "not begun in this browser")
    idp.behaviour.state = "swapped"
    refused(client, sign_in(client), 400, "not begun in this browser")


def test_the_cookie_is_signed_short_lived_and_spent(client: TestClient) -> None:
    response = client.get("/sign-in/oidc", follow_redirects=False)
    [header] = [h for h in response.headers.get_list("set-cookie") if oidc_cookie.NAME in h]
    for part in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert part in header
    assert "Domain" not in header
    address = back(response.headers["location"])
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
        refused(client, come_back(client, address), 400, "not begun in this browser")
    client.cookies.clear()
    client.cookies.set(oidc_cookie.NAME, cookie(own), domain="127.0.0.1", path="/")
    done = come_back(client, address)
    assert done.status_code == 303
    spent = [h for h in done.headers.get_list("set-cookie") if oidc_cookie.NAME in h]
    assert "Max-Age=0" in spent[0]


def test_what_the_provider_says_instead_of_a_code(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.error = "access_denied"
    refused(client, sign_in(client), 403, "You stopped signing in")
    for error in ("server_error", "<script>alert(1)</script>", "x" * 5000):
        idp.behaviour.error = error
        with capture_logs() as logs:
            response = sign_in(client)
        failed(client, response)
        assert "<script>alert" not in response.text
        assert "<script>alert" not in str(logs)
    idp.behaviour.error = None
    address = back(away(client))
    failed(client, come_back(client, address.replace("code=", "kode=")))


def test_the_issuer_beside_the_code_is_checked(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.iss = idp.issuer
    assert sign_in(client).status_code == 303
    client.cookies.clear()
    idp.behaviour.iss = "https://elsewhere.example"
    failed(client, sign_in(client))
    idp.behaviour.iss = None
    idp.behaviour.document = {"authorization_response_iss_parameter_supported": True}
    set_provider(client)
    failed(client, sign_in(client))


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
        failed(client, come_back(client, "/sign-in/oidc"))


def test_a_provider_on_another_private_host_is_not_asked(
    client: TestClient, idp: OpenIdProvider
) -> None:
    with served() as other:
        idp.behaviour.document = {"token_endpoint": f"{other.issuer}/token"}
        failed(client, sign_in(client))
        assert other.asked["/token"] == 0


def test_a_provider_that_is_away(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.is_down = True
    idp.asked.clear()
    for _ in range(3):
        failed(client, come_back(client, "/sign-in/oidc"))
    assert sum(idp.asked.values()) == 1


def test_who_brings_bad_codes_is_asked_to_wait(client: TestClient, idp: OpenIdProvider) -> None:
    idp.asked.clear()
    state = parse_qs(urlsplit(back(away(client))).query)["state"][0]
    cookie = client.cookies.get(oidc_cookie.NAME) or ""
    for _ in range(60):
        client.cookies.set(oidc_cookie.NAME, cookie, domain="127.0.0.1", path="/")
        client.get(f"{CALLBACK}?state={state}&code=guessed", follow_redirects=False)
    assert idp.asked["/token"] == 60
    refused = sign_in(client)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 60
    assert idp.asked["/token"] == 60


def test_how_the_client_says_who_it_is(client: TestClient, idp: OpenIdProvider) -> None:
    idp.behaviour.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    set_provider(client)
    assert sign_in(client).status_code == 303
    assert idp.client_auth[-1] == "client_secret_post"
    set_provider(client, oidc_client_secret="")
    assert sign_in(client).status_code == 303
    assert idp.client_auth[-1] == "none"


def test_the_redirect_address_is_exactly_the_public_one(client: TestClient) -> None:
    set_provider(client, public_url=f"{BASE}/")
    asked = parse_qs(urlsplit(away(client)).query)
    assert asked["redirect_uri"] == [BASE + CALLBACK]
    assert asked["scope"] == ["openid email profile"]
    host = {"host": "localhost"}  # whatever name the visitor came under
    response = client.get("/sign-in/oidc", headers=host, follow_redirects=False)
    assert parse_qs(urlsplit(response.headers["location"]).query)["redirect_uri"] == [
        BASE + CALLBACK
    ]


def test_logs_hold_no_secrets(client: TestClient, idp: OpenIdProvider) -> None:
    with capture_logs() as logs:
        sign_in(client)
        idp.behaviour.change = _with(nonce="x")
        address = back(away(client))
        come_back(client, address)
        idp.behaviour.token_answer = (400, b'{"error": "invalid_grant"}')
        sign_in(client)
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


def test_it_is_offered_only_when_it_is_set(oidc_house: TestClient, closed: TestClient) -> None:
    settings = services_in(oidc_house).settings
    assert offered(settings) == "Lipa ID"
    assert offered(settings.model_copy(update={"oidc_label": ""})) == "127.0.0.1"
    assert offered(settings.model_copy(update={"oidc_client_id": ""})) is None
    assert offered(services_in(closed).settings) is None
    for path in ("/sign-in/oidc", CALLBACK, "/sign-in/oidc/refused?why=failed"):
        assert closed.get(path, headers=PAGE).status_code == 404
