"""HTTP/1.1 connections that end: uvicorn's own protocol, with clocks of ours.

uvicorn waits for ever for the head of a request, for the rest of a body that nobody reads any
more, and for a client that does not take what was written. Each is one connection kept for
nothing, and a few hundred of them a server that answers nobody.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.edge.headers import security_headers
from api.edge.policy import Policy
from api.errors import ProblemResponse, problem_for, problem_of
from kb.config import Settings
from kb.errors import Busy

CLOSE_SECONDS = 10.0  # for a client to take what was written before it is cut off
_TICK = 1.0  # seconds between looks
_HEADERS = {**security_headers(Policy(), "", ""), "connection": "close"}


class TimedProtocol(H11Protocol):
    """One connection. It is cut off when nothing that anybody waits for happens on it."""

    head_seconds = 10.0  # for a request's head to arrive
    most = 500  # connections of the server at a time

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self.app = _too_many
        self._idle_since: float | None = None
        self._idle_after: object = None  # the request that was the last when it began
        self._closing_since: float | None = None
        self._look = self.loop.call_later(_TICK, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():  # what comes after a refusal is nobody's request
            return
        super().data_received(data)

    def handle_events(self) -> None:
        try:
            super().handle_events()
        except h11.LocalProtocolError:
            # The client broke off in the middle of an answer: there is no way to say so.
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """The problem document that every other refusal is."""
        problem = problem_for(400, "Send a well-formed HTTP/1.1 request.")
        response = ProblemResponse(problem, _HEADERS)
        for event in (
            h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        now = self.loop.time()
        self._look = self.loop.call_later(_TICK, self._watch)
        if self.transport.is_closing():
            self._closing_since = self._closing_since or now
            if now - self._closing_since > CLOSE_SECONDS:
                self.transport.abort()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self._idle_since = None  # the edge has a clock for requests
            return
        if self._idle_since is None or self._idle_after is not self.cycle:
            self._idle_since, self._idle_after = now, self.cycle
        if now - self._idle_since > self.head_seconds:
            self.transport.close()


async def _too_many(scope: Any, receive: Any, send: Any) -> None:
    """What a connection is told that there is no room for."""
    problem = problem_of(Busy("Too many connections are open: try again in a few seconds."))
    await ProblemResponse(problem, _HEADERS | {"retry-after": "5"})(scope, receive, send)


def protocol_options(settings: Settings) -> dict[str, Any]:
    """What `uvicorn.run` is told of connections."""

    class Protocol(TimedProtocol):
        head_seconds = min(TimedProtocol.head_seconds, settings.body_seconds)
        most = settings.max_connections

    return {
        "http": Protocol,
        "ws": "none",
        "h11_max_incomplete_event_size": 40_000,  # the edge says what is wrong with long heads
        "timeout_keep_alive": 5,
        "proxy_headers": False,  # ours believes nobody who is not named (POTICA_TRUSTED_PROXIES)
    }
