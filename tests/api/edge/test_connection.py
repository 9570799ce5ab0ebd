"""Connections of a real server: each ends, and each refusal is a problem document."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn

from api.edge.connection import protocol_options
from api.errors import ProblemResponse, problem_for
from kb.config import Settings
from tests.site import ROOT

PATIENCE = 30.0  # seconds, on a busy machine
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answer(scope: dict[str, object], receive: object, send: object) -> None:
    """An application that knows nothing."""
    if scope["type"] == "http":
        await ProblemResponse(problem_for(404, "There is nothing."))(scope, receive, send)  # type: ignore[arg-type]


@contextmanager
def listening(**settings: object) -> Iterator[int]:
    """The port of a server on this machine."""
    given = protocol_options(Settings(**settings, _env_file=None))  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(answer, lifespan="off", log_config=None, **given))  # type: ignore[arg-type]
    with closing(socket.create_server(("127.0.0.1", 0))) as own:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        try:
            yield own.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(body_seconds=0.5) as port:
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection; TimeoutError when it does not."""
    found = b""
    with closing(connection):
        while part := connection.recv(65536):
            found += part
    return found


def problem_in(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"content-type: application/problem+json" in lines
    assert b"x-content-type-options: nosniff" in lines
    assert b"connection: close" in lines
    assert any(b"frame-ancestors 'none'" in line for line in lines)
    told: dict[str, object] = json.loads(body)
    return told


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", GET[:-2], GET + GET[:5], GET + b"\r\n\r\n"],
    ids=["nothing", "half a line", "half a head", "one and a half", "one and empty lines"],
)
def test_whoever_does_not_finish_is_cut_off(port: int, sent: bytes) -> None:
    connection = connect(port)
    connection.sendall(sent)
    assert all_of(connection).count(b"HTTP/1.1 404") == sent.count(GET)


def test_bytes_now_and_then_keep_no_connection(port: int) -> None:
    connection = connect(port)
    connection.settimeout(0.1)
    end = time.monotonic() + PATIENCE
    with closing(connection):
        while time.monotonic() < end:
            try:
                connection.sendall(b"G")
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue  # it still waits
            except OSError:
                return
    raise AssertionError("the connection is still there")


def test_who_goes_on_asking_is_served(port: int) -> None:
    with closing(connect(port)) as connection:
        for _ in range(8):  # longer than a head may take
            connection.sendall(GET)
            assert b"404" in connection.recv(65536)
            time.sleep(0.2)


def test_what_is_no_http_gets_a_problem(port: int) -> None:
    for sent in (b"\x16\x03\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n"):
        connection = connect(port)
        connection.sendall(sent)
        received = all_of(connection)
        assert received.startswith(b"HTTP/1.1 400 ")
        assert problem_in(received)["code"] == "bad_request"


def test_what_is_broken_after_a_good_request_ends_the_connection(port: int) -> None:
    connection = connect(port)
    connection.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" * 3
    )
    assert b"HTTP/1.1 4" in all_of(connection)


def test_the_process_asks_for_as_many_files_as_it_needs() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    code = (
        "import resource as r; from api.edge.connection import room_for;"
        "r.setrlimit(r.RLIMIT_NOFILE, (300, 900)); print(room_for(500), room_for(2000));"
        "print(r.getrlimit(r.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "(900, 900)", done.stderr
    assert "500 644" in done.stdout
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_there_is_room_for_so_many_and_no_more() -> None:
    with listening(max_connections=10) as port:
        first = [connect(port) for _ in range(10)]
        for connection in first:  # an answer means that the server has counted it
            connection.sendall(GET)
            assert b"404" in connection.recv(65536)
        late = connect(port)
        late.sendall(GET)
        received = all_of(late)
        for connection in first:
            connection.close()
    assert received.startswith(b"HTTP/1.1 503 ")
    assert problem_in(received)["code"] == "busy"
