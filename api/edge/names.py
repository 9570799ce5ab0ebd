"""Names the server is addressed by, and pages of other sites that try to write."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from kb.config import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED = "/embed/zendesk"  # the one address that pages of helpdesks send forms to
_FOREIGN = frozenset({"cross-site", "same-site"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def served_names(settings: Settings) -> frozenset[str]:
    """Host names that requests may be addressed to.

    A page on the web could point a name of its own at this server and read everything through
    the visitor's browser; and links made from a name that somebody else chose lead to that one.
    """
    public = urlsplit(settings.resolved_public_url).hostname or ""
    names = {public, *settings.trusted_hosts}
    if is_loopback(settings.host):
        names |= _LOOPBACK
    if not _is_any(settings.host):
        names.add(settings.host.strip("[]"))
    return frozenset(names - {""})


def origin_of(url: str) -> str:
    """Scheme, name and port of an address, as browsers write it: the usual port is left out."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else parts.port
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def host_name(netloc: str) -> str:
    """The host without its port; empty when it cannot be read."""
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port  # raises when it is none
    except ValueError:
        return ""
    if parts.netloc != netloc or "@" in netloc or parts.path or parts.query or parts.fragment:
        return ""
    return parts.hostname or ""


def web_scheme(scheme: str) -> str:
    """The scheme of a page of the same origin, also for a WebSocket."""
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def is_foreign(headers: Headers, scheme: str, public_origin: str) -> bool:
    """Whether a page of another site, or of none, made a browser send this.

    Programs send neither header. With a public address under https a page under http is not
    the own site: whoever sits on the line could have written it.
    """
    if any(value.lower() in _FOREIGN for value in headers.getlist("sec-fetch-site")):
        return True
    host = headers.get("host", "")
    if public_origin.startswith("https:") and host_name(host) not in _LOOPBACK:
        scheme = "https"
    own = {public_origin, f"{web_scheme(scheme)}://{host}"}
    return any(origin not in own for origin in headers.getlist("origin"))


def _is_any(host: str) -> bool:
    """Whether this is no name but all addresses of the machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return not host
