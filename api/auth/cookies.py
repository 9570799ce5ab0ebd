"""Cookies of the session and of forms; set on whatever response leaves, errors included."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION = "__Host-potica-session"
FORM = "__Host-potica-form"
WIDGET = "__Host-potica-widget"
_PENDING = "potica_cookies"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookies:
    """ASGI middleware: adds the cookies that were set while the request was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        pending: dict[str, str] = {}
        scope.setdefault("state", {})[_PENDING] = pending

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and pending:
                headers = MutableHeaders(scope=message)
                for cookie in pending.values():
                    headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, send_with_cookies)


def shown_token(request: HTTPConnection, name: str) -> str | None:
    """The token in a cookie; empty when what is there can be no token, None without a cookie."""
    value = request.cookies.get(name)
    if value is None:
        return None
    return value if _TOKEN.fullmatch(value) else ""


def set_cookie(request: HTTPConnection, name: str, token: str, seconds: int | None = None) -> None:
    """Have the browser keep a token, for `seconds` or until it is closed."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    _set(request, name, f"{token}{age}")


def set_partitioned(request: HTTPConnection, name: str, text: str, seconds: int) -> None:
    """Have the browser keep a text for this page inside the site that shows it, nowhere else.

    Browsers that block cookies of third parties keep these: each site at the top has its own.
    """
    pending = getattr(request.state, _PENDING, None)
    if pending is not None:
        rules = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
        pending[name] = f"{name}={text}; Max-Age={seconds}; {rules}"


def clear_cookie(request: HTTPConnection, name: str) -> None:
    """Have the browser forget a token."""
    _set(request, name, "; Max-Age=0")


def _set(request: HTTPConnection, name: str, value: str) -> None:
    pending = getattr(request.state, _PENDING, None)
    if pending is not None:
        pending[name] = f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"
