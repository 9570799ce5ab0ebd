"""The real server, killed while clients write over HTTP: what got a 2xx is there, and found."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.models import MODELS

CYCLES = max(3, int(os.environ.get("POTICA_FAULT_CYCLES", "3")) // 10)
CLIENTS = 3
READY_WITHIN = 120.0  # seconds; other work may keep the machine busy
ROOT = Path(__file__).parents[2]
POTICA = [sys.executable, "-c", "from kb.cli import main; main()"]

pytestmark = pytest.mark.faults


@dataclass
class Site:
    """A home, and what its servers have acknowledged: key -> mark in force, None when gone."""

    home: Path
    port: int
    acknowledged: dict[str, str | None] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)  # asked for, but killed before the answer
    gone: set[str] = field(default_factory=set)
    writes: int = 0
    unanswered: int = 0
    numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        own = {"POTICA_HOME": str(self.home), "POTICA_ENCODER_THREADS": "1"}
        own["POTICA_OPEN_ACCESS"] = "true"
        return os.environ | own | {"POTICA_PORT": str(self.port), "POTICA_LOG_LEVEL": "ERROR"}

    @contextmanager
    def served(self) -> Iterator[subprocess.Popen[bytes]]:
        """A running server that is ready; killed at the end if it still runs."""
        with (self.home / "server.log").open("ab") as log:
            command = [*POTICA, "serve"]
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        try:
            self._wait(process)
            yield process
        finally:
            process.kill()
            process.wait()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + READY_WITHIN
        with self.client() as client:
            while time.monotonic() < end:
                assert process.poll() is None, (self.home / "server.log").read_text()[-2000:]
                with suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError("the server did not become ready")


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Site:
    shutil.copy(sqlite_template, tmp_path / "potica.db")
    (tmp_path / "models").symlink_to(MODELS.resolve())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    return Site(tmp_path, port)


def test_what_got_a_2xx_survives_kills(site: Site) -> None:
    rng = random.Random(os.environ.get("POTICA_FAULT_SEED", "potica"))
    problems: list[str] = []
    started = time.monotonic()
    for cycle in range(CYCLES):
        with site.served() as process:
            problems += [f"cycle {cycle}: {p}" for p in check(site)]
            write_until_killed(site, process, rng)
            assert process.wait() == -signal.SIGKILL
    with site.served() as process:
        problems += [f"at the end: {p}" for p in check(site)]
        process.send_signal(signal.SIGTERM)  # finishes the index work in hand
        process.wait()
    problems += verified(site)
    print(
        f"\n{CYCLES} kills of the server, {site.writes} acknowledged writes, {len(site.gone)} texts"
        f" gone, {site.unanswered} unanswered, {len(problems)} problems,"
        f" {time.monotonic() - started:.0f} s"
    )
    assert problems == []
    assert site.writes > CYCLES


def write_until_killed(site: Site, process: subprocess.Popen[bytes], rng: random.Random) -> None:
    """Kill the server some time after the first write it acknowledged."""
    before = site.writes
    writers = [
        threading.Thread(target=write, args=(site, random.Random(rng.random())))
        for _ in range(CLIENTS)
    ]
    for thread in writers:
        thread.start()
    while site.writes == before and process.poll() is None:
        time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 2.0))
    process.send_signal(signal.SIGKILL)
    for thread in writers:
        thread.join()


def write(site: Site, rng: random.Random) -> None:
    """Create, change and archive articles of its own until the server is gone."""
    own: list[str] = []
    with site.client() as client, suppress(httpx.TransportError):
        while True:
            with site.lock:
                number = next(site.numbers)
            fresh = not own or rng.random() < 0.5
            key = f"article-{number}" if fresh else rng.choice(own)
            with site.lock:
                site.unsure.add(key)
            mark = None if rng.random() < 0.25 and not fresh else f"mark{number:06d}"
            _send(client, key, mark)
            with site.lock:
                old = site.acknowledged.get(key)
                site.gone |= {old} if old else set()
                site.acknowledged[key] = mark
                site.unsure.discard(key)
                site.writes += 1
            if fresh:
                own.append(key)
            elif mark is None:
                own.remove(key)


def _send(client: httpx.Client, key: str, mark: str | None) -> None:
    if mark is None:
        client.post(f"/api/v1/articles/{key}/archive").raise_for_status()
        return
    text = {"language": "en", "title": f"What to do: {mark}", "body": f"Take {mark} to the shop."}
    article = {
        "original_language": "en",
        "audience": "public",
        "state": "published",
        "translations": [text],
    }
    saved = client.put(f"/api/v1/articles/{key}", json=article).raise_for_status().json()
    assert saved["indexed"], saved


def check(site: Site) -> list[str]:
    """As soon as the server is ready; what was asked for but not answered may be either way."""
    wrong = []
    with site.client() as client:
        for key, mark in site.acknowledged.items():
            if key in site.unsure:
                continue
            answer = client.get(f"/api/v1/articles/{key}")
            if mark is None and answer.status_code != 404:
                wrong.append(f"back: {key}")
            if mark is not None and mark not in answer.text:
                wrong.append(f"lost: {key} {mark}")
        certain = {k: m for k, m in site.acknowledged.items() if m and k not in site.unsure}
        for key in random.Random(len(certain)).sample(sorted(certain), min(10, len(certain))):
            if key not in _found(client, str(certain[key])):
                wrong.append(f"not found: {key}")
        for mark in sorted(site.gone)[-10:]:
            if any(mark in text for text in _found(client, mark).values()):
                wrong.append(f"back: {mark}")
    site.unanswered += len(site.unsure)
    for key in site.unsure:
        site.acknowledged.pop(key, None)
    site.unsure.clear()
    return wrong


def _found(client: httpx.Client, mark: str) -> dict[str, str]:
    """Document -> all that was said of it."""
    answer = client.get(f"/api/v1/search?q={mark}&language=en&limit=50").raise_for_status()
    hits = answer.json()["hits"]
    return {hit["id"]: str(hit) for hit in hits}


def verified(site: Site) -> list[str]:
    """What `potica index verify` says of the home; nothing when all is well."""
    done = subprocess.run(
        [*POTICA, "index", "verify"], cwd=ROOT, env=site.environment, capture_output=True, text=True
    )
    return [] if done.returncode == 0 else [f"verify: {done.stdout}{done.stderr}"]
