"""Connections for `kb.net`: to the very address that was checked, and within one deadline."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from kb.net_addresses import Address, as_address

MAX_ADDRESSES = 6  # of one name that are tried
CheckAddresses = Callable[[str, int, list[Address]], None]
"""Called with (host, port, addresses) before any is connected to; raises to refuse."""


class Deadline:
    """The moment at which everything has to be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises httpx.TimeoutException when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpx.TimeoutException("out of time")
        return left


class CheckedTransport(httpx.BaseTransport):
    """httpx transport that resolves names itself, once, and lets `check` see the addresses.

    TLS and the Host header keep the name. Raises what `check` raises, and httpx.HTTPError.
    """

    def __init__(self, check: CheckAddresses, deadline: Deadline, tls: ssl.SSLContext) -> None:
        self._deadline = deadline
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_CheckedNetwork(check, deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
        )
        with _as_httpx():
            answer = self._pool.handle_request(sent)
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, self._deadline)
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, deadline: Deadline) -> None:
        self._answer = answer
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            for chunk in self._answer.iter_stream():
                self._deadline.left()
                yield chunk

    def close(self) -> None:
        self._answer.close()


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.TimeoutException(str(error)) from error
    except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
        raise httpx.LocalProtocolError(str(error)) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise httpx.NetworkError(str(error)) from error


class _CheckedNetwork(httpcore.NetworkBackend):
    def __init__(self, check: CheckAddresses, deadline: Deadline) -> None:
        self._check = check
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        literal = as_address(host)
        addresses = [literal] if literal else _resolve(host, port, self._deadline)
        self._check(host, port, addresses)
        return _Stream(self._connect(addresses[:MAX_ADDRESSES], port), self._deadline)

    def _connect(self, addresses: list[Address], port: int) -> socket.socket:
        failure = OSError("no address")
        for number, address in enumerate(addresses):
            # A silent address must not take the time of the others.
            seconds = self._deadline.left() / (len(addresses) - number)
            try:
                return _connected(address, port, seconds)
            except OSError as error:
                failure = error
        raise httpcore.ConnectError("cannot connect") from failure


def _connected(address: Address, port: int, seconds: float) -> socket.socket:
    """A connection to this address; `socket.create_connection` would ask the resolver again."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class _Stream(httpcore.NetworkStream):
    """A socket whose every wait ends with the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._socket = sock
        self._deadline = deadline
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(self._deadline.left())
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
            while left:
                self._socket.settimeout(self._deadline.left())
                left = left[self._socket.send(left) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        name = (server_hostname or "").rstrip(".")
        try:
            with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(self._deadline.left())
                self._socket = ssl_context.wrap_socket(self._socket, server_hostname=name)
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None


@contextlib.contextmanager
def _as_httpcore(
    timeout: type[httpcore.TimeoutException], failure: type[httpcore.NetworkError]
) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise timeout("out of time") from error
    except OSError as error:  # ssl.SSLError too
        raise failure("connection lost") from error


def _resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Every address of a name, in the system's order. Raises httpx.HTTPError.

    The system's resolver knows no time limit, so another thread asks it.
    """
    answer: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            known = (as_address(str(entry[4][0])) for entry in found)
            answer.put(list(dict.fromkeys(address for address in known if address)))
        except Exception as error:  # told below, in the thread that waits
            answer.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        found = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise httpx.TimeoutException("the name is not resolved in time") from None
    if isinstance(found, Exception) or not found:
        raise httpx.ConnectError("the name is not known")
    return found
