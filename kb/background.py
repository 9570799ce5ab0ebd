"""Background: a thread that does rounds beside a server until it is stopped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger(__name__)


class Background(ABC):
    """Does a round, sleeps as long as the round says, and does the next; `wake` ends the sleep."""

    after_error = 10.0  # seconds until the next round when one failed

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def do_round(self) -> float:
        """Do what there is to do; gives the seconds until it is to be looked at again."""

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There is something to do: do not wait for the next look."""
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> bool:
        """Finish the round in hand and end; gives whether the thread has ended in time."""
        self._stopping.set()
        self._wake.set()
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        if thread.is_alive():
            return False
        self._thread = None
        return True

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """For rounds that take long."""
        return self._stopping.is_set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                wait = self.do_round()
            except Exception:  # a database that is away for a while must not end the thread
                log.exception("background.round_failed", thread=self._name)
                wait = self.after_error
            if wait > 0 and not self._stopping.is_set():
                self._wake.wait(wait)
