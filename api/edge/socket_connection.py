"""WebSocket connections that end: uvicorn's own protocol, with limits of ours."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from typing import Any

import h11
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_FRAME = 262_144  # bytes of a message from a client
PING_EVERY = 15.0  # seconds
PONG_WITHIN = 20.0  # seconds
CLOSE_SECONDS = 10.0  # for a client to take what was written before it is cut off
MAX_LINE = 8_000  # bytes of a line of the head, which is read a second time
_TICK = 5.0  # seconds between looks
_LOGGER = logging.getLogger("uvicorn.error.websocket")
_LOGGER.setLevel(logging.WARNING)

Refused = tuple[int, str]
"""Status and advice."""


class TimedSocket(WebSocketsSansIOProtocol):
    """One connection. It is cut off when its client does not take what it is sent."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Theirs write addresses with what stands in them, and at DEBUG every word that is said.
        self.logger = _LOGGER
        self.conn.logger, self.conn.debug = _LOGGER, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._closing = False
        self._look = self.loop.call_later(_TICK, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # the answers to its pings would fill the memory
            self.transport.abort()

    def _watch(self) -> None:
        if not self.transport.is_closing():
            self._look = self.loop.call_later(_TICK, self._watch)
        elif not self._closing:
            self._closing = True
            self._look = self.loop.call_later(CLOSE_SECONDS, self._watch)
        else:
            self.transport.abort()


def not_taken(request: h11.Request, more: bytes) -> Refused | None:
    """Status and advice for an upgrade that cannot be; None when it can.

    `more` came after its head. Whether anybody is let in is not looked at here.
    """
    headers = {name.lower(): value for name, value in request.headers}
    lines = [request.target, *(name + value for name, value in request.headers)]
    if any(len(line) > MAX_LINE for line in lines):
        return 431, f"Keep each line of the head under {MAX_LINE:,} bytes."
    if request.method != b"GET" or request.http_version != b"1.1":
        return 400, "Ask for a WebSocket with GET and HTTP/1.1."
    body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    if body or more:
        return 400, "Send nothing before the WebSocket is open."
    if headers.get(b"sec-websocket-version") != b"13":
        return 400, "Ask for version 13 of the WebSocket protocol."
    if not _is_key(headers.get(b"sec-websocket-key", b"")):
        return 400, "Send 16 random bytes in base64 as Sec-WebSocket-Key."
    return None


def _is_key(value: bytes) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False
