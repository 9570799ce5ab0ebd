"""The serving process: how fast it is ready, what it holds, and that it needs no torch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

import kb
from eval.progress import Progress
from kb.assist.types import SuggestRequest
from kb.config import Settings
from kb.errors import KbError

PATIENCE = 180.0  # seconds for the process to be ready on a busy machine
FORBIDDEN = ("libtorch", "/torch/")  # in the files the process has mapped


@dataclass(frozen=True, slots=True)
class Serving:
    """`ready`: seconds from start to the first 200 of /readyz; memory in MiB."""

    passages: int
    ready: float
    memory_idle: float
    memory_served: float  # after the requests
    requests: int
    torch: bool  # whether torch was loaded


class ServeError(KbError):
    code, status, title = "serve_error", 500, "The server did not start"


def measure_serving(
    settings: Settings, passages: int, asked: Sequence[SuggestRequest], progress: Progress
) -> Serving:
    """Start `potica serve` on this home, ask it over HTTP, stop it. Raises ServeError."""
    port = free_port()
    log = settings.home / "serve.log"
    with progress.task("Starting the server") as task, log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", "from kb.cli import main; main()", "serve"],
            env=served_environment(settings, port),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                _wait(process, client, log)
                ready = time.perf_counter() - start
                idle = memory_of(process.pid)
                for request in asked:
                    _ask(client, request)
                served = memory_of(process.pid)
                torch = _has_torch(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)
        task.done()
    return Serving(passages, ready, idle, served, len(asked), torch)


def _ask(client: httpx.Client, request: SuggestRequest) -> None:
    messages = [{"role": m.role, "text": m.text} for m in request.messages]
    answer = client.post("/api/v1/suggest", json={"messages": messages, "audience": "internal"})
    if answer.status_code != 200:
        raise ServeError(f"POST /api/v1/suggest gave {answer.status_code}: {answer.text[:300]}")


def _wait(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            break
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    tail = log.read_text(encoding="utf-8", errors="replace")[-500:]
    raise ServeError(f"`potica serve` was not ready in {PATIENCE:.0f} s. It said: {tail}")


def served_environment(settings: Settings, port: int) -> dict[str, str]:
    root = str(Path(kb.__file__).parent.parent)
    own = {
        "POTICA_HOME": str(settings.home.resolve()),
        "POTICA_DATABASE_URL": "",
        "POTICA_CONTENT_DIR": str(settings.content_dir.resolve()),
        "POTICA_HOST": "127.0.0.1",
        "POTICA_OPEN_ACCESS": "true",  # suggestions as agents get them
        "POTICA_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")])),
    }
    return os.environ | own


def free_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port: int = own.getsockname()[1]
        return port


def memory_of(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ServeError(f"/proc/{pid}/status tells no VmRSS: the process has ended.")


def _has_torch(pid: int) -> bool:
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    return any(mark in maps for mark in FORBIDDEN)
