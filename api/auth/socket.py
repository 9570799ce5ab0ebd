"""Who speaks over a WebSocket: told in its first frame, under a rule like every route.

Browsers cannot send headers with a WebSocket, and what stands in an address is written into logs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth.bearer import MAX_TOKEN
from api.auth.identify import identify_socket
from api.auth.rules import Rule
from api.edge.body import refused_shape
from api.edge.rates import Cost, Rates
from api.errors import problem_of
from kb.domain import Permission, Principal
from kb.errors import InvalidInput, KbError, OutOfTime, SignInNeeded

HELLO_WITHIN = 10.0  # seconds
CLOSE_BASE = 4000  # close codes are these and the status that HTTP would have: 4401, 4404
BAD = 4400


@dataclass(frozen=True, slots=True)
class Greeted:
    """Who said hello, and with which token."""

    principal: Principal
    token: str | None


class SocketRule:
    """As `Rule`, for a WebSocket: a route that depends on it is entered only once it is kept."""

    signed_in = False

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self._rule = Rule(permission)

    async def __call__(self, socket: WebSocket) -> Greeted:
        """Take the connection and its first frame. One that may not is told why, and closed."""
        await socket.accept()
        try:
            token = await _hello(socket)
            principal = await run_in_threadpool(_admitted, socket, token)
            self._rule(principal)
        except KbError as error:
            await refuse(socket, error)
            raise WebSocketDisconnect(CLOSE_BASE + error.status) from error
        return Greeted(principal, token)


def listens(permission: Permission) -> Any:
    """A dependency: who said hello, and has this permission."""
    return Depends(SocketRule(permission))


Listener = Annotated[Greeted, listens(Permission.read_interactions)]


async def refuse(socket: WebSocket, error: KbError) -> None:
    """Say what is wrong, and close."""
    problem = problem_of(error, socket.scope.get("potica.request_id"))
    told = problem.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    await socket.send_json({"type": "problem", "problem": told})
    await socket.close(CLOSE_BASE + error.status, error.code)


async def read_text(socket: WebSocket) -> str:
    """The next frame. Raises WebSocketDisconnect, InvalidInput for one that is not JSON's."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None:
        raise InvalidInput("Send text frames with JSON.")
    refused = refused_shape("application/json", text.encode("utf-8", "surrogatepass"))
    if refused is not None:
        raise InvalidInput(refused[1])
    return text


class _Hello(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["hello"]
    token: Annotated[str, Field(min_length=1, max_length=MAX_TOKEN)] | None = None


async def _hello(socket: WebSocket) -> str | None:
    """The token in the first frame. Raises InvalidInput, OutOfTime, WebSocketDisconnect."""
    try:
        async with asyncio.timeout(HELLO_WITHIN):
            text = await read_text(socket)
    except TimeoutError:
        raise OutOfTime(
            f"Say hello within {HELLO_WITHIN:g} seconds: the first frame is"
            ' {"type": "hello", "token": "..."}.'
        ) from None
    try:
        return _Hello.model_validate_json(text).token
    except ValidationError:
        raise InvalidInput('Begin with the frame {"type": "hello", "token": "..."}.') from None


def _admitted(socket: WebSocket, token: str | None) -> Principal:
    """Who it is. Raises SignInNeeded, TooMany."""
    rates: Rates = socket.app.state.rates
    if token is not None:
        rates.check_refused(socket)
    try:
        found = identify_socket(socket, token)
    except SignInNeeded:
        rates.count_refusal(socket)
        raise
    rates.charge(socket, found, Cost.read)
    return found
