"""Helpdesks for tests: pages on other origins than the server, one of them unknown to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kb.cli.helpdesks import HelpdeskPackage

PAGES = Path(__file__).parent / "pages"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
TOKEN = "/token"


@dataclass
class Helpdesks:
    """`desk` and `app` are allowed to show the sidebar, `foreign` is not; `kb` is the server.

    `values` are put in place of @NAME@ in pages: functions, called for each answer.
    `token` answers POST /token, as the server of a host that holds an API key does.
    """

    port: int
    foreign_port: int
    kb: str = ""
    values: dict[str, Callable[[], str]] = field(default_factory=dict)
    token: Callable[[], str] | None = None
    package: HelpdeskPackage | None = None

    @property
    def desk(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def app(self) -> str:
        """Another origin of the same helpdesk, which serves its apps."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def foreign(self) -> str:
        return f"http://localhost:{self.foreign_port}"

    def content(self, path: str) -> bytes | None:
        """What lies at a path: a page of ours, or a file of the Freshdesk package."""
        name = path.partition("?")[0].lstrip("/")
        if name.startswith("freshdesk-app/") and self.package is not None:
            found = self.package.files.get("app/" + name.removeprefix("freshdesk-app/"))
        else:
            file = PAGES / name
            found = file.read_bytes() if name and file.is_file() else None
        return None if found is None else self._filled(found.decode()).encode()

    def _filled(self, text: str) -> str:
        known = {
            "KB": lambda: self.kb,
            "APP": lambda: self.app,
            "DESK": lambda: self.desk,
            "ORIGIN_QUOTED": lambda: quote(self.desk, safe=""),
        }
        for name, value in (known | self.values).items():
            if f"@{name}@" in text:
                text = text.replace(f"@{name}@", value())
        return text.replace("{{{appclient}}}", "/freshdesk-client.js")


@contextmanager
def helpdesks() -> Iterator[Helpdesks]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) for _ in range(2)]
    found = Helpdesks(*(server.server_port for server in servers))
    threads = []
    for server in servers:
        server.RequestHandlerClass = _handler(found)
        threads.append(threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True))
        threads[-1].start()
    try:
        yield found
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(desks: Helpdesks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/favicon.ico":
                self._answer(204, "", b"")
                return
            content = desks.content(self.path)
            suffix = Path(self.path.partition("?")[0]).suffix
            self._answer(200 if content is not None else 404, TYPES.get(suffix, ""), content or b"")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path == TOKEN and desks.token is not None:
                self._answer(200, "application/json", desks.token().encode())
            else:
                self._answer(404, "", b"")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", f"{kind or 'text/plain'}; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler
