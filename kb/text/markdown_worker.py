"""One or two processes that convert Markdown, killed when a text takes too long.

They are started when the first text comes, shared by all threads, replaced when they end, and
end with this process: their input closes. Nothing heavy is imported in them.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kb.errors import Busy
from kb.text.markdown_wire import (
    TOO_LONG,
    Answer,
    Kind,
    Refusal,
    pack_request,
    read_frame,
    unpack_answer,
    write_frame,
)

UNUSABLE = "The text cannot be converted. Split it, and find the part that is refused."
_BUSY = "Too many texts are being converted at the moment. Try again in a few seconds."
_NO_START = (
    "The process that converts texts cannot be started. Try again in a moment; if it stays so, "
    "ask the operator to look at the limits on processes and memory."
)
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from kb.text.markdown_child import main; main()"
)
_OUT_OF_TIME = -getattr(signal, "SIGPROF", 0) or None  # how it ends by its own clock
_ENVIRONMENT = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TEMP", "TMPDIR")  # no secrets


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many processes, and how long (in seconds) on the clock on the wall.

    `convert`: one text, where its own limit on computing has not ended it before; `start`: a
    new process; `wait`: a text for its turn.
    """

    processes: int = 2
    convert: float = 6.0
    start: float = 30.0
    wait: float = 12.0


class Renderers:
    """The processes. Threads may share it; `close` ends them, the next text starts new ones."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._turns = threading.BoundedSemaphore(self._bounds.processes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        _renderers_here.add(self)

    def ask(
        self, kind: Kind, data: bytes, known: Callable[[], Answer | None] | None = None
    ) -> Answer:
        """What becomes of the text in `data` (UTF-8).

        `known` is asked once it is this text's turn: then another thread may have the answer.
        Raises Busy when the turn does not come, or no process can be started.
        """
        if not self._turns.acquire(timeout=self._bounds.wait):
            raise Busy(_BUSY)
        try:
            answer = None if known is None else known()
            return answer or self._convert(pack_request(kind, data))
        finally:
            self._turns.release()

    def close(self) -> None:
        """End every process; texts in the middle of it are given to a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for process in idle:
            process.end()
        for process in busy:
            process.kill()

    def pids(self, idle: bool = False) -> list[int]:
        """Of the processes that run; of those only that wait for a text, if `idle`."""
        with self._lock:
            return [process.pid for process in (*self._idle, *(() if idle else self._busy))]

    def forget(self) -> None:
        """After a fork: the processes belong to the parent, and the locks may be held there."""
        for process in (*self._idle, *self._busy):
            process.let_go()
        self._turns = threading.BoundedSemaphore(self._bounds.processes)
        self._lock = threading.Lock()
        self._idle, self._busy = [], set()

    def _convert(self, request: bytes) -> Answer:
        for _ in range(2):  # it may have been killed from outside: then the text is not at fault
            with self._process() as process:
                answer = process.ask(request, self._bounds.convert)
            if answer is not None:
                return answer
        return Answer(refusal=Refusal(UNUSABLE))

    @contextlib.contextmanager
    def _process(self) -> Iterator[_Process]:
        with self._lock:
            process = self._idle.pop() if self._idle else None
            if process is not None:
                self._busy.add(process)
        if process is None:
            process = _Process(self._bounds.start)
            with self._lock:
                self._busy.add(process)
        try:
            yield process
        finally:
            with self._lock:
                self._busy.discard(process)
                if process.usable:
                    self._idle.append(process)
            if not process.usable:
                process.end()


class _Process:
    """One process and its pipes; used by one thread at a time, killed by any."""

    def __init__(self, seconds: float) -> None:
        """Start it. Raises Busy when it does not come up within `seconds`."""
        self.usable = True
        try:
            self._process = _spawn()
        except OSError as error:
            raise Busy(_NO_START) from error
        with self._deadline(seconds):
            ready = self._exchange(None)
        if not self.usable or ready is None:
            self.end()
            raise Busy(_NO_START)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: bytes, seconds: float) -> Answer | None:
        """The answer, which is a refusal when the time is up; None when the process has died."""
        with self._deadline(seconds) as passed:
            frame = self._exchange(request)
        if frame is not None:
            try:
                return unpack_answer(frame)
            except ValueError:
                self.usable = False
                return None
        self.usable = False
        if passed.is_set():
            return Answer(refusal=Refusal(TOO_LONG, passing=True))
        if self._process.wait() == _OUT_OF_TIME:
            return Answer(refusal=Refusal(TOO_LONG))
        return None

    def kill(self) -> None:
        """End it now; whoever waits for its answer gets none."""
        self.usable = False
        self._process.kill()

    def end(self) -> None:
        """Kill it, and leave neither a zombie nor an open pipe."""
        self.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close the pipes."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _exchange(self, request: bytes | None) -> bytes | None:
        requests, answers = _pipes(self._process)
        try:
            if request is not None:
                write_frame(requests, request)
            return read_frame(answers)
        except (OSError, ValueError):
            return None

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Kill the process after `seconds`; the event says that it was. Works on any platform."""
        passed, lock = threading.Event(), threading.Lock()
        open_ = True

        def overtime() -> None:
            with lock:
                if open_:
                    passed.set()
                    self.kill()

        timer = threading.Timer(seconds, overtime)
        timer.daemon = True
        timer.start()
        try:
            yield passed
        finally:
            with lock:  # from here on the timer does nothing, even if it is about to
                open_ = False
            timer.cancel()


def _spawn() -> subprocess.Popen[bytes]:
    """A process with the same modules at hand, but nothing of the environment or open files."""
    root = str(Path(__file__).resolve().parents[2])
    path = [*(entry for entry in sys.path if os.path.isabs(entry)), root]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        start_new_session=True,  # an interrupt from the terminal is for the parent
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout  # type: ignore[return-value]


_renderers_here: weakref.WeakSet[Renderers] = weakref.WeakSet()


def _close_all() -> None:
    for renderers in list(_renderers_here):
        renderers.close()


def _forget_all() -> None:
    for renderers in list(_renderers_here):
        renderers.forget()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
