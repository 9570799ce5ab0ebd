"""Pushes of a live interaction: server-sent events, and a WebSocket that takes messages too."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, WebSocket
from starlette.responses import Response

from api.auth.bearer import bearer_token
from api.auth.rules import allow
from api.auth.socket import Listener
from api.deps import App
from api.live.socket import talk
from api.live.standing import standing_of
from api.live.stream import MEDIA_TYPE, EventStream
from kb.domain import Permission, Principal

router = APIRouter(prefix="/api/v1/interactions", tags=["interactions"])
Reader = Annotated[Principal, allow(Permission.read_interactions)]
InteractionId = Annotated[str, Path(pattern=r"^int_[a-z0-9]{1,36}$", max_length=40)]
_EVENTS = {
    "description": "`view` with an InteractionView, `ping` each 15 seconds, `expired` at the end"
    " when the credential is not good any more",
    "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
}


@router.get("/{interaction_id}/events", response_class=Response, responses={200: _EVENTS})
async def get_events(
    request: Request, app: App, reader: Reader, interaction_id: InteractionId
) -> Response:
    """The newest view of an interaction, at once and each time something in it is new.

    A view comes whole, without the contact history. A client that is slow gets the newest one
    only. When the stream ends, ask again: the first event is the state of that moment.
    """
    standing = standing_of(app, reader, bearer_token(request))
    return EventStream(await app.live.subscribe(interaction_id, reader, standing))


@router.websocket("/{interaction_id}/live")
async def live_socket(socket: WebSocket, greeted: Listener, interaction_id: str) -> None:
    """The same views, after the frame `hello` with the token; messages may be sent here too."""
    await talk(socket, greeted, interaction_id)
