"""Asking other servers on somebody's word: OpenID Connect discovery, webhooks, importers.

Whoever can name an address could otherwise make Potica ask the machine it runs on, its
neighbours, or a cloud's metadata server, and read the answer. So only addresses that anybody
on the internet could ask are asked, unless a host is allowed by name; the address that was
checked is the one that is connected to; and everything ends in time.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack

import httpx

from kb.errors import FetchFailed, FetchRefused
from kb.net_addresses import Address, as_address, is_plain_name, is_private_host, is_public
from kb.net_transport import CheckedTransport, Deadline

MAX_REDIRECTS = 5
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BECOMES_GET = frozenset({301, 302, 303})
_OWN_HEADERS = frozenset(
    """accept-encoding connection content-length expect host keep-alive proxy-authorization
    proxy-connection te trailer transfer-encoding upgrade""".split()  # noqa: SIM905
)
_FOR_ANYBODY = frozenset({"accept", "accept-language", "user-agent"})  # no credentials in them
_PORTS = frozenset({80, 443})


class Limits(TypedDict, total=False):
    """How `fetch` may be bound; what each means: `Rules`."""

    timeout: float
    max_bytes: int
    allow_private: bool
    allowed_hosts: frozenset[str]
    ports: frozenset[int]
    follow: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds of one fetch.

    `timeout`: seconds in all, from resolving the name to the last byte, redirects included.
    `max_bytes`: of the answer's body. `allowed_hosts`: names ("idp.example") or names with a
    port ("idp.example:8443") that may lead to a private address, and be asked on any port or
    on that one; `allow_private`: so may every host, on `ports`. Link-local addresses and
    metadata servers are never asked. `follow`: go where a redirect leads; else it is the answer.
    """

    timeout: float = 10.0
    max_bytes: int = 2_000_000
    allow_private: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = _PORTS
    follow: bool = True

    def names(self, host: str, port: int) -> bool:
        """Whether `host` is allowed by name."""
        host = host.lower().rstrip(".")
        allowed = {_ascii(entry) for entry in self.allowed_hosts}
        return bool(allowed & {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"})


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whatever its status; `headers` by lower-case name, `url` after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    url: httpx.URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    **limits: Unpack[Limits],
) -> Fetched:
    """Ask `url`, bound by `limits` (see `Rules`), following at most `MAX_REDIRECTS`.

    Redirects from https to http are refused, as are those that would carry a body to another
    origin; headers but the harmless ones stay with the first origin. Proxies of the
    environment, cookies and .netrc are not used; compressed answers are not taken.
    Raises FetchRefused when the address is not one to ask, FetchFailed when there is no usable
    answer in time.
    """
    rules = Rules(**limits)
    ask = _Ask(method.upper(), _parsed(url), _checked(headers or {}), body)
    if ask.method not in METHODS:
        raise FetchRefused(f"The method is not one of {', '.join(sorted(METHODS))}: use one.")
    deadline = Deadline(rules.timeout)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            found = _once(ask, rules, deadline)
            if isinstance(found, Fetched):
                return found
            ask = found
    except (httpx.TimeoutException, TimeoutError) as error:
        raise FetchFailed(
            f"{_shown(ask.url)} did not answer in {rules.timeout:g} seconds. Try again later."
        ) from error
    except (httpx.InvalidURL, httpx.LocalProtocolError) as error:
        raise FetchRefused("The request is not valid HTTP: check address and headers.") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise FetchFailed(_why(ask.url, error)) from error
    raise FetchFailed(f"{_shown(ask.url)} redirects more than {MAX_REDIRECTS} times: mend that.")


def check_target(url: str, **limits: Unpack[Limits]) -> None:
    """Raises FetchRefused for an address that `fetch` would refuse without asking anybody."""
    _check_url(_parsed(url), Rules(**limits))


def is_allowed_by_name(url: str, allowed_hosts: frozenset[str]) -> bool:
    """Whether the operator named the host of this address. Raises FetchRefused when it is none."""
    parsed = _parsed(url)
    host = parsed.raw_host.decode("ascii", "replace")
    port = parsed.port if parsed.port is not None else (443 if parsed.scheme == "https" else 80)
    return Rules(allowed_hosts=allowed_hosts).names(host, port)


def _once(ask: _Ask, rules: Rules, deadline: Deadline) -> Fetched | _Ask:
    """The answer, or what to ask instead."""
    _check_url(ask.url, rules)

    def check(host: str, port: int, addresses: list[Address]) -> None:
        _check_addresses(rules, host, port, addresses)

    standard = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "Potica"}
    headers = {**standard, **ask.headers, "connection": "close"}
    request = httpx.Request(ask.method, ask.url, headers=headers, content=ask.body)
    transport = CheckedTransport(check, deadline, _tls())
    with httpx.Client(transport=transport, trust_env=False) as client:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            target = response.headers.get("location")
            if rules.follow and response.status_code in _REDIRECTS and target is not None:
                return _redirected(ask, response.status_code, target)
            return Fetched(
                response.status_code,
                dict(response.headers),
                _body(response, ask, rules.max_bytes),
                str(ask.url),
            )
        finally:
            response.close()


def _body(response: httpx.Response, ask: _Ask, most: int) -> bytes:
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise FetchFailed(f"{_shown(ask.url)} sent a compressed answer: have it sent plain.")
    parts, size = [], 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > most:
            raise FetchFailed(
                f"The answer of {_shown(ask.url)} is larger than {most:,} bytes: ask for less."
            )
        parts.append(chunk)
    return b"".join(parts)


def _redirected(ask: _Ask, status: int, target: str) -> _Ask:
    """What a redirect asks for. Raises FetchRefused."""
    url = ask.url.join(_parsed(target, relative=True))
    if ask.url.scheme == "https" and url.scheme == "http":
        raise FetchRefused(
            f"{_shown(ask.url)} redirects from https to http: give an https address."
        )
    new = replace(ask, url=url)
    if status in _BECOMES_GET and ask.method not in ("GET", "HEAD"):
        new = replace(new, method="GET", body=None, headers=_without_content(ask.headers))
    if _origin(url) == _origin(ask.url):
        return new
    if new.method not in ("GET", "HEAD"):
        raise FetchRefused(
            f"{_shown(ask.url)} sends what was meant for it to another server: give that"
            " server's own address if it is the right one."
        )
    kept = {name: value for name, value in new.headers.items() if name in _FOR_ANYBODY}
    return replace(new, headers=kept, body=None)


def _check_url(url: httpx.URL, rules: Rules) -> None:
    """Raises FetchRefused for what is wrong to see without asking anybody."""
    host = url.raw_host.decode("ascii", "replace").lower()
    if url.scheme not in ("http", "https"):
        raise FetchRefused("Only http and https are asked: give an address that starts so.")
    if url.userinfo:
        raise FetchRefused("The address holds a name or password before the @: take it out.")
    if as_address(host) is None and not is_plain_name(host.rstrip(".")):
        raise FetchRefused(
            "The address has no usable host: write a name such as www.example.org, or an IP"
            " address in its usual form."
        )
    port = url.port if url.port is not None else (443 if url.scheme == "https" else 80)
    if not 0 < port < 65536 or (port not in rules.ports and not rules.names(host, port)):
        allowed = ", ".join(map(str, sorted(rules.ports)))
        raise FetchRefused(
            f"Port {port} is not asked, only {allowed}: have the operator allow this host by"
            " its name, or use one of these."
        )


def _check_addresses(rules: Rules, host: str, port: int, addresses: list[Address]) -> None:
    """Raises FetchRefused when any address of the host is not to be asked."""
    trusted = rules.allow_private or rules.names(host, port)
    if not all(is_public(a) or (trusted and is_private_host(a)) for a in addresses):
        raise FetchRefused(
            f"{host[:100]} does not lead to a public address: give one that is on the"
            " internet, or have the operator allow this host by its name."
        )


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by lower-case name. Raises FetchRefused for those that `fetch` sets by itself."""
    lowered = {name.lower(): value for name, value in headers.items()}
    taken = sorted(_OWN_HEADERS & set(lowered))
    if taken:
        raise FetchRefused(f"The header {taken[0]} is set by itself: leave it out.")
    for name, value in lowered.items():
        if not (name + value).isascii() or any(char in "\r\n\0" for char in name + value):
            raise FetchRefused("A header holds a character that is not allowed: use plain text.")
    return lowered


def _without_content(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.startswith("content-")}


def _parsed(url: str, relative: bool = False) -> httpx.URL:
    if len(url) > 4_000 or (not relative and "://" not in url) or "\\" in url:
        raise FetchRefused("This is not a web address: write it as https://host/path.")
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchRefused("This is not a web address: write it as https://host/path.") from error


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host.lower(), url.port


def _ascii(entry: str) -> str:
    """A setting's host as it stands in a URL: lower case, IDNA."""
    try:
        url = httpx.URL(f"http://{entry.strip()}")
    except httpx.InvalidURL:
        return ""
    host = url.raw_host.decode("ascii", "replace").lower().rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    return host if url.port is None else f"{host}:{url.port}"


def _shown(url: httpx.URL) -> str:
    return url.host[:100] or "The server"


def _why(url: httpx.URL, error: BaseException) -> str:
    """What went wrong, as far as it helps and tells nothing of the network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {_shown(url)} is not trusted: have it mended, or have the"
                " operator add its authority to the system's certificates."
            )
        cause = cause.__cause__ or cause.__context__
    return f"{_shown(url)} could not be reached, or broke off: check the address and try again."


@functools.cache
def _tls() -> ssl.SSLContext:
    """The well-known authorities, and those of the system (SSL_CERT_FILE names a private one)."""
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
