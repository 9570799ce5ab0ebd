"""Zendesk's signed request: whose word is taken, for whom, and only once."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.edge.rates import Cost, cost_of
from kb.config import Settings
from kb.domain import UserState
from tests.api.auth.widget_calls import BASE, CASE, bearer, change_user, check_refused, claims_of
from tests.api.auth.zendesk_calls import (
    API_TOKEN,
    API_USER,
    OTHER_KEY,
    ZendeskAccount,
    public_pem,
    signed_by_secret,
    unsigned,
    zendesk_account,
)
from tests.api.people import make_user, services_in, signed_in

PATH = "/embed/zendesk"


@pytest.fixture(scope="module")
def account() -> Iterator[ZendeskAccount]:
    with zendesk_account() as account:
        yield account


@pytest.fixture(scope="module")
def desk(site: Settings, account: ZendeskAccount) -> Iterator[TestClient]:
    """The closed application under https that trusts one installation in Zendesk."""
    settings = site.model_copy(
        update={
            "open_access": False,
            "rate_limits": False,
            "public_url": BASE,
            "embed_origins": (account.origin,),
            "zendesk_public_key": public_pem(),
            "zendesk_audience": account.audience,
            "zendesk_api_user": API_USER,
            "zendesk_api_token": API_TOKEN,
        }
    )
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture
def client(desk: TestClient, account: ZendeskAccount) -> TestClient:
    desk.cookies.clear()
    account.users.clear()
    account.asked.clear()
    return desk


@pytest.fixture
def sessions(client: TestClient) -> sessionmaker[Session]:
    return services_in(client).engine.session_factory


def _send(client: TestClient, account: ZendeskAccount, token: str) -> Any:
    """As a browser sends the form that a page of Zendesk holds."""
    headers = {"origin": account.origin, "sec-fetch-site": "cross-site"}
    return client.post(PATH, data={"token": token}, headers=headers)


def _served(page: str) -> dict[str, Any]:
    found = re.search(r'<meta name="potica-embed" content="([^"]*)"', page)
    assert found is not None
    values: dict[str, Any] = json.loads(html.unescape(found[1]))
    return values


def _refusal(client: TestClient, account: ZendeskAccount, token: str) -> str:
    with capture_logs() as logs:
        response = _send(client, account, token)
    assert response.status_code == 401
    assert "token" not in _served(response.text)
    [told] = [entry for entry in logs if entry["event"] == "zendesk_refused"]
    assert token not in str(logs) or not token
    reason: str = told["reason"]
    return reason


def test_an_agent_is_known_by_the_signed_e_mail(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    response = _send(client, account, account.signed(email=agent.email))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    token = _served(response.text)["token"]
    claims = claims_of(token)
    assert (claims["user"], claims["origin"]) == (agent.id, account.origin)
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    renewed = client.post("/api/v1/widget-tokens/renew", headers=bearer(token))
    assert claims_of(renewed.json()["token"])["helpdesk"] == account.audience
    assert account.asked == []


def test_else_zendesk_is_asked_who_it_is(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    address = account.add_user(35, email=agent.email)
    token = _served(_send(client, account, account.signed(sub=address)).text)["token"]
    assert claims_of(token)["user"] == agent.id
    login = base64.b64encode(f"{API_USER}/token:{API_TOKEN}".encode()).decode()
    assert account.asked == [f"Basic {login}"]


@pytest.mark.parametrize(
    "person",
    [
        {"role": "end-user"},
        {"active": False},
        {"verified": False},
        {"email": None},
        {"email": 7},
    ],
)
def test_who_is_no_agent_there_is_none_here(
    client: TestClient,
    account: ZendeskAccount,
    sessions: sessionmaker[Session],
    person: dict[str, Any],
) -> None:
    agent = make_user(sessions, "agent")
    address = account.add_user(36, **{"email": agent.email} | person)
    assert _refusal(client, account, account.signed(sub=address)) == "no_staff"


def test_nobody_else_is_asked(client: TestClient, account: ZendeskAccount) -> None:
    for subject in ("https://evil.example/api/v2/users/1.json", "1", f"{account.origin}.evil/x"):
        assert _refusal(client, account, account.signed(sub=subject)) == "other_subject"
    gone = f"{account.origin}/api/v2/users/404.json"
    assert _refusal(client, account, account.signed(sub=gone)) == "no_staff"


def test_it_counts_once(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    text = account.signed(email=agent.email)
    assert _send(client, account, text).status_code == 200
    assert _refusal(client, account, text) == "replayed"
    now = int(time.time())
    again = account.signed(email=agent.email, jti="the-same", iat=now)
    assert _send(client, account, again).status_code == 200
    assert (
        _refusal(client, account, account.signed(email=agent.email, jti="the-same")) == "replayed"
    )


def test_what_is_not_zendesks_word_is_not_taken(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    email = make_user(sessions, "agent").email
    now = int(time.time())
    good = account.signed(email=email)
    head, body, signature = good.split(".")
    confused = signed_by_secret(account.claims(email=email), public_pem())
    for bad in (
        "",
        "x",
        "é.é.é",
        unsigned(account.claims(email=email)),
        confused,
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        account.signed(OTHER_KEY, email=email),
        account.signed(algorithm="RS512", email=email),
        account.signed(email=email, exp=now - 60),
        account.signed(email=email, nbf=now + 600),
        account.signed(email=email, aud=account.audience.replace("7", "8")),
        account.signed(email=email, aud=None),
        account.signed(email=email, exp=None),
        account.signed(email=email, jti=None),
        account.signed(email=email, jti=7),
        account.signed(email=email, sub=None),
        account.signed(email=["x"]),
    ):
        assert _refusal(client, account, bad).startswith("token:"), bad
    other = account.signed(email=email, iss="evil.zendesk.com")
    assert _refusal(client, account, other) == "other_issuer"
    assert _send(client, account, good).status_code == 200


def test_people_without_an_account_or_a_right_get_none(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    assert _refusal(client, account, account.signed(email="nobody@lipa.example")) == "no_account"
    gone = make_user(sessions, "agent")
    change_user(sessions, gone, state=UserState.disabled)
    assert _refusal(client, account, account.signed(email=gone.email)) == "no_account"
    customer = make_user(sessions, "customer")
    assert _refusal(client, account, account.signed(email=customer.email)) == "may_not"


def test_what_is_behind_it_counts_at_every_use(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    token = _served(_send(client, account, account.signed(email=agent.email)).text)["token"]
    settings = services_in(client).settings
    for name in ("zendesk_audience", "embed_origins"):
        kept = getattr(settings, name)
        object.__setattr__(settings, name, type(kept)())
        try:
            check_refused(client, token)
        finally:
            object.__setattr__(settings, name, kept)
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    change_user(sessions, agent, state=UserState.disabled)
    check_refused(client, token)


def test_only_pages_of_the_helpdesk_send_it(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    for origin in ("https://evil.example", "null", account.origin + ".evil.example"):
        data = {"token": account.signed(email=agent.email)}
        refused = client.post(PATH, data=data, headers={"origin": origin})
        assert refused.status_code == 403
    for path in ("/embed/sign-in", "/sign-in", "/api/v1/session"):
        assert client.post(path, json={}, headers={"origin": account.origin}).status_code == 403


def test_a_session_beside_it_is_not_used(
    client: TestClient, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    signed_in(client, make_user(sessions, "administrator"))
    refused = _send(client, account, account.signed(email="nobody@lipa.example"))
    assert refused.status_code == 403  # a write in a session, without the session's token


def test_an_office_behind_one_address_may_open_many_tickets() -> None:
    assert cost_of("POST", PATH) == Cost.read
    assert cost_of("POST", "/embed/sign-in") == Cost.write


def test_without_a_signature_the_sidebar_comes_without_a_token(client: TestClient) -> None:
    page = client.get(PATH, params={"origin": "https://x.zendesk.com", "app_guid": "g"})
    assert page.status_code == 200
    assert "token" not in _served(page.text)


def test_a_server_that_trusts_no_zendesk(
    site: Settings, account: ZendeskAccount, sessions: sessionmaker[Session]
) -> None:
    settings = site.model_copy(update={"open_access": False, "embed_origins": (account.origin,)})
    email = make_user(sessions, "agent").email
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert _refusal(client, account, account.signed(email=email)) == "not_configured"
