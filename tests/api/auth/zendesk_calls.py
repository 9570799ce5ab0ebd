"""A Zendesk account on 127.0.0.1: it signs requests with an app's key, and says who a user is."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

API_USER, API_TOKEN = "admin@lipa.example", "a-token-of-zendesk"
INSTALLATION = "/api/v2/apps/installations/7.json"
KEY = RSAKey.generate_key(2048)
OTHER_KEY = RSAKey.generate_key(2048)


def public_pem(key: RSAKey = KEY) -> str:
    return key.as_pem(private=False).decode().strip()


class ZendeskAccount:
    """`users`: path -> what its API answers. `asked`: authorization headers that came."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.users: dict[str, Any] = {}
        self.asked: list[str | None] = []

    @property
    def audience(self) -> str:
        return self.origin + INSTALLATION

    def claims(self, **changes: Any) -> dict[str, Any]:
        return claims_for(self.origin, **changes)

    def signed(self, key: RSAKey = KEY, algorithm: str = "RS256", **changes: Any) -> str:
        return jwt.encode({"alg": algorithm}, self.claims(**changes), key, algorithms=[algorithm])

    def add_user(self, number: int, **values: Any) -> str:
        """An active agent with these values; gives the address in the API."""
        path = f"/api/v2/users/{number}.json"
        person = {"id": number, "active": True, "verified": True, "role": "agent"} | values
        self.users[path] = {"user": person}
        return self.origin + path


def claims_for(origin: str, **changes: Any) -> dict[str, Any]:
    """Claims as Zendesk's documentation lists them; a change to None leaves one out."""
    now = int(time.time())
    told = {
        "iss": origin.partition("//")[2],
        "aud": origin + INSTALLATION,
        "sub": f"{origin}/api/v2/users/35.json",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 120,
        "jti": secrets.token_hex(16),
        "qsh": secrets.token_hex(32),
    } | changes
    return {name: value for name, value in told.items() if value is not None}


def unsigned(claims: dict[str, Any]) -> str:
    """The same claims under `alg: none`."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def signed_by_secret(claims: dict[str, Any], secret: str) -> str:
    """The same claims under HS256, with a text as the secret that is none."""
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    digest = hmac.digest(secret.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@contextmanager
def zendesk_account() -> Iterator[ZendeskAccount]:
    account = ZendeskAccount()
    thread = threading.Thread(target=account.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield account
    finally:
        account.server.shutdown()
        account.server.server_close()
        thread.join()


def _handler(account: ZendeskAccount) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            account.asked.append(self.headers.get("authorization"))
            found = account.users.get(self.path)
            body = json.dumps(found or {"error": "RecordNotFound"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler
