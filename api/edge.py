"""The edge: what every request passes before routing and every response before leaving.

Request id, log line, metrics, security headers, body size, and a last net for defects.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ProblemResponse, log_unexpected, problem_for, unexpected
from api.metrics import Metrics
from api.schemas.common import Problem
from kb.config import Settings

MAX_BODY_BYTES = 1_000_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
log = structlog.get_logger("potica.requests")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def served_names(settings: Settings) -> frozenset[str] | None:
    """Host names that requests may be addressed to; None for any.

    A server for this machine alone answers to its own names only: otherwise a page on the web
    could point a name of its own at 127.0.0.1 and read everything through the visitor's browser.
    """
    if not is_loopback(settings.host):
        return None
    public = urlsplit(settings.resolved_public_url).hostname or ""
    return frozenset({"localhost", "127.0.0.1", "::1", settings.host, public} - {""})


class Edge:
    """ASGI middleware, the outermost of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, names: frozenset[str] | None) -> None:
        self.app = app
        self.metrics = metrics
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope["potica.request_id"] = request_id
        response = _Outgoing(send, request_id, scope["path"])
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._answer(scope, headers, receive, response)
            except Exception as error:
                log_unexpected(error)
                if response.status:  # too late to say it properly
                    raise
                await ProblemResponse(unexpected(request_id))(scope, receive, response)
            self._note(scope, response.status, time.perf_counter() - started)

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, send: _Outgoing
    ) -> None:
        refusal = self._refusal(scope["method"], headers, send.request_id)
        body = None if refusal else await _read(headers, receive)
        if body is None:
            refusal = refusal or problem_for(
                413, f"Send at most {MAX_BODY_BYTES:,} bytes in one request.", send.request_id
            )
            await ProblemResponse(refusal, {"connection": "close"})(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)

    def _refusal(self, method: str, headers: Headers, request_id: str) -> Problem | None:
        """Requests that a foreign page made a browser send."""
        host = headers.get("host", "")
        if self.names is not None and _name(host) not in self.names:
            return problem_for(
                421, "Address this server by its own name (POTICA_PUBLIC_URL).", request_id
            )
        origin = headers.get("origin")
        if method not in _SAFE_METHODS and origin and origin.partition("://")[2] != host:
            return problem_for(
                403, "Pages of other sites may not write here: call from a server.", request_id
            )
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.observe_request(method, route, status, seconds)
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class _Outgoing:
    """`send` with the headers every response carries; remembers the status."""

    def __init__(self, send: Send, request_id: str, path: str) -> None:
        self.send = send
        self.request_id = request_id
        self.path = path
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            for name, value in _SECURITY.items():
                headers.setdefault(name, value)
            is_static = self.path.startswith("/static/") and self.status == 200
            headers.setdefault("cache-control", "max-age=300" if is_static else "no-store")
        await self.send(message)


def _name(netloc: str) -> str:
    """The host without its port; empty when it cannot be read."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


async def _read(headers: Headers, receive: Receive) -> Message | None:
    """The whole body as one message; None when it is too large, said or not."""
    said = headers.get("content-length", "0")
    if said.isdecimal() and int(said[:20]) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client has gone
            return message
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return {"type": "http.request", "body": bytes(body), "more_body": False}


def _replay(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
