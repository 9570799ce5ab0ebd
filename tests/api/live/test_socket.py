"""WebSockets: hello first, views out, messages in, and everything else refused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.auth import socket as auth_socket
from api.edge.rates import Rates
from kb.domain import EVERYTHING, Permission
from tests.api.live.site import DAMAGED, PATIENCE, POSTCODE, Place, best
from tests.api.people import make_user, signed_in


def address(place: Place, interaction_id: str) -> str:
    return f"ws://127.0.0.1:{place.port}/api/v1/interactions/{interaction_id}/live"


def token_of(headers: dict[str, str]) -> str:
    return headers["authorization"].removeprefix("Bearer ")


async def told(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def told_of(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of a kind."""
    while True:
        found = await told(socket)
        if found["type"] == kind:
            return found


async def settled(socket: ClientConnection) -> dict[str, Any]:
    while True:
        view = await told_of(socket, "view")
        if not view["pending"]:
            return view


async def hello(socket: ClientConnection, token: str | None = None) -> None:
    await socket.send(json.dumps({"type": "hello"} | ({"token": token} if token else {})))


async def closed(socket: ClientConnection) -> int:
    """The close code, whatever is said before."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code or 0


def test_views_go_out_and_messages_come_in(place: Place) -> None:
    _, headers = place.key()
    key = place.begin("Hello")

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            assert socket.response is not None
            assert socket.response.headers["x-request-id"]
            await hello(socket, token_of(headers))
            first = await told(socket)
            assert first["type"] == "view"
            assert first["interaction"]["id"] == key
            said = {"role": "customer", "text": POSTCODE, "id": "m1"}
            frame = {"type": "messages", "messages": [said], "ref": "r1"}
            await socket.send(json.dumps(frame))
            saved = await told_of(socket, "saved")
            assert saved == {
                "type": "saved", "ref": "r1", "added": 1, "changed": 0, "unchanged": 0,
            }  # fmt: skip
            view = await settled(socket)
            assert best(view) == "wrong-postcode"
            assert view["change"]["message"] == "m1"
            await socket.send(json.dumps(frame))
            assert (await told_of(socket, "saved"))["unchanged"] == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("frame", "code", "problem"),
    [
        ('{"type": "hello"}', 4401, "sign_in_needed"),
        ('{"type": "hello", "token": "kb_nobody_never"}', 4401, "sign_in_needed"),
        ('{"type": "hello", "token": ""}', 4422, "invalid_input"),
        ('{"type": "hello", "more": 1}', 4422, "invalid_input"),
        ("[" * 60, 4422, "invalid_input"),
        ("hello", 4422, "invalid_input"),
        (b"hello", 4422, "invalid_input"),
    ],
)
def test_a_bad_hello(place: Place, frame: str | bytes, code: int, problem: str) -> None:
    key = place.begin(DAMAGED)

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            await socket.send(frame)
            said = await told(socket)
            assert said["type"] == "problem"
            assert said["problem"]["code"] == problem
            assert await closed(socket) == code

    asyncio.run(run())


def test_who_says_nothing_is_shown_the_door(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_socket, "HELLO_WITHIN", 0.2)

    async def run() -> None:
        async with connect(address(place, "int_1")) as socket:
            assert await closed(socket) == 4503

    asyncio.run(run())


def test_permissions_and_scope(place: Place) -> None:
    key = place.begin(DAMAGED, facets={"country": ["PL"]})
    _, may_not = place.key(EVERYTHING - {Permission.read_interactions})
    _, elsewhere = place.key(scope={"country": ["SI"]})
    _, reader = place.key(EVERYTHING - {Permission.write_interactions})

    async def run() -> None:
        for headers, code in ((may_not, 4403), (elsewhere, 4404)):
            async with connect(address(place, key)) as socket:
                await hello(socket, token_of(headers))
                assert await closed(socket) == code
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(reader))
            await told_of(socket, "view")
            said = {"role": "customer", "text": "hi"}
            await socket.send(json.dumps({"type": "messages", "messages": [said]}))
            found = await told_of(socket, "problem")
            assert found["problem"]["code"] == "forbidden"
            await socket.send(json.dumps({"type": "messages", "messages": []}))
            found = await told_of(socket, "problem")
            assert found["problem"]["details"]["fields"] == "messages"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("int_1/live", {"Origin": "https://evil.example"}, 403),
        ("int_1/live", {"Origin": "null"}, 403),
        ("int_1/live", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("int_1/live?token=abc", {}, 400),
        ("int_1/events", {}, 404),
        ("int_1/live", {"X-Long": "a" * 9000}, 431),
    ],
)
def test_upgrades_that_are_refused(
    place: Place, path: str, headers: dict[str, str], status: int
) -> None:
    async def run() -> None:
        target = f"ws://127.0.0.1:{place.port}/api/v1/interactions/{path}"
        with pytest.raises(InvalidStatus) as caught:
            await connect(target, additional_headers=headers).__aenter__()
        answer = caught.value.response
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert json.loads(answer.body)["detail"]

    asyncio.run(run())


def test_a_frame_that_is_too_large_or_too_many_wrong_ones(place: Place) -> None:
    _, headers = place.key()
    key = place.begin(DAMAGED)

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            await told_of(socket, "view")
            await socket.send("x" * 300_000)
            assert await closed(socket) == 1009
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            for _ in range(20):
                await socket.send("{}")
            assert await closed(socket) == 4422

    asyncio.run(run())


def test_a_sessions_cookie_counts_with_the_own_origin_only(place: Place) -> None:
    key = place.begin(DAMAGED)
    user = make_user(place.sessions, "agent")
    client = TestClient(place.app, base_url=place.url)
    signed_in(client, user)
    (cookie,) = (f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)

    async def run() -> None:
        own = {"Cookie": cookie, "Origin": place.url}
        async with connect(address(place, key), additional_headers=own) as socket:
            await hello(socket)
            assert (await told(socket))["type"] == "view"
        async with connect(address(place, key), additional_headers={"Cookie": cookie}) as socket:
            await hello(socket)
            assert await closed(socket) == 4401

    asyncio.run(run())


def test_nothing_that_is_said_is_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, headers = place.key()
    key = place.begin(DAMAGED)

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            await told_of(socket, "view")
            said = {"role": "customer", "text": POSTCODE}
            await socket.send(json.dumps({"type": "messages", "messages": [said]}))
            await told_of(socket, "saved")
        with pytest.raises(InvalidStatus):
            await connect(f"{address(place, key)}?token=hushhush").__aenter__()

    asyncio.run(run())
    ours = [record for record in caplog.records if record.name != "websockets.client"]
    told = " ".join(record.getMessage() for record in ours)
    for secret in (token_of(headers), "postcode", "hushhush"):
        assert secret not in told


@contextmanager
def narrow(place: Place) -> Iterator[None]:
    """Two reads and one write a minute, and the usual rates afterwards."""
    limits = {"rate_limits": True, "rate_reads": 2, "rate_writes": 1, "rate_strangers": 2}
    usual = place.app.state.rates
    place.app.state.rates = Rates(place.services.settings.model_copy(update=limits))
    try:
        yield
    finally:
        place.app.state.rates = usual


def test_connections_count_as_reads_and_messages_as_writes(place: Place) -> None:
    _, headers = place.key()
    key = place.begin(DAMAGED)
    frame = json.dumps({"type": "messages", "messages": [{"role": "agent", "text": "Hello"}]})

    async def run() -> None:
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            await socket.send(frame)
            await told_of(socket, "saved")
            await socket.send(frame)
            found = await told_of(socket, "problem")
            assert found["problem"]["code"] == "too_many_requests"
        events = address(place, key).replace("ws:", "http:").replace("/live", "/events")
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            async with client.stream("GET", events, headers=headers) as response:
                assert response.status_code == 200
            assert (await client.get(events, headers=headers)).status_code == 429
        async with connect(address(place, key)) as socket:
            await hello(socket, token_of(headers))
            assert await closed(socket) == 4429
        for code in (4401, 4401, 4429):  # who tries tokens is stopped
            async with connect(address(place, key)) as socket:
                await hello(socket, "potica_0000000000000000_never")
                assert await closed(socket) == code

    with narrow(place):
        asyncio.run(run())
