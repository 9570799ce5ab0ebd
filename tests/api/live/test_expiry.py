"""A stream ends when its credential does: revoked, expired, disabled, or good for less."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from starlette.testclient import TestClient
from websockets.asyncio.client import connect

from api.auth import cookies
from api.auth.csrf import HEADER
from api.auth.session_limits import limits_of
from api.auth.widget import principal_of, signer_of
from api.auth.widget_token import LEEWAY, LIFE, WidgetGrant
from api.live import watch as watch_module
from api.live.standing import standing_of
from kb.actions.keys import revoke_key
from kb.actions.sessions import revoke_session
from kb.config import Settings
from kb.domain import (
    ANONYMOUS,
    EVERYTHING,
    AccessRole,
    ApiKey,
    Permission,
    Principal,
    PrincipalKind,
    User,
    UserState,
    utc_now,
)
from kb.queries.roles import load_roles
from kb.queries.sessions import list_sessions
from tests.api.live.site import DAMAGED, Place, served_here
from tests.api.live.test_socket import address, closed, hello, token_of, told_of
from tests.api.people import make_user, signed_in

Change = Callable[[Place], None]


@pytest.fixture(scope="module")
def place(live_settings: Settings) -> Iterator[Place]:
    with served_here(live_settings, embed_origins=("https://helpdesk.example",)) as place:
        yield place


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same looks, more often."""
    monkeypatch.setattr(watch_module, "EVERY", 0.05)
    monkeypatch.setattr(watch_module, "CHECK_EVERY", 0.1)


def test_events_end_with_the_key(place: Place) -> None:
    key_id, headers = place.key()
    _, others = place.key()
    key = place.begin(DAMAGED)
    with place.stream(key, headers) as stream, place.stream(key, others) as other:
        stream.settled()
        with place.sessions.begin() as session:
            revoke_key(session, key_id, actor="test")
        assert stream.rest()[-1] == "expired"
        other.settled()
        place.say(key, "Hello?")
        other.settled(2)
    again = httpx.get(f"{place.url}/api/v1/interactions/{key}/events", headers=headers)
    assert again.status_code == 401


def test_a_socket_ends_with_the_key(place: Place) -> None:
    key_id, headers = place.key()
    key = place.begin(DAMAGED)

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            await told_of(socket, "view")
            with place.sessions.begin() as session:
                revoke_key(session, key_id, actor="test")
            assert await told_of(socket, "expired") == {"type": "expired"}
            assert await closed(socket) == 4401

    asyncio.run(run())


def test_a_session_that_ends_and_a_person_who_is_disabled(place: Place) -> None:
    key = place.begin(DAMAGED)
    for end in (_revoke, _disable, _take_role):
        user = make_user(place.sessions, "agent")
        client = TestClient(place.app, base_url=place.url)
        assert HEADER in signed_in(client, user)
        (cookie,) = (c.value for c in client.cookies.jar if c.name == cookies.SESSION)
        with place.stream(key, {"cookie": f"{cookies.SESSION}={cookie}"}) as stream:
            stream.settled()
            end(place, user)
            assert stream.rest()[-1] == "expired"


def _revoke(place: Place, user: User) -> None:
    limits = limits_of(place.services.settings)
    with place.sessions.begin() as session:
        (found,) = list_sessions(session, user.id, limits)
        revoke_session(session, found.id, actor="test")


def _disable(place: Place, user: User) -> None:
    with place.sessions.begin() as session:
        session.get_one(User, user.id).state = UserState.disabled


def _take_role(place: Place, user: User) -> None:
    with place.sessions.begin() as session:
        session.get_one(User, user.id).roles = ["customer"]


def test_a_widget_token_runs_out(place: Place) -> None:
    user = make_user(place.sessions, "agent")
    key_id, _ = place.key()
    grant = WidgetGrant("https://helpdesk.example", key_id=key_id, user_id=user.id)
    soon = utc_now() - timedelta(seconds=LIFE + LEEWAY - 2)
    signed = signer_of(place.services).sign(grant, soon)
    assert signed is not None
    key = place.begin(DAMAGED)
    speaks = {"authorization": f"Bearer {signed.text}"}
    with place.stream(key, speaks) as stream:
        stream.view()
        assert stream.rest()[-1] == "expired"


def test_each_kind_of_credential_is_looked_at(place: Place) -> None:
    services = place.services
    user = make_user(place.sessions, "agent")
    key_id, _ = place.key()
    grant = WidgetGrant("https://helpdesk.example", key_id=key_id, user_id=user.id)
    signed = signer_of(services).sign(grant)
    assert signed is not None
    with place.sessions() as session:
        widget = principal_of(session, services, grant)
    assert widget is not None
    key = Principal(PrincipalKind.api_key, f"key:{key_id}", EVERYTHING, credential_id=key_id)
    visitor = Principal(PrincipalKind.anonymous, ANONYMOUS, _visitor(place))
    open_access = Principal(PrincipalKind.open_access, ANONYMOUS, EVERYTHING)
    unknown = Principal(PrincipalKind.webhook, "webhook:1", EVERYTHING, credential_id="1")
    good = [(widget, signed.text), (key, None), (visitor, None), (open_access, None)]
    bad = [(widget, None), (widget, "a.b.c"), (unknown, None)]
    with place.sessions() as session:
        assert all(standing_of(services, *found)(session) for found in good)
        assert not any(standing_of(services, *found)(session) for found in bad)
    with place.sessions.begin() as session:
        row = session.get_one(ApiKey, key_id)
        row.scope = {"country": ["SI"]}
        session.add(AccessRole(name=ANONYMOUS, permissions=[str(Permission.ask)]))
    with place.sessions() as session:
        assert not standing_of(services, key, None)(session)
        assert not standing_of(services, widget, signed.text)(session)
        assert not standing_of(services, visitor, None)(session)
    with place.sessions.begin() as session:
        session.delete(session.get_one(AccessRole, ANONYMOUS))


def _visitor(place: Place) -> frozenset[Permission]:
    with place.sessions() as session:
        return load_roles(session)[ANONYMOUS]
