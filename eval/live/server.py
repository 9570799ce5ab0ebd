"""A served installation that can be killed and started again on the same port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from eval.bench.serve import PATIENCE, ServeError, free_port, memory_of, served_environment
from kb.config import Settings


class LiveServer:
    """`potica serve` on one home; ends with the `with` block."""

    def __init__(self, settings: Settings, **more: str) -> None:
        self.settings = settings
        self.port = free_port()
        self.log = settings.home / "live.log"
        self._more = {"POTICA_RATE_LIMITS": "false"} | more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> LiveServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)

    def start(self) -> None:
        """Raises ServeError when it is not ready in time."""
        environment = served_environment(self.settings, self.port)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from kb.cli import main; main()", "serve"],
                env=environment | {"POTICA_PUBLIC_URL": self.url} | self._more,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def restart(self) -> None:
        """kill -9, and again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.start()

    def memory(self) -> float:
        """MiB that the process holds."""
        assert self._process is not None
        return memory_of(self._process.pid)

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise ServeError(f"The server was not ready: {_tail(self.log)}")


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-500:] + os.linesep
