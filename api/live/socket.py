"""A WebSocket of one interaction: views go out, messages come in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Literal

import structlog
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.auth.rules import require
from api.auth.socket import CLOSE_BASE, Greeted, read_text, refuse
from api.edge.rates import Cost, Rates
from api.errors import log_unexpected, problem_of
from api.live.saving import save_interaction
from api.live.standing import standing_of
from api.live.subscription import End, Subscription
from api.schemas.interactions import MessagesIn
from api.state import Services, services_of
from kb.actions.interactions import InteractionSaved, add_messages
from kb.domain import Permission
from kb.errors import DatabaseError, InvalidInput, KbError, SignInNeeded

WAIT = 60.0  # seconds between looks whether the stream ended; the server pings by itself
SEND_WITHIN = 30.0  # seconds for a client to take what it is sent
MOST_WRONG = 20  # frames that are refused before the connection is
RESTARTS = 1012  # as uvicorn says it
log = structlog.get_logger("potica.live")


class MessagesFrame(MessagesIn):
    """What was said, as `POST .../messages` takes it. `ref` comes back in the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["messages"]
    ref: Annotated[str, StringConstraints(max_length=80)] | None = None


class Saved(BaseModel):
    """What became of the messages of one frame."""

    type: Literal["saved"] = "saved"
    ref: str | None
    added: int
    changed: int
    unchanged: int


async def talk(socket: WebSocket, greeted: Greeted, interaction_id: str) -> None:
    """Until one side ends it. The client was greeted and may read interactions."""
    services = services_of(socket)
    standing = standing_of(services, greeted.principal, greeted.token)
    try:
        subscription = await services.live.subscribe(interaction_id, greeted.principal, standing)
    except KbError as error:
        await refuse(socket, error)
        return
    reading = asyncio.ensure_future(_Reader(socket, greeted, services, interaction_id).read())
    reading.add_done_callback(lambda _: subscription.end(End.left))
    try:
        await _send_all(socket, subscription)
    except (TimeoutError, WebSocketDisconnect):
        log.info("stream_cut", why="the client takes nothing or went")
    finally:
        subscription.close()
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _send_all(socket: WebSocket, subscription: Subscription) -> None:
    while True:
        found = await subscription.next(WAIT)
        async with asyncio.timeout(SEND_WITHIN):
            if isinstance(found, End):
                await _close(socket, found)
                return
            if found is not None:
                await socket.send_text('{"type":"view",' + found.data[1:].decode())


async def _close(socket: WebSocket, why: End) -> None:
    if why == End.stopped:
        await socket.close(RESTARTS, "stopped")
    elif why != End.left:
        await socket.send_json({"type": "expired"})
        await socket.close(CLOSE_BASE + SignInNeeded.status, "expired")


class _Reader:
    """What the client says."""

    def __init__(
        self, socket: WebSocket, greeted: Greeted, services: Services, interaction_id: str
    ) -> None:
        self._socket = socket
        self._principal = greeted.principal
        self._services = services
        self._interaction_id = interaction_id
        self._wrong = 0

    async def read(self) -> None:
        """Until the client goes; never raises."""
        try:
            while True:
                await self._one()
        except (WebSocketDisconnect, RuntimeError):  # went, or was closed by us meanwhile
            return
        except Exception as error:
            log_unexpected(error)

    async def _one(self) -> None:
        try:
            text = await read_text(self._socket)
            await self._take(text)
        except KbError as error:
            await self._tell(error)
        except (OperationalError, InterfaceError) as error:
            log_unexpected(error)
            await self._tell(DatabaseError("The database does not answer: send it again."))

    async def _take(self, text: str) -> None:
        rates: Rates = self._socket.app.state.rates
        rates.charge(self._socket, self._principal, Cost.write)
        try:
            given = MessagesFrame.model_validate_json(text)
        except ValidationError as error:
            places = sorted({".".join(map(str, found["loc"]))[:80] for found in error.errors()})
            raise InvalidInput(
                'Send {"type": "messages", "messages": [...]} with messages as the API has them.',
                fields=", ".join(places[:20]),
            ) from None
        require(self._principal, Permission.write_interactions)
        saved = await run_in_threadpool(self._save, given)
        turns = saved.turns
        told = Saved(
            ref=given.ref, added=turns.added, changed=turns.changed, unchanged=turns.unchanged
        )
        await self._socket.send_text(told.model_dump_json())

    def _save(self, given: MessagesFrame) -> InteractionSaved:
        principal = self._principal
        turns = [message.to_turn() for message in given.messages]

        def act(session: Session) -> InteractionSaved:
            scope = principal.scope
            return add_messages(session, self._interaction_id, turns, principal.actor, scope)

        return save_interaction(self._services, act)

    async def _tell(self, error: KbError) -> None:
        """What was wrong; the connection goes on, unless it was wrong too often."""
        self._wrong += 1
        if self._wrong >= MOST_WRONG:
            await refuse(self._socket, error)
            raise WebSocketDisconnect(CLOSE_BASE + error.status)
        problem = problem_of(error).model_dump(mode="json", exclude_none=True)
        await self._socket.send_json({"type": "problem", "problem": problem})
