"""WebSockets at the edge: refusals before the upgrade, headers on it, one line in the log."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from api.edge.headers import security_headers
from api.edge.limits import refused_head
from api.edge.names import host_name, is_foreign
from api.edge.policy import Policy
from api.errors import ProblemResponse, log_unexpected, problem_for, unexpected
from api.metrics import Metrics
from api.schemas.common import Problem

BROKEN = 1011  # close code of a defect of ours
UPGRADED = 101
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NOWHERE = (404, "Check the address: there is no WebSocket here.")
log = structlog.get_logger("potica.requests")


def request_id_from(headers: Headers) -> str:
    """The one the client gave, when it is one; else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


class SocketEdge:
    """What `Edge` is for requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics, policy: Policy) -> None:
        self.app = app
        self.metrics = metrics
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        request_id = scope["potica.request_id"] = request_id_from(headers)
        outgoing = _Outgoing(send, scope, self.policy)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                refusal = self._refusal(scope, headers)
                if refusal:
                    await outgoing.deny(problem_for(*refusal, request_id))
                else:
                    await self.app(scope, receive, outgoing)
            except WebSocketDisconnect:  # the client went, or was shown the door
                pass
            except Exception as error:
                log_unexpected(error)
                await outgoing.fail()
            self._note(scope, outgoing.status, time.perf_counter() - started)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Status and advice for what is not taken, whoever asks."""
        if refused := refused_head(scope):
            return refused
        names = self.policy.names
        if names and host_name(headers.get("host", "")) not in names:
            return 421, (
                "Address this server by a name of its own (POTICA_PUBLIC_URL,"
                " POTICA_TRUSTED_HOSTS)."
            )
        if is_foreign(headers, scope["scheme"], self.policy.public_origin):
            return 403, "Pages of other sites may not connect here: connect from a server."
        if scope["query_string"]:
            return 400, "Send nothing in the address: the token goes into the first frame."
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        self.metrics.requests.labels("websocket", route, str(status)).inc()
        spent = round(seconds * 1000, 1)
        log.info("request", method="websocket", route=route, status=status, ms=spent)


class _Outgoing:
    """`send` that remembers how far it got, and refuses with a problem document."""

    def __init__(self, send: Send, scope: Scope, policy: Policy) -> None:
        self.send = send
        self.scope = scope
        self.policy = policy
        self.status = 0
        self._closed = False

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.close" and not self.status:
            await self.deny(problem_for(*_NOWHERE, self.scope["potica.request_id"]))
            return
        if kind == "websocket.accept":
            self.status = UPGRADED
            headers = [*message.get("headers", [])]
            given = (b"x-request-id", self.scope["potica.request_id"].encode())
            message = {**message, "headers": [*headers, given]}
        elif kind == "websocket.http.response.start":
            self.status = message["status"]
            self._add_headers(MutableHeaders(scope=message))
        elif kind == "websocket.close":
            self._closed = True
        await self.send(message)

    async def deny(self, problem: Problem) -> None:
        """Refuse the upgrade."""
        self.status = problem.status
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.send({"type": "websocket.close", "code": 1008})
            return
        response = ProblemResponse(problem, {"connection": "close"})
        await response({**self.scope, "type": "websocket"}, _nothing, self)

    async def fail(self) -> None:
        """End it after a defect of ours, as far as that can still be said."""
        if not self.status:
            await self.deny(unexpected(self.scope["potica.request_id"]))
        elif self.status == UPGRADED and not self._closed:
            await self.send({"type": "websocket.close", "code": BROKEN})

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers["x-request-id"] = self.scope["potica.request_id"]
        added = security_headers(self.policy, self.scope["path"], "")
        for name, value in (added | {"cache-control": "no-store"}).items():
            headers.setdefault(name, value)


async def _nothing() -> Message:
    raise AssertionError("a refusal reads nothing")
