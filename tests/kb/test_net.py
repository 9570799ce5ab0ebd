"""Fetching from other servers: what is never asked, and what never takes for ever."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from kb import net
from kb.errors import FetchFailed, FetchRefused
from kb.net import Fetched, check_target, fetch, is_allowed_by_name
from kb.net_addresses import is_private_host, is_public

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Kind: Plain\r\n\r\nhello"
Talk = Callable[[socket.socket, bytes], None]


@dataclass(slots=True)
class Server:
    """A real server on this machine that answers each request with the next of its answers."""

    answers: list[bytes | Talk]
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # asked for by SNI
    _listener: socket.socket = field(default_factory=socket.socket)

    def start(self) -> None:
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        if self.tls is not None:
            self.tls.sni_callback = lambda _, name, __: self.names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        connection = plain
        with contextlib.suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
            request = self._read(connection)
            self.requests.append(request)
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
            if callable(answer):
                answer(connection, request)
            else:
                connection.sendall(answer)
        connection.close()

    def _read(self, connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request and (part := connection.recv(65536)):
            request += part
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(
            (
                int(line[15:])
                for line in head.lower().split(b"\r\n")
                if line[:15] == b"content-length:"
            ),
            0,
        )
        while len(body) < length and (part := connection.recv(65536)):
            body += part
        return head + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers that stop with the test."""
    started: list[Server] = []

    def start(*answers: bytes | Talk, **options: object) -> Server:
        server = Server(list(answers), **options)  # type: ignore[arg-type]
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What the system's resolver says of a name: one list of addresses after the other."""
    known: dict[str, list[list[str]]] = {}

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror("unknown")
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def ask(server: Server, timeout: float = 10.0, max_bytes: int = 100_000) -> Fetched:
    """What the server says to a plain request, its address being allowed."""
    hosts = allowed(server, "127.0.0.1")
    url = f"http://127.0.0.1:{server.port}/"
    return fetch(url, timeout=timeout, max_bytes=max_bytes, allowed_hosts=hosts)


def redirect(target: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


def allowed(server: Server, *names: str) -> frozenset[str]:
    return frozenset(f"{name}:{server.port}" for name in names)


def test_an_answer_is_given_back(serve: Callable[..., Server]) -> None:
    server = serve(OK)
    url = f"http://127.0.0.1:{server.port}/a?b=c"
    found = fetch(url, allowed_hosts=frozenset({"127.0.0.1"}), headers={"X-Mine": "1"})
    assert (found.status, found.body, found.url) == (200, b"hello", url)
    assert found.headers["x-kind"] == "Plain"
    head = server.requests[0].lower()
    assert head.startswith(b"get /a?b=c http/1.1\r\nhost: 127.0.0.1:%d\r\n" % server.port)
    assert b"x-mine: 1" in head
    assert b"accept-encoding: identity" in head


def test_a_body_is_sent_and_any_status_is_an_answer(serve: Callable[..., Server]) -> None:
    server = serve(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
    url = (
        f"http://[::1]:{server.port}/" if ":" in server.host else f"http://127.0.0.1:{server.port}/"
    )
    found = fetch(
        url,
        method="post",
        body=b"x" * 300_000,
        headers={"content-type": "text/plain"},
        allow_private=True,
        ports=frozenset({server.port}),
    )
    assert found.status == 404
    assert server.requests[0].startswith(b"POST / ")
    assert server.requests[0].endswith(b"\r\n\r\n" + b"x" * 300_000)


INWARD = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INWARD)
def test_what_is_not_on_the_internet_is_refused(
    address: str, names: dict[str, list[list[str]]]
) -> None:
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(FetchRefused):
        fetch(f"http://{literal}/")
    names["inward.example"] = [[address]]
    names["half.example"] = [["93.184.216.34", address]]
    for name in ("inward.example", "half.example"):
        with pytest.raises(FetchRefused, match="public address") as refused:
            fetch(f"https://{name}/")
        assert address not in refused.value.message or len(address) < 4
        assert refused.value.status == 422


def test_which_addresses_are_public() -> None:
    for address in ("8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"):
        assert is_public(ipaddress.ip_address(address))
    for address in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1", "224.0.0.1"):
        assert not is_private_host(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "fd00:ec2::254"])
def test_metadata_servers_are_not_asked_even_if_allowed(
    address: str, names: dict[str, list[list[str]]]
) -> None:
    names["idp.example"] = [[address]]
    with pytest.raises(FetchRefused):
        fetch("http://idp.example/", allow_private=True)
    with pytest.raises(FetchRefused):
        fetch("http://idp.example/", allowed_hosts=frozenset({"idp.example"}))


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127。0。0。1/",
        "http://0/",
        "http://0x8.0x8.0x8.0x8/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http:///path",
        "http://ex ample.com/",
        "http://user:secret@www.example.org/",
        "http://user@www.example.org/",
        "http://www.example.org\\@127.0.0.1/",
        "http://www.example.org:22/",
        "http://www.example.org:0/",
        "http://www.example.org:99999/",
        "ftp://www.example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "unix:///run/docker.sock",
        "//www.example.org/",
        "www.example.org",
        "http://www.example.org/\r\nX: y",
        "http://[::1",
        "",
        "http://" + "a" * 5_000,
        "http://a..example/",
    ],
)
def test_addresses_that_are_no_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(FetchRefused) as refused:
        fetch(url)
    assert "secret" not in refused.value.message


def test_the_address_that_was_checked_is_asked(
    serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    checked = serve(OK)
    other = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", host="127.0.0.2",
                  port=checked.port)  # fmt: skip
    names["moving.example"] = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]
    hosts = allowed(checked, "moving.example")
    url = f"http://moving.example:{checked.port}/"
    assert fetch(url, allowed_hosts=hosts).body == b"hello"
    assert names["moving.example"] == [["127.0.0.2"], ["127.0.0.2"]]  # asked once
    assert not other.requests
    assert b"\r\nhost: moving.example:" in checked.requests[0].lower()


def test_a_name_that_moves_inside_between_two_hops_is_refused(
    serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    server = serve(redirect("/again"), OK)
    names["moving.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    with pytest.raises(FetchRefused):
        fetch(
            f"http://moving.example:{server.port}/", allowed_hosts=allowed(server, "moving.example")
        )
    assert len(server.requests) == 1


def test_only_the_named_host_on_the_named_port_is_allowed(
    serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    server = serve(OK)
    names |= {name: [["127.0.0.1"]] for name in ("idp.example", "idp.example.", "other.example")}
    hosts = frozenset({f"IDP.example:{server.port}"})
    assert fetch(f"http://idp.example:{server.port}/", allowed_hosts=hosts).status == 200
    assert fetch(f"http://idp.example.:{server.port}/", allowed_hosts=hosts | {"idp.example."})
    for url in (f"http://other.example:{server.port}/", f"http://127.0.0.1:{server.port}/"):
        with pytest.raises(FetchRefused, match="Port"):
            fetch(url, allowed_hosts=hosts)
    with pytest.raises(FetchRefused, match="public"):
        fetch("http://idp.example/", allowed_hosts=hosts)
    with pytest.raises(FetchRefused, match="public"):
        fetch(f"http://other.example:{server.port}/", ports=frozenset({server.port}))


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "//127.0.0.1:{port}/", "http://169.254.169.254/latest",
     "http://2130706433/", "file:///etc/passwd", "http://user:pass@start.example:{port}/",
     "http://inside.example/", "http://start.example:22/"],
)  # fmt: skip
def test_a_redirect_is_checked_like_the_first_address(
    target: str, serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    server = serve(OK)
    server.answers.insert(0, redirect(target.format(port=server.port)))
    names |= {"start.example": [["127.0.0.1"]], "inside.example": [["10.0.0.7"]]}
    with pytest.raises(FetchRefused):
        fetch(
            f"http://start.example:{server.port}/", allowed_hosts=allowed(server, "start.example")
        )
    assert len(server.requests) == 1


def test_a_redirect_is_the_answer_where_none_is_followed(serve: Callable[..., Server]) -> None:
    server = serve(redirect("/again", 307), OK)
    allowed_hosts = frozenset({"127.0.0.1"})
    url = f"http://127.0.0.1:{server.port}/"
    found = fetch(url, method="POST", body=b"x", allowed_hosts=allowed_hosts, follow=False)
    assert (found.status, found.headers["location"]) == (307, "/again")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    ["ftp://crm.example/", "https://crm.example:8443/", "https://a:b@crm.example/", "crm.example"],
)
def test_what_would_never_be_asked_is_seen_without_asking(url: str) -> None:
    with pytest.raises(FetchRefused):
        check_target(url)


def test_what_is_allowed_by_name_is_seen_without_asking() -> None:
    named = frozenset({"crm.intern:8443", "desk.intern"})
    check_target("https://crm.example/hook")
    check_target("http://crm.intern:8443/", allowed_hosts=named)
    assert is_allowed_by_name("http://crm.intern:8443/", named)
    assert is_allowed_by_name("https://DESK.intern/x", named)
    assert not is_allowed_by_name("https://crm.intern/", named)


def test_redirects_are_followed_five_times(serve: Callable[..., Server]) -> None:
    server = serve(
        *[redirect(f"/{n}", status) for n, status in enumerate((301, 302, 303, 307, 308))], OK
    )
    hosts = allowed(server, "127.0.0.1")
    found = fetch(f"http://127.0.0.1:{server.port}/", allowed_hosts=hosts)
    assert found.url.endswith("/4")
    assert found.body == b"hello"
    server = serve(redirect("/"))
    with pytest.raises(FetchFailed, match="redirects more than 5"):
        ask(server)
    assert len(server.requests) == 6


def test_credentials_and_bodies_stay_with_their_server(
    serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    second = serve(OK)
    names |= {"a.example": [["127.0.0.1"]], "b.example": [["127.0.0.1"]]}
    target = f"http://b.example:{second.port}/"
    hosts = frozenset({"a.example", "b.example"})
    secret = {"Authorization": "Bearer secret", "Cookie": "a=secret", "X-Key": "secret"}
    first = serve(
        b"HTTP/1.1 302 Go\r\nSet-Cookie: c=secret\r\nLocation: %s\r\n\r\n" % target.encode()
    )
    fetch(f"http://a.example:{first.port}/", headers=secret, allowed_hosts=hosts)
    assert b"secret" in first.requests[0]
    assert b"secret" not in second.requests[0]

    for status in (307, 308):
        first = serve(redirect(target, status))
        with pytest.raises(FetchRefused, match="another server"):
            fetch(f"http://a.example:{first.port}/", method="POST", body=b"x", allowed_hosts=hosts)
    first = serve(redirect("/done", 303), OK)
    fetch(f"http://a.example:{first.port}/", method="POST", body=b"letter", allowed_hosts=hosts)
    assert first.requests[1].startswith(b"GET /done ")
    assert b"letter" not in first.requests[1]


def _endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def _drop_by_drop(start: bytes) -> Talk:
    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        while True:  # each byte is in time, all together are not
            time.sleep(0.02)
            connection.sendall(b"x")

    return talk


def _silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    "talk",
    [
        _drop_by_drop(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"),
        _drop_by_drop(b"HTTP/1.1 200 OK\r\nX: "),
        _drop_by_drop(b""),
        _silent,
    ],
)
def test_all_of_it_ends_in_time(talk: Talk, serve: Callable[..., Server]) -> None:
    server = serve(talk)
    with pytest.raises(FetchFailed, match=r"in 0\.3 seconds"):
        fetch(
            f"http://127.0.0.1:{server.port}/",
            timeout=0.3,
            allowed_hosts=allowed(server, "127.0.0.1"),
        )


def test_a_server_that_takes_nothing_in_ends_in_time() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(FetchFailed, match="seconds"):
            fetch(url, method="POST", body=b"x" * 20_000_000, timeout=0.3,
                  allowed_hosts=frozenset({"127.0.0.1"}))  # fmt: skip


def test_a_resolver_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    hang = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hang.wait(10))
    with pytest.raises(FetchFailed, match="seconds"):
        fetch("http://www.example.org/", timeout=0.2)
    hang.set()


@pytest.mark.parametrize(
    "answer",
    [
        _endless,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000 + b"\r\n",
    ],
)
def test_an_answer_that_is_too_large_is_not_taken(
    answer: bytes | Talk, serve: Callable[..., Server]
) -> None:
    server = serve(answer)
    with pytest.raises(FetchFailed, match="larger than 1,000 bytes"):
        fetch(
            f"http://127.0.0.1:{server.port}/",
            max_bytes=1_000,
            allowed_hosts=allowed(server, "127.0.0.1"),
        )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "reached"),
        (b"SSH-2.0-OpenSSH_9.2 secret\r\n\r\n", "reached"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "reached"),
        (b"", "reached"),
    ],
)
def test_an_answer_that_is_none_is_told_without_its_content(
    answer: bytes, said: str, serve: Callable[..., Server]
) -> None:
    server = serve(answer)
    with pytest.raises(FetchFailed, match=said) as failed:
        ask(server)
    assert "secret" not in failed.value.message
    assert failed.value.status == 502


def test_nobody_there(names: dict[str, list[list[str]]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        port = taken.getsockname()[1]
        names["away.example"] = [["127.0.0.1"]]
        with pytest.raises(FetchFailed, match="reached"):
            fetch(f"http://away.example:{port}/", allowed_hosts=frozenset({"away.example"}))
    with pytest.raises(FetchFailed, match="reached"):
        fetch("http://unknown.example/")


def test_the_next_address_is_tried(
    serve: Callable[..., Server], names: dict[str, list[list[str]]]
) -> None:
    server = serve(OK)
    names["two.example"] = [["127.0.0.3", "127.0.0.1"]]
    assert fetch(f"http://two.example:{server.port}/", allowed_hosts=allowed(server, "two.example"))


@pytest.mark.parametrize(
    "headers",
    [{"Host": "other"}, {"Content-Length": "1"}, {"transfer-encoding": "chunked"},
     {"X": "a\r\nY: b"}, {"X\r\n": "a"}, {"X": "é"}, {"": "a"}, {"a b": "c"}],
)  # fmt: skip
def test_headers_that_would_change_the_request_are_refused(
    headers: dict[str, str], serve: Callable[..., Server]
) -> None:
    server = serve(OK)
    with pytest.raises(FetchRefused):
        fetch(
            f"http://127.0.0.1:{server.port}/",
            headers=headers,
            allowed_hosts=allowed(server, "127.0.0.1"),
        )
    assert not any(request.strip() for request in server.requests)  # connected at most


def test_methods_are_few() -> None:
    with pytest.raises(FetchRefused, match="GET"):
        fetch("http://www.example.org/", method="CONNECT")


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Server]
) -> None:
    proxy, server = serve(OK), serve(OK)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    ask(server)
    assert server.requests
    assert not proxy.requests


@pytest.fixture
def authority(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], ssl.SSLContext]]:
    """An authority that the system trusts; makes a server's certificate for a name."""
    import trustme

    made = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(os.fspath(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    net._tls.cache_clear()

    def context(name: str) -> ssl.SSLContext:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.issue_cert(name).configure_cert(served)
        return served

    yield context
    net._tls.cache_clear()


def test_tls_keeps_the_name_and_checks_the_certificate(
    authority: Callable[[str], ssl.SSLContext],
    serve: Callable[..., Server],
    names: dict[str, list[list[str]]],
) -> None:
    server = serve(OK, tls=authority("idp.example"))
    names |= {"idp.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    hosts = allowed(server, "idp.example", "other.example")
    assert fetch(f"https://idp.example:{server.port}/", allowed_hosts=hosts).body == b"hello"
    assert server.names == ["idp.example"]
    assert b"\r\nhost: idp.example:" in server.requests[0].lower()
    with pytest.raises(FetchFailed, match=r"certificate of other\.example is not trusted"):
        fetch(f"https://other.example:{server.port}/", allowed_hosts=hosts)


def test_https_is_not_left_for_http(
    authority: Callable[[str], ssl.SSLContext],
    serve: Callable[..., Server],
    names: dict[str, list[list[str]]],
) -> None:
    plain = serve(OK)
    names["idp.example"] = [["127.0.0.1"]]
    server = serve(redirect(f"http://idp.example:{plain.port}/"), tls=authority("idp.example"))
    with pytest.raises(FetchRefused, match="https to http"):
        fetch(f"https://idp.example:{server.port}/", allowed_hosts=frozenset({"idp.example"}))
    assert not plain.requests
