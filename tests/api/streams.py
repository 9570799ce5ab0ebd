"""Streams of a test client: what they begin with, and that they can be left."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect


def stream_begins(
    served: TestClient, path: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and first bytes of an answer that would go on; then the client leaves.

    `served` runs the application: its own streams live in that loop.
    """
    assert served.portal is not None
    found: dict[str, Any] = {"status": 0, "body": b""}

    async def ask() -> None:
        left = False

        async def receive() -> Message:
            nonlocal left
            if not left:
                left = True
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                found["status"] = message["status"]
            else:
                found["body"] += message.get("body", b"")

        url = served.base_url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": url.scheme,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode())
                for name, value in ({"host": url.host} | (headers or {})).items()
            ],
            "client": ("testclient", 50000),
            "server": (url.host, 443),
            "state": {},
        }
        await served.app(scope, receive, send)

    served.portal.call(ask)
    return found["status"], found["body"]


def socket_says(served: TestClient, path: str, headers: dict[str, str]) -> tuple[str, int]:
    """What a WebSocket answers to hello: the type of its first frame, and its close code or 0."""
    address = f"wss://{served.base_url.host}{path}"
    with served.websocket_connect(address, headers=headers) as socket:
        socket.send_json({"type": "hello"})
        first = socket.receive_json()
        if first["type"] != "problem":
            return first["type"], 0
        try:
            socket.receive_json()
        except WebSocketDisconnect as closed:
            return first["type"], closed.code
    raise AssertionError("a refusal closes the connection")


def cookie_of(client: TestClient) -> dict[str, str]:
    """The client's cookies as a header."""
    pairs = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    return {"cookie": pairs} if pairs else {}
