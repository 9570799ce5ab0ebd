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


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` messages a second; `shown` of them (a share) into the first `screens` interactions,
    the others into the others."""

    rate: float
    seconds: float
    screens: int
    shown: float


@dataclass
class Load:
    """What a run saw."""

    interactions: int
    seconds: float
    sent: list[Sent] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)  # seconds a POST took
    refused: int = 0
    watching: dict[int, Watching] = field(default_factory=dict)  # by place of the interaction

    def delays(self) -> list[float]:
        """Milliseconds from sending a message to the first suggestion that knows of it, for the
        interactions that no screen shows.

        A message that a newer one overtook is answered by the suggestion to the newer one.
        """
        found = []
        for message in self.sent:
            if message.interaction not in self.watching:
                continue
            arrived = self.watching[message.interaction].arrived
            later = [at for version, at in arrived.items() if version >= message.version]
            if later:
                found.append(1000 * (min(later) - message.at))
        return found

    @property
    def unanswered(self) -> int:
        """Messages without a suggestion, where no screen shows them."""
        return sum(message.interaction in self.watching for message in self.sent) - len(
            self.delays()
        )


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
    pace: Pace,
) -> Load:
    """Messages at random moments; the first `pace.screens` interactions are shown elsewhere."""
    load = Load(len(ids), pace.seconds)
    chance = random.Random(SEED)
    async with AsyncExitStack() as stack:
        load.watching = {n: Watching(client, ids[n]) for n in range(pace.screens, len(ids))}
        watchers = list(load.watching.values())
        tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
        stack.callback(lambda: [task.cancel() for task in tasks])
        await _connected(watchers)
        posts = []
        ends = time.perf_counter() + pace.seconds
        number = 0
        while time.perf_counter() < ends:
            await asyncio.sleep(chance.expovariate(pace.rate))
            number += 1
            shown = chance.random() < pace.shown
            place = chance.randrange(*((0, pace.screens) if shown else (pace.screens, len(ids))))
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
