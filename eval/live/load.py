"""Messages into many open interactions, and how long their suggestions take."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx

from eval.live.watching import Watching
from kb.assist.types import SuggestRequest

SEED = 20261122


@dataclass(frozen=True, slots=True)
class Sent:
    """A message the server took. `at`: perf_counter seconds when it was sent; `clock`: of the
    wall, seconds since 1970; `version`: of the conversation that has it."""

    interaction: int
    at: float
    clock: float
    version: int


@dataclass
class Load:
    """What a run saw."""

    interactions: int
    seconds: float
    sent: list[Sent] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)  # seconds a POST took
    refused: int = 0
    watching: list[Watching] = field(default_factory=list)

    def delays(self) -> list[float]:
        """Milliseconds from sending a message to the first suggestion that knows of it.

        A message that a newer one overtook is answered by the suggestion to the newer one.
        """
        found = []
        for message in self.sent:
            arrived = self.watching[message.interaction].arrived
            later = [at for version, at in arrived.items() if version >= message.version]
            if later:
                found.append(1000 * (min(later) - message.at))
        return found

    @property
    def unanswered(self) -> int:
        return len(self.sent) - len(self.delays())


async def open_interactions(
    client: httpx.AsyncClient, asked: Sequence[SuggestRequest], count: int, name: str
) -> list[str]:
    """Ids of interactions in which one message was said; theirs in the host are `<name>-0`…"""
    ids = []
    for number in range(count):
        request = asked[number % len(asked)]
        given = {
            "channel": "chat",
            "source": "load",
            "external_id": f"{name}-{number}",
            "customer_ref": f"{name}-customer-{number}",
            "messages": [_message(request, 0, f"{number}-first")],
        }
        answer = await client.post("/api/v1/interactions", json=given, timeout=30)
        answer.raise_for_status()
        ids.append(str(answer.json()["interaction"]["id"]))
    return ids


async def send(
    client: httpx.AsyncClient,
    ids: Sequence[str],
    asked: Sequence[SuggestRequest],
    rate: float,
    seconds: float,
) -> Load:
    """`rate` messages a second, at random moments, into random interactions."""
    load = Load(len(ids), seconds)
    chance = random.Random(SEED)
    async with AsyncExitStack() as stack:
        watchers = [Watching(client, interaction_id) for interaction_id in ids]
        load.watching = watchers
        tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
        stack.callback(lambda: [task.cancel() for task in tasks])
        await _connected(watchers)
        posts = []
        ends = time.perf_counter() + seconds
        number = 0
        while time.perf_counter() < ends:
            await asyncio.sleep(chance.expovariate(rate))
            number += 1
            place = chance.randrange(len(ids))
            message = _message(asked[chance.randrange(len(asked))], number, f"load-{number}")
            posts.append(asyncio.create_task(_post(client, ids[place], place, message, load)))
        await asyncio.gather(*posts)
        await asyncio.sleep(2)
    return load


async def _post(
    client: httpx.AsyncClient, key: str, place: int, message: dict[str, str], load: Load
) -> None:
    started, clock = time.perf_counter(), time.time()
    path = f"/api/v1/interactions/{key}/messages"
    answer = await client.post(path, json={"messages": [message]}, timeout=30)
    if answer.status_code != 200:
        load.refused += 1
        return
    load.posted.append(time.perf_counter() - started)
    version = answer.json()["view"]["interaction"]["version"]
    load.sent.append(Sent(place, started, clock, version))


async def _connected(watchers: Sequence[Watching]) -> None:
    ends = time.perf_counter() + 60
    while not all(watcher.is_connected for watcher in watchers):
        if time.perf_counter() > ends:
            raise TimeoutError("not all sidebars could connect within a minute")
        await asyncio.sleep(0.05)


def _message(request: SuggestRequest, number: int, key: str) -> dict[str, str]:
    said = [message for message in request.messages if message.role == "customer"]
    return {"id": key, "role": "customer", "text": said[number % len(said)].text}
