"""`potica serve` with streams open: two servers on one database, and one that stops."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from kb.config import Settings
from tests.api.live.site import PATIENCE, PIN, POSTCODE, Stream
from tests.api.live.test_socket import closed, hello, settled
from tests.keys import administrator_key
from tests.served import Served, serving
from tests.site import copy_home

INTERACTIONS = "/api/v1/interactions"


@dataclass(frozen=True)
class Pair:
    """Two servers on one home, and the header of a key for both."""

    one: Served
    other: Served
    headers: dict[str, str]


@pytest.fixture(scope="module")
def pair(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    home = copy_home(filled, tmp_path_factory.mktemp("pair") / "home")
    headers = {"authorization": administrator_key(home)}
    with serving(home.home) as one, serving(home.home) as other:
        yield Pair(one, other, headers)


def post(served: Served, path: str, headers: dict[str, str], body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{served.url}{path}", json=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def begin(served: Served, headers: dict[str, str]) -> str:
    said = {"id": "m1", "role": "customer", "text": POSTCODE}
    body = {"channel": "chat", "messages": [said]}
    view = post(served, f"{INTERACTIONS}?wait=5000", headers, body)
    address = f"{served.url}{INTERACTIONS}/{view['interaction']['id']}?wait=5000"
    end = time.monotonic() + PATIENCE
    while view["suggestion"] is None and time.monotonic() < end:  # the server warms up
        view = httpx.get(address, headers=headers, timeout=PATIENCE).json()
    assert view["suggestion"]["articles"][0]["id"] == "wrong-postcode"
    return str(view["interaction"]["id"])


def test_what_one_server_hears_the_other_shows(pair: Pair) -> None:
    one, other, headers = pair.one, pair.other, pair.headers
    key = begin(one, headers)
    with httpx.Client(timeout=PATIENCE) as client:
        address = f"{other.url}{INTERACTIONS}/{key}/events"
        with client.stream("GET", address, headers=headers) as response:
            stream = Stream(response)
            first = stream.settled(1)
            said = {"messages": [{"id": "m2", "role": "customer", "text": PIN}]}
            post(one, f"{INTERACTIONS}/{key}/messages?wait=5000", headers, said)
            there = stream.settled(2)
    here = httpx.get(f"{one.url}{INTERACTIONS}/{key}", headers=headers, timeout=PATIENCE).json()
    assert first["suggestion"]["id"] != there["suggestion"]["id"]
    assert there["suggestion"]["id"] == here["suggestion"]["id"]
    assert there["interaction"]["sequence"] == here["interaction"]["sequence"]


def test_a_server_that_stops_ends_its_streams(pair: Pair) -> None:
    key = begin(pair.one, pair.headers)
    told = asyncio.run(_stopped(pair.other, key, pair.headers))
    assert told == {"events": "ended", "socket": 1012}
    assert "graceful" not in pair.other.log.read_text("utf-8")


async def _stopped(served: Served, key: str, headers: dict[str, str]) -> dict[str, Any]:
    """How a stream and a socket end when the server is told to."""
    target = f"ws://127.0.0.1:{served.port}{INTERACTIONS}/{key}/live"
    token = headers["authorization"].removeprefix("Bearer ")
    address = f"{served.url}{INTERACTIONS}/{key}/events"
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as client,
        connect(target) as socket,
        client.stream("GET", address, headers=headers) as response,
    ):
        await hello(socket, token)
        await settled(socket)
        os.kill(served.pid, signal.SIGTERM)
        code = await closed(socket)
        async for _ in response.aiter_lines():  # a stream that breaks off raises
            pass
    return {"events": "ended", "socket": code}
