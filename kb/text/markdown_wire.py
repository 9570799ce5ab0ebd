"""What goes over the pipes between Potica and its Markdown process."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

MAX_FRAME = 32_000_000  # bytes
TOO_LONG = (
    "The text takes too long to convert. Split it, or take out repeated marks such as brackets, "
    "stars or backticks."
)
_LENGTH = struct.Struct(">I")


class Kind(Enum):
    """What is wanted of a text."""

    page = "p"  # HTML and links
    draft = "d"  # HTML of a text that nobody has approved, and links
    words = "w"  # plain text


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is not converted. `nested`: too deep; `passing`: another time it may be."""

    message: str
    limit: int | None = None
    nested: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """HTML or plain text, and the article keys linked to, each once; or a refusal."""

    text: str = ""
    links: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @property
    def size(self) -> int:
        """Bytes it takes in memory, roughly."""
        return 500 + 2 * len(self.text) + sum(100 + len(link) for link in self.links)


def pack_request(kind: Kind, data: bytes) -> bytes:
    return kind.value.encode() + data


def unpack_request(frame: bytes) -> tuple[Kind, str]:
    return Kind(frame[:1].decode()), frame[1:].decode()


def pack_answer(answer: Answer) -> bytes:
    refusal = answer.refusal
    told = refusal and [refusal.message, refusal.limit, refusal.nested]
    return json.dumps([answer.text, answer.links, told]).encode()


def unpack_answer(frame: bytes) -> Answer:
    """Raises ValueError when the frame is no answer."""
    try:
        text, links, told = json.loads(frame)
        return Answer(text, tuple(links), None if told is None else Refusal(*told))
    except TypeError as error:
        raise ValueError("not an answer") from error


def read_frame(pipe: BinaryIO) -> bytes | None:
    """The next frame; None when the other side has gone. Raises ValueError when it is too long."""
    head = _read(pipe.read, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise ValueError("frame too long")
    return _read(pipe.read, length)


def write_frame(pipe: BinaryIO, frame: bytes) -> None:
    """Raises OSError when the other side has gone."""
    left = memoryview(_LENGTH.pack(len(frame)) + frame)
    while left:
        left = left[pipe.write(left) :]


def _read(read: Callable[[int], bytes], length: int) -> bytes | None:
    parts, missing = [], length
    while missing:
        part = read(missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
