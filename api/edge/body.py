"""The body of a request: within a size and a time, and of a shape that can be read.

Read whole before anybody sees it, but for files to import.
"""

from __future__ import annotations

import asyncio
import re

import numpy as np
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from kb.errors import TooLarge, TooSlow

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 32  # levels of lists and objects in JSON
MAX_NUMBER = 64  # characters of a number
MAX_PARTS = 100  # of a form

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{%d}" % (MAX_NUMBER + 1))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one level in, one out, as int8
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,70})', re.IGNORECASE)

Refused = tuple[int, str]
"""Status and advice."""


async def read_body(headers: Headers, receive: Receive, seconds: float) -> Message | Refused:
    """The whole body as one message, or why it is not taken: too large, too slow, unreadable."""
    try:
        async with asyncio.timeout(seconds):
            message = await _read(headers, receive)
    except TimeoutError:
        return 408, f"Send the whole body within {seconds:g} seconds."
    if message is None:
        return 413, too_large(MAX_BODY_BYTES)
    return refused_shape(headers.get("content-type", ""), message.get("body", b"")) or message


async def _read(headers: Headers, receive: Receive) -> Message | None:
    """None when it is too large, said or not."""
    if said_size(headers) > MAX_BODY_BYTES:
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


class Upload:
    """A large body that the route takes as it comes, once it knows who sends it.

    `is_whole` turns true with the last piece: what is left could be taken for the next request.
    """

    def __init__(self, receive: Receive, most: int, silence: float) -> None:
        """At most so many bytes, and so many seconds between two pieces."""
        self._receive = receive
        self._most = most
        self._silence = silence
        self._size = 0
        self.is_whole = False

    async def receive(self) -> Message:
        """The next piece. Raises TooLarge and TooSlow."""
        if self.is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._silence):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(f"Nothing came for {self._silence:g} seconds: send it again.") from None
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise TooLarge(too_large(self._most))
        self.is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


def too_large(most: int) -> str:
    """What is advised to whoever sends more bytes."""
    return f"Send at most {most:,} bytes in one request."


def said_size(headers: Headers) -> int:
    """How many bytes a body is said to have; 0 where nothing is said."""
    said = headers.get("content-length", "0")
    return int(said[:20]) if said.isdecimal() else 0


def refused_shape(kind: str, body: bytes) -> Refused | None:
    """Status and advice for a body that would cost more to read than it can be worth.

    Only what parsers do badly with is looked at here; whether it is valid is theirs to say.
    """
    form, _, _ = kind.partition(";")
    form = form.strip().lower()
    if form == "application/x-www-form-urlencoded" and body.count(b"&") >= MAX_PARTS:
        return 413, f"Send at most {MAX_PARTS} fields."
    if form.startswith("multipart/"):
        found = _BOUNDARY.search(kind)
        if found is None:
            return 400, "Say in Content-Type which boundary parts the form."
        if body.count(b"--" + found[1].encode("latin-1", "replace")) > MAX_PARTS + 1:
            return 413, f"Send at most {MAX_PARTS} parts."
    return _refused_json(body) if "json" in form else None


def _refused_json(body: bytes) -> Refused | None:
    if b"\0" in body:  # UTF-16 or UTF-32, which the parser would take, or no JSON at all
        return 400, "Send JSON in UTF-8."
    bare = _STRING.sub(b"", body)
    if _LONG_NUMBER.search(bare):
        return 400, f"Write numbers with at most {MAX_NUMBER} characters."
    steps = np.frombuffer(bare.translate(_STEPS, _NOT_BRACKETS), dtype=np.int8)
    if steps.cumsum(dtype=np.int32).max(initial=0) > MAX_DEPTH:
        return 400, f"Nest lists and objects at most {MAX_DEPTH} levels deep."
    return None
