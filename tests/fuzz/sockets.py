"""Sends cases over real sockets, many at a time, and says what came back and how long it took."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from tests.fuzz.requests import CANARY, PAUSE, Case

_STATUS = re.compile(rb"(?:^|\n|[^\n])HTTP/1\.1 (\d{3}) [A-Za-z-]")
_INJECTED = re.compile(rb"^" + CANARY.encode() + rb"\s*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one connection got. `seconds` from the last piece sent to its end."""

    case: Case
    statuses: tuple[int, ...]
    seconds: float
    hung: bool
    injected: bool


def send_all(port: int, cases: Sequence[Case], at_once: int, patience: float) -> list[Outcome]:
    """Every case on a connection of its own, `at_once` of them open at a time."""
    # In a thread: a browser that other tests hold keeps this one's event loop.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _send_all(port, cases, at_once, patience)).result()


async def _send_all(
    port: int, cases: Sequence[Case], at_once: int, patience: float
) -> list[Outcome]:
    free = asyncio.Semaphore(at_once)

    async def one(case: Case) -> Outcome:
        async with free:
            return await _send(port, case, patience)

    return await asyncio.gather(*(one(case) for case in cases))


async def _send(port: int, case: Case, patience: float) -> Outcome:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer, hung = b"", False
    try:
        await _write(writer, case)
        started = time.monotonic()
        if not case.reset:
            answer, hung = await _read(reader, patience)
    finally:
        writer.transport.abort()
    statuses = tuple(int(found) for found in _STATUS.findall(answer))
    seconds = time.monotonic() - started
    return Outcome(case, statuses, seconds, hung, _INJECTED.search(answer) is not None)


async def _write(writer: asyncio.StreamWriter, case: Case) -> None:
    with suppress(ConnectionError):  # the server may have refused already
        for piece in case.pieces:
            writer.write(piece)
            await writer.drain()
            if len(case.pieces) > 1:
                await asyncio.sleep(PAUSE)
        if case.half_close:
            writer.write_eof()
    if case.reset:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader, patience: float) -> tuple[bytes, bool]:
    """All until the server ends the connection, and whether it did not within `patience`."""
    answer = bytearray()
    try:
        async with asyncio.timeout(patience):
            while part := await reader.read(65536):
                answer += part
    except TimeoutError:
        return bytes(answer), True
    except ConnectionError:
        pass
    return bytes(answer), False
