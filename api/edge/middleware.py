"""ASGI middleware around the whole application.

Request id, nonce, refusals, time limits, log line, metrics, headers, a last net for defects.
"""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.edge.body import Upload, read_body, said_size, too_large
from api.edge.headers import security_headers
from api.edge.limits import refused_head
from api.edge.names import SAFE_METHODS, SIGNED, host_name, is_foreign
from api.edge.policy import Policy, is_stream, is_upload
from api.edge.sockets import SocketEdge, request_id_from
from api.errors import (
    CLIENT_GONE,
    ProblemResponse,
    log_unexpected,
    problem_for,
    problem_of,
    unexpected,
)
from api.metrics import Metrics
from api.schemas.common import Problem
from kb.errors import OutOfTime

_METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
log = structlog.get_logger("potica.requests")


class Edge:
    """The outermost of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, policy: Policy) -> None:
        self.app = app
        self.metrics = metrics
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await SocketEdge(self.app, self.metrics, self.policy)(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = scope["potica.request_id"] = request_id_from(headers)
        scope["potica.nonce"] = secrets.token_urlsafe(18)
        response = _Outgoing(send, scope, self.policy)
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
        refusal = self._refusal(scope, headers)
        if refusal is None and is_upload(scope["method"], scope["path"]):
            upload = Upload(receive, self.policy.import_bytes, self.policy.body_seconds)
            send.upload = upload
            try:
                await self._within_time(scope, upload.receive, send)
            finally:
                if "potica.form" in scope:
                    await scope["potica.form"].close()
            return
        body = refusal or await read_body(headers, receive, self.policy.body_seconds)
        if isinstance(body, tuple):
            problem = problem_for(*body, scope["potica.request_id"])
            # What the client still sends could be taken for its next request.
            await ProblemResponse(problem, {"connection": "close"})(scope, receive, send)
            return
        if body["type"] != "http.request":  # the client has gone
            send.status = CLIENT_GONE
            return
        await self._within_time(scope, _replay(body, receive), send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Status and advice for what is not taken, whoever asks."""
        if refused := refused_head(scope):
            return refused
        most = self.policy.import_bytes
        if is_upload(scope["method"], scope["path"]) and said_size(headers) > most:
            return 413, too_large(most)
        names = self.policy.names
        if names and host_name(headers.get("host", "")) not in names:
            return 421, (
                "Address this server by a name of its own (POTICA_PUBLIC_URL,"
                " POTICA_TRUSTED_HOSTS)."
            )
        if scope["method"] not in SAFE_METHODS and self._is_foreign(scope, headers):
            return 403, "Pages of other sites may not write here: call from a server."
        return None

    def _is_foreign(self, scope: Scope, headers: Headers) -> bool:
        origins = headers.getlist("origin")
        if scope["path"] == SIGNED and origins and {*origins} <= {*self.policy.embed_origins}:
            return False  # who it speaks for stands in the signed form, not in a cookie
        return is_foreign(headers, scope["scheme"], self.policy.public_origin)

    async def _within_time(self, scope: Scope, receive: Receive, send: _Outgoing) -> None:
        """The application's answer, or that it took too long.

        A thread cannot be stopped: it goes on, and whatever it still sends goes nowhere.
        """
        gate = _Gate(send)
        task = asyncio.ensure_future(self.app(scope, receive, gate))
        try:
            await asyncio.wait({task}, timeout=self._seconds_for(scope))
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done():
            task.result()
            return
        gate.is_open = False
        task.add_done_callback(_note_late)
        task.cancel()
        if send.status:
            raise OutOfTime("The client took too long to read the answer.")
        await ProblemResponse(self._late(scope), {"retry-after": "5"})(scope, receive, send)

    def _seconds_for(self, scope: Scope) -> float | None:
        return self.policy.seconds_for(scope["method"], scope["path"])

    def _late(self, scope: Scope) -> Problem:
        wait = f"No answer was ready within {self._seconds_for(scope):g} seconds:"
        advice = " try again in a moment."
        if scope["method"] not in SAFE_METHODS:
            advice = " look whether it was saved before you send it again."
        return problem_of(OutOfTime(wait + advice), scope["potica.request_id"])

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        if is_stream(scope["path"]) and status == 200:
            self.metrics.observe_stream(route)
        else:
            self.metrics.observe_request(method, route, status, seconds)
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class _Outgoing:
    """`send` with the headers every response carries; remembers the status."""

    def __init__(self, send: Send, scope: Scope, policy: Policy) -> None:
        self.send = send
        self.scope = scope
        self.policy = policy
        self.status = 0
        self.upload: Upload | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(MutableHeaders(scope=message))
        await self.send(message)

    def _add_headers(self, headers: MutableHeaders) -> None:
        scope, path = self.scope, self.scope["path"]
        headers["x-request-id"] = scope["potica.request_id"]
        added = security_headers(self.policy, path, scope["potica.nonce"])
        added.update(scope.get("potica.rate", {}))
        is_static = path.startswith("/static/") and self.status == 200
        added["cache-control"] = "max-age=300" if is_static else "no-store"
        if self.upload is not None and not self.upload.is_whole:
            # What the client still sends could be taken for its next request.
            added["connection"] = "close"
        for name, value in added.items():
            headers.setdefault(name, value)


class _Gate:
    """`send` that can be shut."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.is_open = True

    async def __call__(self, message: Message) -> None:
        if self.is_open:
            await self.send(message)


def _note_late(task: asyncio.Future[None]) -> None:
    """How something ended that nobody waited for any more."""
    if not task.cancelled() and (error := task.exception()):
        log_unexpected(error)


def _replay(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
