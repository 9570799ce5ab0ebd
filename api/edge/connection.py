"""HTTP/1.1 connections that end: uvicorn's own protocol, with clocks of ours.

uvicorn waits for ever for the head of a request, for the rest of a body that nobody reads any
more, and for a client that does not take what was written. Each is one connection kept for
nothing, and a few hundred of them a server that answers nobody.
"""

from __future__ import annotations

import asyncio
import resource
from http import HTTPStatus
from typing import Any

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.edge.headers import security_headers
from api.edge.policy import Policy
from api.edge.socket_connection import MAX_FRAME, PING_EVERY, PONG_WITHIN, TimedSocket, not_taken
from api.errors import ProblemResponse, problem_for, problem_of
from api.schemas.common import Problem
from kb.config import Settings
from kb.errors import Busy

CLOSE_SECONDS = 10.0  # for a client to take what was written before it is cut off
_TICK = 1.0  # seconds between looks
_STREAM_TICK = 5.0  # at streams, of which there are many, and which have clocks of their own
_SPARE_FILES = 256  # descriptors beside those of connections: databases, index, logs
log = structlog.get_logger("potica.connections")
_HEADERS = {**security_headers(Policy(), "", ""), "connection": "close"}
_FULL = Busy("Too many connections are open: try again in a few seconds.")


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
        self._refuse(problem_for(400, "Send a well-formed HTTP/1.1 request."))

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        refusal = not_taken(event, self.conn.trailing_data[0])
        if self.app is _too_many:
            self._refuse(problem_of(_FULL))
        elif refusal is not None:
            self._refuse(problem_for(*refusal))
        else:
            self._look.cancel()  # the connection has another protocol from now on
            self._unset_keepalive_if_required()
            super().handle_websocket_upgrade(event)

    def shutdown(self) -> None:
        """The server stops: a stream would go on for ever, so it is told to end."""
        scope: dict[str, Any] = {} if self.cycle is None else {**self.cycle.scope}
        stop = scope.get("potica.stop")
        if stop is not None and not self.cycle.response_complete:
            stop()
        super().shutdown()
        if stop is not None and self.transport.get_write_buffer_size():
            self.transport.abort()  # the client takes nothing

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no request of the application's, and close."""
        response = ProblemResponse(problem, _HEADERS)
        reason = HTTPStatus(problem.status).phrase.encode()
        for event in (
            h11.Response(status_code=problem.status, headers=response.raw_headers, reason=reason),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        now = self.loop.time()
        is_stream = self.cycle is not None and "potica.stop" in self.cycle.scope
        self._look = self.loop.call_later(_STREAM_TICK if is_stream else _TICK, self._watch)
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
    await ProblemResponse(problem_of(_FULL), _HEADERS | {"retry-after": "5"})(scope, receive, send)


def room_for(connections: int) -> int:
    """So many connections, or fewer when the system does not give the process as many files.

    The process asks for what it may have: systems begin with 1,024 and allow more.
    """
    wanted = connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    given = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (given, hard))
    if given < wanted:
        log.warning("few_open_files", connections=max(1, given - _SPARE_FILES), wanted=connections)
    return max(1, min(connections, given - _SPARE_FILES))


def protocol_options(settings: Settings) -> dict[str, Any]:
    """What `uvicorn.run` is told of connections."""

    class Protocol(TimedProtocol):
        head_seconds = min(TimedProtocol.head_seconds, settings.body_seconds)
        most = room_for(settings.max_connections)

    return {
        "http": Protocol,
        "ws": TimedSocket,
        "ws_max_size": MAX_FRAME,
        "ws_ping_interval": PING_EVERY,
        "ws_ping_timeout": PONG_WITHIN,
        "ws_per_message_deflate": False,  # each connection would keep its tables
        "h11_max_incomplete_event_size": 40_000,  # the edge says what is wrong with long heads
        "timeout_keep_alive": 5,
        "proxy_headers": False,  # ours believes nobody who is not named (POTICA_TRUSTED_PROXIES)
    }
