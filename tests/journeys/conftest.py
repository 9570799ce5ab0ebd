"""A real server in a process of its own, and a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from kb.config import Settings
from tests.hosts.installation import Installation, installation
from tests.journeys.watched import watched_page
from tests.site import ROOT, copy_home

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
POTICA = [sys.executable, "-c", "from kb.cli import main; main()"]
PATIENCE = 120.0  # seconds for the server to be ready on a busy machine


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    environment: Mapping[str, str]

    def potica(self, *args: str) -> str:
        """Run a command on the same installation; gives its standard output."""
        done = subprocess.run(
            [*POTICA, *args],
            env=dict(self.environment),
            cwd=self.environment["POTICA_HOME"],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@pytest.fixture(scope="session")
def server(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`potica serve` on a small real installation, open to whoever reaches it."""
    with _serving(filled, tmp_path_factory.mktemp("journeys") / "home", "true") as server:
        yield server


@pytest.fixture(scope="session")
def closed_server(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, where people must sign in."""
    with _serving(filled, tmp_path_factory.mktemp("closed") / "home", "false") as server:
        yield server


@pytest.fixture(scope="session")
def embedded(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A closed server that the test hosts may show the sidebar of."""
    with installation(filled, tmp_path_factory.mktemp("embedded") / "home") as found:
        yield found


@contextmanager
def _serving(filled: Settings, home: Path, open_access: str) -> Iterator[Server]:
    copy_home(filled, home)
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = {"POTICA_HOME": str(home), "POTICA_PORT": str(port), "POTICA_PUBLIC_URL": url}
    settings["POTICA_OPEN_ACCESS"] = open_access
    settings["POTICA_RATE_LIMITS"] = "false"  # a test does in seconds what a person does in minutes
    environment = os.environ | settings | {"PYTHONPATH": str(ROOT)}
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*POTICA, "serve"],
            env=environment,
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, url, home / "serve.log")
            _warm_up(url)
            yield Server(url, process.pid, environment)
        finally:
            process.terminate()
            assert process.wait(timeout=60) in (0, -15)


def _warm_up(url: str) -> None:
    """Ask until the answer is quick: what is loaded at first use is no matter of these tests."""
    deadline = time.monotonic() + PATIENCE
    took = PATIENCE
    while took > 1 and time.monotonic() < deadline:
        started = time.monotonic()
        httpx.get(f"{url}/try/answers?q=PIN-a za paketnik nisem dobil", timeout=PATIENCE)
        took = time.monotonic() - started


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"The server is not ready: {log.read_text(encoding='utf-8')[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A visitor with a Slovenian browser. Whatever the page complains about fails the test."""
    context = browser.new_context(base_url=server.url, locale="sl-SI")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    with closing(context), watched_page(context) as page:
        yield page
