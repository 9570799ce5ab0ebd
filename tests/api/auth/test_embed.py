"""What the sidebar's page is told: a token for whom, inside which site, and for how long again."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.widget import signer_of
from api.auth.widget_token import TOTAL_LIFE, WidgetGrant
from kb.actions.sessions import revoke_session
from kb.domain import User, utc_now
from kb.passwords import new_password
from tests.api.auth.widget_calls import (
    BASE,
    CASE,
    CRM,
    DESK,
    TOKENS,
    agent_token,
    bearer,
    check_refused,
    claims_of,
    make_key,
)
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

STRANGE = "https://evil.example"
STATE = "a" * 32
PASSWORD = "river maple copper plum"


@pytest.fixture
def client(widget_house: TestClient) -> TestClient:
    widget_house.cookies.clear()
    return widget_house


@pytest.fixture
def sessions(client: TestClient) -> sessionmaker[Session]:
    return services_in(client).engine.session_factory


def _served(client: TestClient, **headers: str) -> dict[str, Any]:
    page = client.get("/embed", headers={name.replace("_", "-"): v for name, v in headers.items()})
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r'<meta name="potica-embed" content="([^"]*)"', page.text)
    assert found is not None
    values: dict[str, Any] = json.loads(html.unescape(found[1]))
    return values


def _keep(client: TestClient, token: str) -> str:
    """The cookie that remembers the sidebar; its text."""
    response = client.post(f"{TOKENS}/keep", headers=bearer(token))
    assert response.status_code == 204
    [given] = [
        text for text in response.headers.get_list("set-cookie") if text.startswith(cookies.WIDGET)
    ]
    for rule in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert f"; {rule}" in given
    client.cookies.clear()
    return SimpleCookie(given.replace("; Partitioned", ""))[cookies.WIDGET].value


def _show(client: TestClient, kept: str, referer: str = f"{DESK}/") -> dict[str, Any]:
    return _served(
        client, cookie=f"{cookies.WIDGET}={kept}", referer=referer, sec_fetch_site="cross-site"
    )


def test_on_our_own_pages_the_session_is_enough(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    signed_in(client, agent)
    for headers in ({"sec_fetch_site": "same-origin"}, {"sec_fetch_dest": "document"}):
        token = _served(client, **headers)["token"]
        assert (claims_of(token)["user"], claims_of(token)["origin"]) == (agent.id, BASE)
        client.cookies.clear()
        assert client.get(CASE, headers=bearer(token)).status_code == 200
        signed_in(client, agent)


def test_inside_another_site_it_is_for_that_site(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    signed_in(client, make_user(sessions, "agent"))
    told = _served(client, referer=f"{CRM}/tickets/1?q=x", sec_fetch_site="same-site")
    assert claims_of(told["token"])["origin"] == CRM
    assert told["origins"] == [DESK, CRM]
    for referer in (f"{STRANGE}/", "null", "", "https://[", f"{DESK}.evil.example/"):
        assert "token" not in _served(client, referer=referer, sec_fetch_site="cross-site")


def test_who_is_not_signed_in_or_may_not_gets_none(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    assert "token" not in _served(client, sec_fetch_site="same-origin")
    signed_in(client, make_user(sessions, "customer"))
    assert "token" not in _served(client, sec_fetch_site="same-origin")


def test_a_remembered_sidebar_gets_a_token_with_its_page(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent, token = agent_token(client, sessions)
    kept = _keep(client, token)
    told = _show(client, kept)["token"]
    assert claims_of(told)["user"] == agent.id
    assert claims_of(told)["first"] == claims_of(token)["first"]  # no new twelve hours
    assert client.get(CASE, headers=bearer(told)).status_code == 200


def test_what_is_remembered_is_no_token_itself(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    kept = _keep(client, token)
    check_refused(client, kept)
    problem(client.post(f"{TOKENS}/renew", headers=bearer(kept)), 401, "sign_in_needed")
    assert "token" not in _show(client, token)  # nor the other way round
    for path in (CASE, "/api/v1/session"):
        cookie = {"cookie": f"{cookies.WIDGET}={kept}"}
        assert "usr_" not in client.get(path, headers=cookie).text


def test_it_is_remembered_for_the_site_it_was_allowed_in(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    kept = _keep(client, token)
    for referer in (f"{CRM}/", f"{STRANGE}/", ""):
        assert "token" not in _show(client, kept, referer)
    for altered in (kept[:-4] + "AAAA", kept + "x", "", "x" * 5000, "a.b.c"):
        assert "token" not in _show(client, altered)


def test_what_is_behind_it_counts_there_too(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    kept = _keep(client, token)
    with sessions.begin() as session:
        revoke_session(session, claims_of(token)["session"], actor="eva")
    assert "token" not in _show(client, kept)


def test_after_twelve_hours_it_is_forgotten(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent, token = agent_token(client, sessions)
    signer, claims = signer_of(services_in(client)), claims_of(token)
    past = WidgetGrant(DESK, session_id=claims["session"], user_id=agent.id)
    old = signer.sign_kept(past, utc_now() - timedelta(seconds=TOTAL_LIFE + 60))
    late = signer.sign_kept(past, utc_now() - timedelta(seconds=TOTAL_LIFE - 60))
    assert old is not None
    assert late is not None
    assert "token" not in _show(client, old.text)
    assert "token" in _show(client, late.text)


def test_only_a_sidebar_is_remembered(client: TestClient, sessions: sessionmaker[Session]) -> None:
    _, key = make_key(sessions)
    problem(client.post(f"{TOKENS}/keep", headers=key), 403, "forbidden")
    headers = signed_in(client, make_user(sessions, "agent"))
    problem(client.post(f"{TOKENS}/keep", headers=headers), 403, "forbidden")
    client.cookies.clear()
    problem(client.post(f"{TOKENS}/keep"), 401, "sign_in_needed")


# --- embed.js and the window to sign in ---


def test_any_page_may_include_the_script(client: TestClient) -> None:
    script = client.get("/embed.js", headers={"referer": f"{STRANGE}/"})
    assert script.status_code == 200
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert script.headers["cache-control"] == "private, max-age=3600"
    assert "__TEXTS__" not in script.text
    for word in ("Pokaż panel", "Oldalsáv elrejtése", "Prikaži stransko vrstico"):
        assert word in script.text
    tag = script.headers["etag"]
    again = client.get("/embed.js", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/embed.js", headers={"if-none-match": '"other"'}).status_code == 200


def _window(client: TestClient, origin: str = DESK, state: str = STATE) -> Any:
    asked = {"origin": origin, "state": state, "ui": "en"}
    return client.get("/embed/sign-in", params=asked, headers={"accept": "text/html"})


def test_the_window_says_which_site_it_is_for(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    stranger = _window(client)
    assert stranger.status_code == 200
    assert DESK in stranger.text
    assert 'name="password"' in stranger.text
    agent = make_user(sessions, "agent")
    signed_in(client, agent)
    asked = _window(client)
    assert DESK in asked.text
    assert agent.name in asked.text
    assert "disabled" in asked.text  # the button, until it has been seen for a moment
    signed_in(client, make_user(sessions, "customer"))
    assert 'id="allow"' not in _window(client).text


def test_the_window_is_for_known_sites_only(client: TestClient) -> None:
    for origin in (STRANGE, f"{DESK}/", "null", "", DESK.upper(), "javascript:alert(1)"):
        assert _window(client, origin).status_code == 403
    for state in ("", "short", "x" * 65, "<script>alert(1)</script>", "a" * 31 + "/"):
        assert _window(client, state=state).status_code == 422
    assert _window(client, BASE).status_code == 200  # the practice desk


def test_the_window_is_never_in_a_frame(client: TestClient) -> None:
    headers = _window(client).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "unsafe-none"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/sign-in").headers["cross-origin-opener-policy"] == "same-origin"


def _form(client: TestClient) -> dict[str, str]:
    page = _window(client).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert fields.keys() == {"csrf", "origin", "state"}
    return fields


def test_signing_in_does_not_leave_the_window(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent = _person(sessions)
    fields = _form(client) | {"email": agent.email, "password": PASSWORD}
    wrong = client.post("/embed/sign-in", data=fields | {"password": "not this one"})
    assert wrong.status_code == 401
    assert "not this one" not in wrong.text
    done = client.post("/embed/sign-in", data=fields, follow_redirects=False)
    assert done.status_code == 303
    assert done.headers["location"].startswith("/embed/sign-in?")
    assert 'id="allow"' in client.get(done.headers["location"]).text


def test_forms_of_other_pages_are_refused(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent = _person(sessions)
    fields = _form(client) | {"email": agent.email, "password": PASSWORD}
    for bad in ({"csrf": "x"}, {"origin": STRANGE}):
        refused = client.post("/embed/sign-in", data=fields | bad, follow_redirects=False)
        assert refused.status_code == 403
    for headers in ({"origin": DESK}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        refused = client.post("/embed/sign-in", data=fields, headers=headers)
        assert refused.status_code == 403


def _person(sessions: sessionmaker[Session]) -> User:
    hashed = new_password(PASSWORD, email="x@lipa.example", name="Ana").hash
    return make_user(sessions, "agent", password_hash=hashed)
