"""`potica serve` in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.site import ROOT

PATIENCE = 120.0  # seconds for the server to be ready on a busy machine


@dataclass(frozen=True)
class Served:
    """A running server and its log."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> float:
        """MiB that the process holds."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Served]:
    """A server on a home that `make_home` made; it must end by itself when asked to."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
    served = Served(port, 0, home / f"serve-{port}.log")
    given = {"home": str(home), "port": str(port), "public_url": served.url} | settings
    environment = {f"POTICA_{name.upper()}": value for name, value in given.items()}
    with served.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kb.cli import main; main()", "serve"],
            env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, served)
            yield Served(port, process.pid, served.log)
        finally:
            process.terminate()
            assert process.wait(timeout=60) in (0, -15)


def _wait(process: subprocess.Popen[bytes], served: Served) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{served.url}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"The server is not ready: {served.log.read_text('utf-8')[-2000:]}")
