"""Widget tokens: cut to the sidebar, bound to who stands behind them at every use."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from api.app import create_app
from api.auth.widget import SIDEBAR, principal_of, signer_of
from api.auth.widget_token import LEEWAY, LIFE, TOTAL_LIFE, WidgetGrant
from kb.actions.incidents import IncidentInput, save_incident
from kb.actions.keys import revoke_key
from kb.actions.sessions import revoke_session
from kb.config import Settings
from kb.domain import (
    AccessRole,
    Permission,
    PrincipalKind,
    User,
    UserState,
    utc_now,
)
from kb.domain.incident import IncidentState, Severity
from kb.secret_key import derived_key
from tests.api.auth.widget_calls import (
    BASE,
    CASE,
    CRM,
    DESK,
    TOKENS,
    agent_token,
    bearer,
    change_user,
    check_refused,
    claims_of,
    make_key,
    make_token,
)
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

SNOW = {"en": "Snow", "sl": "Sneg"}
SAID = {"statement": "The road is closed.", "what_to_say": "It waits."}
REQUIRED = ("iss", "aud", "exp", "iat", "jti", "first", "origin", "session")


@pytest.fixture
def client(widget_house: TestClient) -> TestClient:
    widget_house.cookies.clear()
    return widget_house


@pytest.fixture
def sessions(client: TestClient) -> sessionmaker[Session]:
    return services_in(client).engine.session_factory


def test_an_agents_sidebar_reads_as_the_agent(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    made = make_token(client, signed_in(client, agent))
    client.cookies.clear()
    speaks = bearer(made["token"])
    assert client.get(CASE, headers=speaks).status_code == 200
    assert client.get("/api/v1/articles/locker-full", headers=speaks).status_code == 200
    lives = datetime.fromisoformat(made["expires_at"]) - utc_now()
    assert timedelta(seconds=LIFE - 30) < lives <= timedelta(seconds=LIFE)
    total = datetime.fromisoformat(made["renewable_until"]) - utc_now()
    assert timedelta(hours=11.9) < total <= timedelta(hours=12)
    assert made["origin"] == DESK
    assert claims_of(made["token"])["user"] == agent.id
    assert agent.email not in made["token"] + str(claims_of(made["token"]))


def test_it_speaks_the_language_that_the_sidebar_is_shown_in(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    texts = {language: {"title": title} | SAID for language, title in SNOW.items()}
    with sessions.begin() as session:
        match = {"en": ["snow in Brno"]}
        state, severity = IncidentState.active, Severity.low
        given = IncidentInput("snow-now", state, severity, texts, utc_now(), match=match)
        save_incident(session, given, "tests")
    said = {"channel": "chat", "messages": [{"role": "customer", "text": "snow in Brno, when?"}]}
    titles = {}
    for shown_in in ("en", "sl", "xx"):
        headers = bearer(token) | {"accept-language": shown_in}
        told = client.post("/api/v1/interactions", json=said, headers=headers).json()
        titles[shown_in] = [one["title"] for one in told["incidents"]]
    assert titles == {"en": ["Snow"], "sl": ["Sneg"], "xx": ["Snow"]}


def test_nobody_does_more_with_it_than_the_sidebar_needs(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    headers = signed_in(client, make_user(sessions, "administrator"))
    token = make_token(client, headers)["token"]
    client.cookies.clear()
    speaks = bearer(token)
    assert client.get(CASE, headers=speaks).status_code == 200
    for path in ("/api/v1/keys", "/api/v1/gaps", "/metrics"):
        problem(client.get(path, headers=speaks), 403, "forbidden")
    body = {"name": "x", "permissions": ["suggestions.ask"]}
    problem(client.post("/api/v1/keys", json=body, headers=speaks), 403, "forbidden")
    problem(client.put(CASE, json={}, headers=speaks), 403, "forbidden")
    problem(client.post(TOKENS, json={"origin": DESK}, headers=speaks), 403, "forbidden")
    dangerous = {name for name in Permission if name.endswith(("manage", "write", "erase"))}
    assert SIDEBAR & dangerous == {Permission.give_feedback, Permission.write_interactions}


def test_only_configured_origins_get_one(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    headers = signed_in(client, make_user(sessions, "agent"))
    for origin in ("https://evil.example", f"{DESK}/", DESK.upper(), "null", "", "*"):
        refused = client.post(TOKENS, json={"origin": origin}, headers=headers)
        assert "POTICA_EMBED_ORIGINS" in problem(refused, 403, "forbidden")["detail"]
    assert make_token(client, headers, origin=CRM)["origin"] == CRM


def test_a_page_of_this_server_may_show_the_sidebar(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    headers = signed_in(client, make_user(sessions, "agent"))
    token = make_token(client, headers, origin=BASE)["token"]
    client.cookies.clear()
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    assert client.get(CASE, headers=bearer(token) | {"origin": BASE}).status_code == 200
    for origin in (DESK, "https://evil.example"):
        check_refused(client, token, origin=origin)


def test_who_may_not_embed_gets_none(client: TestClient, sessions: sessionmaker[Session]) -> None:
    problem(client.post(TOKENS, json={"origin": DESK}), 401, "sign_in_needed")
    headers = signed_in(client, make_user(sessions, "customer"))
    problem(client.post(TOKENS, json={"origin": DESK}, headers=headers), 403, "forbidden")
    client.cookies.clear()
    _, speaks = make_key(sessions, frozenset({Permission.ask}))
    problem(client.post(TOKENS, json={"origin": DESK}, headers=speaks), 403, "forbidden")


def test_a_key_asks_for_an_agent_and_both_count(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    agent = make_user(sessions, "agent")
    _, wide = make_key(sessions)
    token = make_token(client, wide, agent=agent.email.upper())["token"]
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    _, narrow = make_key(sessions, frozenset({Permission.embed, Permission.ask}))
    token = make_token(client, narrow, agent=agent.email)["token"]
    problem(client.get(CASE, headers=bearer(token)), 403, "forbidden")
    token = make_token(client, wide)["token"]  # for nobody in particular
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    assert claims_of(token)["user"] is None


def test_a_key_asks_for_active_people_only(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    gone = make_user(sessions, "agent")
    change_user(sessions, gone, state=UserState.disabled)
    _, speaks = make_key(sessions)
    told = set()
    for email in (gone.email, "nobody@lipa.example", "%%%", "not an e-mail"):
        body = {"origin": DESK, "agent": email}
        told.add(
            problem(client.post(TOKENS, json=body, headers=speaks), 404, "not_found")["detail"]
        )
    assert len(told) == 1
    customer = make_user(sessions, "customer")  # may not embed, whatever the key may
    body = {"origin": DESK, "agent": customer.email}
    problem(client.post(TOKENS, json=body, headers=speaks), 403, "forbidden")
    headers = signed_in(client, make_user(sessions, "agent"))
    body = {"origin": DESK, "agent": "somebody@lipa.example"}
    problem(client.post(TOKENS, json=body, headers=headers), 422, "invalid_input")


def test_scopes_of_key_and_agent_both_narrow(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, speaks = make_key(sessions, scope={"country": ["GB", "SI"]})
    agent = make_user(sessions, "agent", {"country": ["SI", "PL"]})
    token = make_token(client, speaks, agent=agent.email)["token"]
    services = services_in(client)
    grant = signer_of(services).read(token)
    assert grant is not None
    with services.readers() as session:
        found = principal_of(session, services, grant)
    assert found is not None
    assert found.scope == {"country": ["SI"]}
    assert (found.actor, found.kind) == (agent.id, PrincipalKind.widget)
    stranger = make_user(sessions, "agent", {"country": ["HU"]})
    body = {"origin": DESK, "agent": stranger.email}
    problem(client.post(TOKENS, json=body, headers=speaks), 403, "forbidden")


def test_what_is_behind_it_counts_at_every_use(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    def role_removed(agent: User, _token: str) -> None:
        change_user(sessions, agent, roles=["customer"])

    def disabled(agent: User, _token: str) -> None:
        change_user(sessions, agent, state=UserState.disabled)

    def session_revoked(_agent: User, token: str) -> None:
        with sessions.begin() as session:
            revoke_session(session, claims_of(token)["session"], actor="eva")

    changes: list[Callable[[User, str], None]] = [role_removed, disabled, session_revoked]
    for change in changes:
        agent, token = agent_token(client, sessions)
        assert client.get(CASE, headers=bearer(token)).status_code == 200
        change(agent, token)
        check_refused(client, token)
        refused = client.post(f"{TOKENS}/renew", headers=bearer(token))
        problem(refused, 401, "sign_in_needed")


def test_a_disabled_agent_and_a_revoked_key_take_their_tokens_with_them(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    key_id, speaks = make_key(sessions)
    gone = make_user(sessions, "agent")
    token = make_token(client, speaks, agent=gone.email)["token"]
    change_user(sessions, gone, state=UserState.disabled)
    check_refused(client, token)
    agent = make_user(sessions, "agent")
    tokens = [
        make_token(client, speaks)["token"],
        make_token(client, speaks, agent=agent.email)["token"],
    ]
    with sessions.begin() as session:
        revoke_key(session, key_id, actor="eva")
    for token in tokens:
        check_refused(client, token)


def test_a_role_that_shrinks_takes_its_part_at_once(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    name = f"helper-{utc_now().timestamp():.0f}"
    with sessions.begin() as session:
        session.add(AccessRole(name=name, permissions=["embed.use", "cases.read"]))
    headers = signed_in(client, make_user(sessions, name))
    token = make_token(client, headers)["token"]
    client.cookies.clear()
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    with sessions.begin() as session:
        role = session.get(AccessRole, name)
        assert role is not None
        role.permissions = ["embed.use"]
    problem(client.get(CASE, headers=bearer(token)), 403, "forbidden")


def test_an_altered_token_is_nothing(client: TestClient, sessions: sessionmaker[Session]) -> None:
    agent, token = agent_token(client, sessions)
    head, body, signature = token.split(".")
    administrator = make_user(sessions, "administrator")
    forged = json.dumps({**claims_of(token), "user": administrator.id, "exp": 9_999_999_999})
    forged_body = base64.urlsafe_b64encode(forged.encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for altered in (
        f"{head}.{forged_body}.{signature}",
        f"{none}.{body}.",
        f"{none}.{forged_body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}..{signature}",
        "..",
        "é.é.é",
    ):
        header = {"authorization": f"Bearer {altered}".encode()}
        problem(client.get(CASE, headers=header), 401, "sign_in_needed")
    assert client.get(CASE, headers=bearer(token)).status_code == 200
    assert agent.id == claims_of(token)["user"]


def test_a_token_under_another_key_or_algorithm_is_nothing(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    services, claims = services_in(client), claims_of(token)
    own = derived_key(services.secret, "widget")

    def made(key: bytes, algorithm: str = "HS256", **changes: Any) -> str:
        kept = {name: value for name, value in (claims | changes).items() if value != "out"}
        header = {"alg": algorithm}
        return jwt.encode(header, kept, OctKey.import_key(key), algorithms=[algorithm])

    assert client.get(CASE, headers=bearer(made(own))).status_code == 200
    for bad in (
        made(b"x" * 32),
        made(services.secret),
        made(derived_key(services.secret, "csrf")),
        made(own, "HS384"),
        made(own, "HS512"),
        made(own, iss="https://elsewhere.example"),
        made(own, aud="potica"),
        *(made(own, **{name: "out"}) for name in REQUIRED),
        made(own, exp=float("1e400")),
        made(own, exp="never"),
        made(own, first="never"),
        made(own, first=10**18),
        made(own, origin=["https://helpdesk.example"]),
        made(own, origin="https://evil.example"),
        made(own, user=["usr"], session={"a": 1}),
        made(own, jti=7),
        made(own, session=None),
        made(own, session="ses_other"),
    ):
        check_refused(client, bad)


def test_it_lives_for_five_minutes_and_clocks_may_differ_a_little(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    services = services_in(client)
    signer, claims = signer_of(services), claims_of(token)
    grant = WidgetGrant(DESK, session_id=claims["session"], user_id=claims["user"])

    def at(seconds: int) -> str:
        made = signer.sign(grant, utc_now() + timedelta(seconds=seconds))
        assert made is not None
        return made.text

    for seconds in (0, -LIFE + 5, LEEWAY - 5, -LIFE - LEEWAY + 5):
        assert client.get(CASE, headers=bearer(at(seconds))).status_code == 200
    for seconds in (-LIFE - LEEWAY - 1, -24 * 3600, LEEWAY + 5, 3600):
        check_refused(client, at(seconds))


def test_another_page_cannot_use_it(client: TestClient, sessions: sessionmaker[Session]) -> None:
    _, token = agent_token(client, sessions)
    for origin in (BASE, DESK):
        assert client.get(CASE, headers=bearer(token) | {"origin": origin}).status_code == 200
    for origin in (CRM, "https://evil.example", "null"):
        check_refused(client, token, origin=origin)


def test_an_origin_taken_out_of_the_settings_counts_at_once(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    services = services_in(client)
    kept = services.settings.embed_origins
    object.__setattr__(services.settings, "embed_origins", (CRM,))
    try:
        check_refused(client, token)
    finally:
        object.__setattr__(services.settings, "embed_origins", kept)
    assert client.get(CASE, headers=bearer(token)).status_code == 200


def test_it_is_renewed_for_twelve_hours_and_no_longer(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    services = services_in(client)
    signer, claims = signer_of(services), claims_of(token)

    def first(hours: float) -> str:
        """A token renewed just now, of a sidebar that was opened so long ago."""
        grant = WidgetGrant(
            DESK,
            session_id=claims["session"],
            user_id=claims["user"],
            first_at=utc_now() - timedelta(hours=hours),
        )
        made = signer.sign(grant)
        assert made is not None
        return made.text

    def renew(text: str) -> dict[str, Any]:
        response = client.post(f"{TOKENS}/renew", headers=bearer(text))
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    once = renew(token)
    assert once["token"] != token
    assert claims_of(once["token"])["first"] == claims["first"]
    for text in (token, once["token"]):  # the old one is good until it expires
        assert client.get(CASE, headers=bearer(text)).status_code == 200
    again = renew(token)  # a replay gains nothing
    assert again["renewable_until"] == once["renewable_until"]

    late = first(12 - 1 / 60)  # one minute is left
    chain = renew(late)
    assert chain["expires_at"] == chain["renewable_until"]
    assert claims_of(chain["token"])["exp"] == claims_of(late)["first"] + TOTAL_LIFE
    assert renew(chain["token"])["expires_at"] == chain["expires_at"]


def test_when_the_total_life_is_over_nothing_is_renewed(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, token = agent_token(client, sessions)
    claims = claims_of(token)
    now = int(utc_now().timestamp())
    # Expired a moment ago, within the leeway of clocks: still good, but not for a new one.
    claims |= {"first": now - TOTAL_LIFE - 2, "exp": now - 2, "iat": now - LIFE}
    key = OctKey.import_key(derived_key(services_in(client).secret, "widget"))
    text = jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
    assert client.get(CASE, headers=bearer(text)).status_code == 200
    told = problem(client.post(f"{TOKENS}/renew", headers=bearer(text)), 401, "sign_in_needed")
    assert "new one" in told["detail"]


def test_only_a_widget_token_is_renewed(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    _, speaks = make_key(sessions)
    problem(client.post(f"{TOKENS}/renew", headers=speaks), 403, "forbidden")
    headers = signed_in(client, make_user(sessions, "agent"))
    problem(client.post(f"{TOKENS}/renew", headers=headers), 403, "forbidden")


def test_a_visitor_of_an_open_server_needs_none(site: Settings) -> None:
    settings = site.model_copy(update={"embed_origins": (DESK,)})
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        problem(client.post(TOKENS, json={"origin": DESK}), 401, "sign_in_needed")
