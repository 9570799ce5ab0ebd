"""Webhooks in tests: short ways to make them, and a receiver that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy.orm import Session

from kb.actions.webhooks import WebhookInput, WebhookSecret, add_webhook
from kb.domain import (
    EVERYTHING,
    Channel,
    Interaction,
    Principal,
    PrincipalKind,
    WebhookDirection,
)

KEY = b"installation-key-of-forty-characters-xxx"
ADMIN = Principal(PrincipalKind.session, "usr_admin", EVERYTHING)


def outbound(session: Session, url: str = "https://crm.example/hook", **changes: Any) -> str:
    """The id of a webhook that is told of everything, unless `changes` say otherwise."""
    hosts = frozenset({"127.0.0.1"})
    creator = changes.pop("creator", ADMIN)
    values: dict[str, Any] = {"name": "CRM", "url": url, "events": ["opened", "resolved"]}
    given = WebhookInput(WebhookDirection.outbound, **(values | changes))
    return add_webhook(session, given, creator, KEY, hosts).webhook.id


def inbound(session: Session, key: bytes = KEY, **changes: Any) -> WebhookSecret:
    """A webhook that brings conversations of the source `crm`."""
    values: dict[str, Any] = {"name": "CRM", "source": "crm"}
    given = WebhookInput(WebhookDirection.inbound, **(values | changes))
    return add_webhook(session, given, ADMIN, key)


def interaction(session: Session, key: str = "int_1", **changes: Any) -> str:
    """An open interaction's id."""
    values: dict[str, Any] = {"id": key, "channel": Channel.chat, "language": "en"}
    session.add(Interaction.model_validate(values | changes))
    session.flush()
    return key


@dataclass
class Receiver:
    """A real server; `answer` gives the status of the n-th request (from 0)."""

    answer: Callable[[int], int] = lambda _: 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, seconds: float = 20.0) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, seconds), self.got


@contextmanager
def receiver(answer: Callable[[int], int] = lambda _: 204) -> Iterator[Receiver]:
    """Listens on this machine until the end of the block."""
    made = Receiver(answer)

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with made.arrived:
                number = len(made.got)
                made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                made.arrived.notify_all()
            self.send_response(made.answer(number))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Talk) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
