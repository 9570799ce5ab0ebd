"""Subscription: what one stream is yet to be sent, which is the newest view and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from api.live.viewer import Viewer

Standing = Callable[[Session], bool]
"""Whether a stream's credential is still good, and for the same as when it began."""


class End(StrEnum):
    """Why a stream ends."""

    expired = "expired"  # the credential is not good any more, or not for the same
    gone = "gone"  # the interaction is not there any more
    stopped = "stopped"  # the server stops
    left = "left"  # the client went


@dataclass(frozen=True, slots=True)
class Frame:
    """One view as JSON. `digest` is that of all that a viewer sees."""

    sequence: int
    data: bytes
    digest: bytes


class Subscription:
    """One open stream. Lives in the event loop; a slow one holds nobody up."""

    __slots__ = (
        "_close",
        "_digest",
        "_end",
        "_frame",
        "_wake",
        "check_at",
        "interaction_id",
        "standing",
        "viewer",
    )

    def __init__(
        self,
        interaction_id: str,
        viewer: Viewer,
        standing: Standing,
        close: Callable[[Subscription], None],
    ) -> None:
        self.interaction_id = interaction_id
        self.viewer = viewer
        self.standing = standing
        self.check_at = 0.0
        self._close = close
        self._frame: Frame | None = None
        self._digest = b""
        self._end: End | None = None
        self._wake = asyncio.Event()

    def offer(self, frame: Frame) -> bool:
        """Have a view sent in place of one that was not sent yet; false when nothing is new."""
        if self._digest == frame.digest:
            return False
        self._frame, self._digest = frame, frame.digest
        self._wake.set()
        return True

    def begin(self, frame: Frame) -> None:
        """The first view, unless a newer one was offered while it was made."""
        if not self._digest:
            self.offer(frame)

    def end(self, why: End) -> None:
        """Have the stream end, after what is yet to be sent."""
        self._end = self._end or why
        self._wake.set()

    async def next(self, seconds: float) -> Frame | End | None:
        """What is to be sent, why the stream ends, or None when neither came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        frame, self._frame = self._frame, None
        if frame is None:
            return self._end
        if self._end is None:
            self._wake.clear()
        return frame

    def close(self) -> None:
        """Nobody reads any more."""
        self.end(End.left)
        self._close(self)
