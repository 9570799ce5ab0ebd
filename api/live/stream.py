"""Server-sent events: the views of one subscription, until one side ends it."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.live.subscription import End, Frame, Subscription

MEDIA_TYPE = "text/event-stream"
PING_EVERY = 15.0  # seconds
SEND_WITHIN = 30.0  # seconds for a client to take what it is sent
_HEADERS = {
    "content-type": MEDIA_TYPE,
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a proxy that gathers answers would gather for ever
}
_BEGIN = b"retry: 2000\n\n"  # milliseconds until a client of its own accord asks again
_PING = b"event: ping\ndata: {}\n\n"
log = structlog.get_logger("potica.live")


class EventStream(Response):
    """The answer to one request for events."""

    media_type = MEDIA_TYPE

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        subscription = self._subscription
        left = asyncio.ensure_future(_left(receive))
        left.add_done_callback(lambda _: subscription.end(End.left))
        scope["potica.stop"] = partial(subscription.end, End.stopped)
        head: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        try:
            await send(head)
            await _send(send, _BEGIN)
            await self._send_all(send)
        except TimeoutError:
            log.info("stream_cut", why="the client takes nothing")
        finally:
            subscription.close()
            left.cancel()

    async def _send_all(self, send: Send) -> None:
        while True:
            found = await self._subscription.next(PING_EVERY)
            if isinstance(found, End):
                if found == End.left:
                    return
                last = b"" if found == End.stopped else _event("expired", b"{}")
                await _send(send, last, more=False)
                return
            await _send(send, _PING if found is None else _view(found))


def _view(frame: Frame) -> bytes:
    return b"id: %d\n%b" % (frame.sequence, _event("view", frame.data))


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    """Raises TimeoutError when the client does not take it."""
    async with asyncio.timeout(SEND_WITHIN):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    """Until the client went."""
    while (await receive())["type"] != "http.disconnect":
        pass
