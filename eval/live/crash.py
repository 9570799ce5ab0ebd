"""Many idle sidebars, and a server that is killed and started again under them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from eval.live.watching import Watching

PAUSE = 0.25  # seconds between tries of a message that was not taken


@dataclass(frozen=True, slots=True)
class Crashed:
    """`reconnected`: seconds until the last sidebar was back, from when the server was ready."""

    sidebars: int
    kills: int
    reconnected: tuple[float, ...]
    messages: int  # sent, each until it was acknowledged
    tries: int
    lost: int  # acknowledged, and not there in the end
    doubled: int
    stale: int  # sidebars that do not show the last state in the end
    backwards: int  # views that were older than one seen before
    memory_before: float  # MiB, with nobody connected
    memory_connected: float
    memory_after: float  # after the last start, all connected


@dataclass
class Writer:
    """Sends numbered messages, the same one until it is taken, whatever happens."""

    client: httpx.AsyncClient
    ids: Sequence[str]
    count: dict[str, int]
    tries: int = 0
    messages: int = 0
    is_over: bool = False

    async def run(self) -> None:
        while not self.is_over:
            key = self.ids[self.messages % len(self.ids)]
            body = {"id": f"w-{self.messages}", "role": "customer", "text": "Where is it now?"}
            await self._insist(key, body)
            self.count[key] += 1
            self.messages += 1
            await asyncio.sleep(0.05)

    async def _insist(self, key: str, body: dict[str, str]) -> None:
        path = f"/api/v1/interactions/{key}/messages"
        while True:
            self.tries += 1
            try:
                answer = await self.client.post(path, json={"messages": [body]}, timeout=10)
                if answer.status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(PAUSE)


async def crash(
    client: httpx.AsyncClient,
    ids: Sequence[str],
    sidebars: int,
    kills: int,
    restart: Callable[[], None],
    memory: Callable[[], float],
) -> Crashed:
    """`restart` kills the server (kill -9), starts it and returns when it is ready.

    Every sidebar watches one of `ids`; one message each is in the interactions before.
    """
    before = await asyncio.to_thread(memory)
    watchers = [Watching(client, ids[number % len(ids)]) for number in range(sidebars)]
    tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
    writer = Writer(client, ids, dict.fromkeys(ids, 1))
    try:
        await _until(watchers, connections=1)
        connected = await asyncio.to_thread(memory)
        writing = asyncio.create_task(writer.run())
        back = []
        for number in range(kills):
            await asyncio.sleep(3)
            await asyncio.to_thread(restart)
            started = time.perf_counter()
            await _until(watchers, connections=number + 2)
            back.append(time.perf_counter() - started)
        await asyncio.sleep(3)
        writer.is_over = True
        await writing
        lost, doubled = await _compare(client, writer)
        await _settled(watchers, writer)
    finally:
        for task in tasks:
            task.cancel()
    stale = [w for w in watchers if w.message_count != writer.count[w.interaction_id]]
    return Crashed(
        sidebars,
        kills,
        tuple(back),
        writer.messages,
        writer.tries,
        lost,
        doubled,
        len(stale),
        sum(watcher.backwards for watcher in watchers),
        before,
        connected,
        await asyncio.to_thread(memory),
    )


async def _until(watchers: Sequence[Watching], connections: int) -> None:
    ends = time.perf_counter() + 120
    while not all(w.is_connected and w.connections >= connections for w in watchers):
        if time.perf_counter() > ends:
            missing = sum(not w.is_connected for w in watchers)
            raise TimeoutError(f"{missing} of {len(watchers)} sidebars did not come back")
        await asyncio.sleep(0.05)


async def _compare(client: httpx.AsyncClient, writer: Writer) -> tuple[int, int]:
    """Messages lost and doubled, by what the server holds in the end."""
    lost = doubled = 0
    for key, wanted in writer.count.items():
        answer = await client.get(f"/api/v1/interactions/{key}", timeout=30)
        there = answer.json()["interaction"]["message_count"]
        lost, doubled = lost + max(0, wanted - there), doubled + max(0, there - wanted)
    return lost, doubled


async def _settled(watchers: Sequence[Watching], writer: Writer) -> None:
    ends = time.perf_counter() + 20
    while time.perf_counter() < ends:
        if all(w.message_count == writer.count[w.interaction_id] for w in watchers):
            return
        await asyncio.sleep(0.1)
