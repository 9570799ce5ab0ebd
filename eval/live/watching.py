"""One sidebar without a screen: reads the pushes of an interaction and reconnects by itself."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a reconnection


@dataclass
class Watching:
    """What it saw. `arrived`: version of the conversation -> when its suggestion came.

    Moments are `time.perf_counter` seconds.
    """

    client: httpx.AsyncClient
    interaction_id: str
    arrived: dict[int, float] = field(default_factory=dict)
    connections: int = 0
    sequence: int = 0
    message_count: int = 0
    backwards: int = 0  # views older than one that was seen
    is_connected: bool = False

    async def run(self) -> None:
        """Until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._read()
                pause = FIRST_PAUSE
            except (httpx.HTTPError, OSError, ValueError):
                pause = min(LONGEST_PAUSE, pause * 2)
            self.is_connected = False
            await asyncio.sleep(random.uniform(0.5, 1) * pause)

    async def _read(self) -> None:
        path = f"/api/v1/interactions/{self.interaction_id}/events"
        async with self.client.stream("GET", path, timeout=httpx.Timeout(10, read=60)) as answer:
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code}")
            self.connections += 1
            self.is_connected = True
            kind, data = "", ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    data += value
                elif not line:
                    if kind == "view":
                        self._see(json.loads(data))
                    kind, data = "", ""

    def _see(self, view: dict[str, Any]) -> None:
        now = time.perf_counter()
        sequence = view["interaction"]["sequence"]
        if sequence < self.sequence:
            self.backwards += 1
            return
        self.sequence = sequence
        self.message_count = view["interaction"]["message_count"]
        version = view["suggestion_version"]
        if version is not None:
            self.arrived.setdefault(version, now)
