"""Requests as no browser sends them: written byte by byte from a seed, the same each time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

PAUSE = 0.05  # seconds between the pieces of a slow request
CRLF = b"\r\n"
CANARY = "x-canary"  # a header that only an injection can put into an answer


@dataclass(frozen=True, slots=True)
class Case:
    """Pieces to send, with a pause after each; then half of the connection may be closed."""

    kind: str
    pieces: tuple[bytes, ...]
    half_close: bool = False
    reset: bool = False  # go away without a word


PATHS = (
    "/",
    "/try?q=pin",
    "/try/answers?q=pin",
    "/articles?lang=pl",
    "/a/locker-full",
    "/c/sl-0001",
    "/docs",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/tokens.css",
    "/api/v1/search?q=pin",
    "/api/v1/gaps",
    "/api/v1/articles/locker-full",
    "/api/v1/cases/sl-0001",
    "/api/v1/suggestions/sug_0",
    "/nowhere",
)
WRITES = (
    ("POST", "/api/v1/suggest"),
    ("PUT", "/api/v1/articles/fuzz"),
    ("POST", "/api/v1/articles/fuzz/publish"),
    ("POST", "/api/v1/articles/fuzz/archive"),
    ("PUT", "/api/v1/cases/fuzz"),
    ("POST", "/api/v1/cases/fuzz/resolve"),
    ("POST", "/api/v1/suggestions/sug_0/feedback"),
)
BODY = json.dumps({"messages": [{"role": "customer", "text": "PIN?"}]}).encode()


class Writer:
    """Makes cases; `authorization` is sent with about half of them."""

    def __init__(self, seed: int, host: str, authorization: str = "") -> None:
        self.rng = random.Random(seed)
        self.host = host
        self.authorization = authorization

    def case(self) -> Case:
        """The next one."""
        return self.rng.choice(_KINDS)(self)

    def head(self, method: str, target: str, *more: bytes, version: str = "HTTP/1.1") -> bytes:
        lines = [f"{method} {target} {version}".encode("latin-1", "replace")]
        lines.append(f"Host: {self.host}".encode())
        if self.authorization and self.rng.random() < 0.5:
            lines.append(f"Authorization: {self.authorization}".encode())
        return CRLF.join([*lines, *more]) + CRLF + CRLF

    def noise(self, most: int = 200) -> bytes:
        return self.rng.randbytes(self.rng.randint(1, most))

    def path(self) -> str:
        return self.rng.choice(PATHS)


CLOSE = b"Connection: close"
TYPE = b"Content-Type: application/json"


def _line(write: Writer) -> Case:
    """A broken request line."""
    line = write.rng.choice(
        [
            b"GET",
            b"GET /",
            b"GET  / HTTP/1.1",
            b"GET /\tHTTP/1.1",
            b"/ GET HTTP/1.1",
            b"get / http/1.1",
            b"GET / HTTP/9.9",
            b"GET / HTTP/1.1 HTTP/1.1",
            b"GET / HTTP/1.1\r",
            b"GET /\x00 HTTP/1.1",
            b"G\x00T / HTTP/1.1",
            b"GET /%00%ff%ed%a0%80 HTTP/1.1",
            b"GET /\xed\xa0\x80 HTTP/1.1",
            b"GET //evil.example/%2e%2e HTTP/1.1",
            b"GET http://evil.example/ HTTP/1.1",
            b"GET javascript:alert(1) HTTP/1.1",
            b"CONNECT 127.0.0.1:22 HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET /" + b"a" * write.rng.randint(10_000, 90_000) + b" HTTP/1.1",
            b"A" * write.rng.randint(10_000, 90_000),
            write.noise(),
        ]
    )
    host = f"Host: {write.host}".encode()
    return Case("request line", (line + CRLF + host + CRLF + CLOSE + CRLF + CRLF,))


def _headers(write: Writer) -> Case:
    """Headers that are none, too many, too long, or try to become headers of the answer."""
    canary = CANARY.encode()
    more = write.rng.choice(
        [
            [b"X-A: b\r\n " + b"folded"],
            [b"X-A : b"],
            [b": b"],
            [b"X-A"],
            [b"X-A: \x00"],
            [b"X-A: \xff\xfe"],
            [b"X-A: \xed\xa0\x80"],
            [b"X-Request-ID: a\r" + canary + b": 1"],
            [b"X-Request-ID: a\n" + canary + b": 1"],
            [b"X-Request-ID: " + b"a" * 5000],
            [b"Host: evil.example"],
            [b"X-Forwarded-For: " + b"1.1.1.1, " * 500],
            [b"X-Forwarded-Host: evil.example", b"X-Forwarded-Proto: javascript"],
            [b"Cookie: " + b"a=b; " * 1000],
            [b"Cookie: potica_session=" + write.noise(60).hex().encode()],
            [b"Cookie: potica_ui=" + write.noise(20)],
            [b"Authorization: Bearer " + write.noise(80).hex().encode()],
            [b"Authorization: Bearer a.b.c"],
            [b"Authorization: Basic \xff"],
            [b"Accept-Language: " + b"sl;q=" + b"9" * 400],
            [b"Accept: text/html", b"Accept-Language: \x80\x81"],
            [b"Range: bytes=0-0," + b"1-2," * 900],
            [b"Range: bytes=-99999999999999999999"],
            [b"If-Modified-Since: \xff", b"If-None-Match: " + b"*" * 4000],
            [b"X-%d: a" % number for number in range(write.rng.randint(60, 900))],
            [b"X-A: " + b"b" * write.rng.randint(10_000, 90_000)],
            [b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Key: x"],
            [b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAA"],
            [b"Expect: 100-continue"],
            [b"Expect: \x01"],
            [write.noise(60)],
        ]
    )
    return Case("headers", (write.head("GET", write.path(), *more, CLOSE),))


def _hosts(write: Writer) -> Case:
    host = write.rng.choice(
        [b"", b"evil.example", b"127.0.0.1.evil.example", b"127.0.0.1@evil.example", b"[::1", b"[",
         b"127.0.0.1:99999999", b"127.0.0.1:x", b"127.0.0.1, evil.example", b"\xff", b"a" * 5000,
         b"127.0.0.1/../", b"127.0.0.1#", b"127.0.0.1\t", b"%31%32%37.0.0.1"]
    )  # fmt: skip
    lines = [b"GET " + write.path().encode() + b" HTTP/1.1", b"Host: " + host, CLOSE]
    if write.rng.random() < 0.2:
        del lines[1]
    return Case("host", (CRLF.join(lines) + CRLF + CRLF,))


def _lengths(write: Writer) -> Case:
    """Content-Length that lies, and Transfer-Encoding beside it."""
    method, path = write.rng.choice(WRITES)
    lengths = write.rng.choice(
        [
            [b"Content-Length: -1"],
            [b"Content-Length: 99999999999999999999999999"],
            [b"Content-Length: 1000001"],
            [b"Content-Length: 0x10"],
            [b"Content-Length: +5"],
            [b"Content-Length: 5, 5"],
            [b"Content-Length: 5, 6"],
            [b"Content-Length: 5", b"Content-Length: 6"],
            [b"Content-Length: "],
            [b"Content-Length: 1e3"],
            [b"Content-Length: 3"],
            [b"Content-Length: 6", b"Transfer-Encoding: chunked"],
            [b"Transfer-Encoding: chunked", b"Content-Length: 6"],
            [b"Transfer-Encoding: chunked, identity"],
            [b"Transfer-Encoding: identity"],
            [b"Transfer-Encoding: xchunked"],
            [b"Transfer-Encoding : chunked"],
            [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
            [b"Transfer-Encoding:\x0bchunked"],
            [b"Transfer-Encoding: gzip, chunked"],
        ]
    )
    smuggled = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    body = write.rng.choice([BODY, smuggled, b"", write.noise()])
    head = write.head(method, path, TYPE, *lengths, CLOSE)
    return Case("length", (head + body,), half_close=write.rng.random() < 0.5)


def _chunks(write: Writer) -> Case:
    method, path = write.rng.choice(WRITES)
    size = f"{len(BODY):x}".encode()
    body = write.rng.choice(
        [
            size + CRLF + BODY + CRLF + b"0\r\n\r\n",
            size + b";a=" + b"b" * 3000 + CRLF + BODY + CRLF + b"0\r\n\r\n",
            b"ffffffffffffffffffff\r\n" + BODY,
            b"-1\r\n" + BODY,
            b"g\r\n" + BODY,
            size + b"\n" + BODY + b"\n0\n\n",
            size + CRLF + BODY + b"XX0\r\n\r\n",
            size + CRLF + BODY[:5],
            b"1\r\n{\r\n" * 3000,
            b"0\r\n" + b"T: " + CANARY.encode() + CRLF * 2,
            b"0\r\n" + b"A: b\r\n" * 5000 + CRLF,
            write.noise(),
        ]
    )
    head = write.head(method, path, TYPE, b"Transfer-Encoding: chunked", CLOSE)
    return Case("chunks", (head, body), half_close=write.rng.random() < 0.5)


def _bodies(write: Writer) -> Case:
    """A body that can be delivered and is nonsense, or sense with something broken in it."""
    method, path = write.rng.choice(WRITES)
    good = json.loads(BODY)
    good["messages"][0]["text"] = "a" * write.rng.randint(0, 30_000)
    body = bytearray(json.dumps(good).encode())
    for _ in range(write.rng.randint(0, 6)):
        body[write.rng.randrange(len(body))] = write.rng.randrange(256)
    chosen = write.rng.choice(
        [
            bytes(body),
            b"[" * write.rng.randint(1, 400_000),
            b'{"a":' * write.rng.randint(1, 100_000),
            b"9" * write.rng.randint(1, 9000),
            b'{"messages":[{"role":"customer","text":"\\ud800"}]}',
            b'{"messages":[{"role":"customer","text":"a\\u0000b"}]}',
            b'{"messages":[' + b"1," * write.rng.randint(1, 100_000) + b"1]}",
            b"{" + b",".join(b'"a%d":1' % n for n in range(write.rng.randint(1, 20_000))) + b"}",
            b"\xef\xbb\xbf" + BODY,
            BODY.decode().encode("utf-16"),
            write.noise(3000),
        ]
    )
    kind = write.rng.choice(
        [TYPE, TYPE, TYPE, b"Content-Type: text/plain", b"Content-Type: application/json; charset=",
         b"Content-Type: multipart/form-data", b"Content-Type: multipart/form-data; boundary=a",
         b"Content-Type: application/x-www-form-urlencoded", b"Content-Type: \xff"]
    )  # fmt: skip
    length = b"Content-Length: %d" % len(chosen)
    return Case("body", (write.head(method, path, kind, length, CLOSE) + chosen,))


def _targets(write: Writer) -> Case:
    """Addresses with escapes, traversals and parameters of every sort."""
    word = write.rng.choice(
        ["%00", "%ff", "%ed%a0%80", "%0d%0a" + CANARY + ":%201", "..%2f..%2f..%2fetc%2fpasswd",
         "%2e%2e/%2e%2e", "%252e", "a" * 3000, "{{7*7}}", "%3Cscript%3E", "-1", "1e9", "NaN",
         "%F0%9F%98%A1", "'%20OR%201=1--", "%5C..%5C", ";a=b", "%", "%zz", "/////", "*"]
    )  # fmt: skip
    target = write.rng.choice(
        ["/a/{}", "/c/{}", "/static/{}", "/{}", "/try?q={}", "/try?q=pin&who={}", "/try?ui={}",
         "/articles?lang={}", "/api/v1/articles/{}", "/api/v1/cases/{}", "/api/v1/search?q={}",
         "/api/v1/search?q=pin&limit={}", "/api/v1/search?q=pin&offset={}", "/api/v1/search?{}",
         "/api/v1/search?q=pin&facet.{}={}", "/api/v1/gaps?state={}", "/api/v1/suggestions/{}",
         "/api/v1/gaps?offset={}", "/api/v1/articles/locker-full?view={}"]
    ).replace("{}", word)  # fmt: skip
    accept = write.rng.choice([b"Accept: text/html", b"Accept: */*"])
    method = write.rng.choice(["GET", "GET", "GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "BREW"])
    return Case("target", (write.head(method, target, accept, CLOSE),))


def _pipelined(write: Writer) -> Case:
    """Several requests at once; the last may be broken."""
    good = [write.head("GET", write.path()) for _ in range(write.rng.randint(1, 12))]
    last = write.rng.choice([write.head("GET", write.path(), CLOSE), write.noise() + CRLF * 2])
    return Case("pipelined", (b"".join([*good, last]),))


def _cut_off(write: Writer) -> Case:
    """A good request that ends too early; the client hangs up its half, or all, or waits."""
    method, path = write.rng.choice(WRITES)
    length = b"Content-Length: %d" % len(BODY)
    whole = write.head(method, path, TYPE, length) + BODY
    part = whole[: write.rng.randrange(1, len(whole))]
    how = write.rng.random()
    return Case("cut off", (part,), half_close=how < 0.5, reset=0.5 <= how < 0.8)


def _slow(write: Writer) -> Case:
    """A request in small pieces; some never come to an end."""
    length = b"Content-Length: %d" % len(BODY)
    whole = write.head("POST", "/api/v1/suggest", TYPE, length, CLOSE) + BODY
    step = write.rng.choice([7, 40, 200])
    pieces = [whole[at : at + step] for at in range(0, len(whole), step)][:40]
    if write.rng.random() < 0.3:
        pieces = pieces[: write.rng.randint(1, len(pieces))]
    return Case("slow", tuple(pieces))


def _noise(write: Writer) -> Case:
    return Case("noise", (write.noise(4000),), half_close=write.rng.random() < 0.7)


_KINDS: tuple[Callable[[Writer], Case], ...] = (
    _line,
    _headers,
    _headers,
    _hosts,
    _lengths,
    _lengths,
    _chunks,
    _bodies,
    _bodies,
    _targets,
    _targets,
    _pipelined,
    _cut_off,
    _slow,
    _noise,
)
