"""Endpoints that hang, drip, lie or are not there: never waited for beyond the deadline."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kb.assist.generator import FAILURES, PAUSE, Breaker, EndpointGenerator, create_generator
from kb.config import Settings
from kb.errors import ConfigError, GeneratorError

pytest.importorskip("llama_index.llms.openai_like")

TIMEOUT = 0.8
Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answer(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def completion(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


def good(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, completion("All is well."))


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: yes yes yes yes":
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.1)


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff\xfe not http at all\r\n\r\n")


def not_json(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"<html>nginx</html>")


def wrong_shape(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b'{"choices": []}')


def failing(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b'{"error": {"message": "out of memory"}}', 500)


def empty(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, completion("  \n"))


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(2_000):
        handler.wfile.write(b"x" * 100_000)


def moved(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.end_headers()


class Server:
    """An endpoint that behaves as told and counts its calls."""

    def __init__(self, behaviour: Behaviour) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.calls += 1
                try:
                    self.rfile.read(int(self.headers["Content-Length"]))
                    server.behaviour(self)
                except OSError:
                    self.close_connection = True  # the client has hung up, as it should

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on stderr."""

        self.calls = 0
        self.behaviour = behaviour
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    servers: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        servers.append(Server(behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def timed(generator: EndpointGenerator) -> tuple[str, float]:
    """What came back ("" for a GeneratorError) and the seconds it took."""
    started = time.monotonic()
    try:
        return generator.generate("Say something."), time.monotonic() - started
    except GeneratorError:
        return "", time.monotonic() - started


def test_an_answer_comes_through(serve: Callable[[Behaviour], Server]) -> None:
    generator = EndpointGenerator(serve(good).url, "m", timeout=10.0)
    assert generator.generate("Say something.") == "All is well."


@pytest.mark.parametrize(
    "behaviour",
    [hang, drip_body, drip_headers, garbage, not_json, wrong_shape, failing, empty, endless, moved],
)
def test_a_hostile_endpoint_costs_at_most_the_deadline(
    behaviour: Behaviour, serve: Callable[[Behaviour], Server]
) -> None:
    said, seconds = timed(EndpointGenerator(serve(behaviour).url, "m", timeout=TIMEOUT))
    assert said == ""
    assert seconds < TIMEOUT + 1.5  # a busy machine's delay; the endpoint goes on for 3 s


@pytest.mark.parametrize("behaviour", [hang, drip_body, drip_headers])
def test_no_thread_outlives_a_slow_endpoint(
    behaviour: Behaviour, serve: Callable[[Behaviour], Server]
) -> None:
    timed(EndpointGenerator(serve(behaviour).url, "m", timeout=TIMEOUT))
    deadline = time.monotonic() + 5
    while any(thread.name == "generator" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the call still runs"
        time.sleep(0.05)


def test_an_absent_endpoint_soon_costs_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    generator = EndpointGenerator(f"http://127.0.0.1:{port}/v1", "m", timeout=TIMEOUT)
    for _ in range(FAILURES):
        assert timed(generator)[0] == ""
    with pytest.raises(GeneratorError, match="left alone"):
        generator.generate("Say something.")


def test_the_breaker_tries_again_after_a_pause_and_forgets_on_success(
    serve: Callable[[Behaviour], Server],
) -> None:
    now = [0.0]
    server = serve(failing)
    generator = EndpointGenerator(server.url, "m", timeout=10.0, clock=lambda: now[0])
    for _ in range(FAILURES + 2):
        timed(generator)
    assert server.calls == FAILURES
    server.behaviour = good
    now[0] += PAUSE + 1
    assert timed(generator)[0] == "All is well."
    assert timed(generator)[0] == "All is well."


def test_one_call_alone_tries_after_a_pause() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        breaker.check()
        breaker.failed()
    now[0] = PAUSE + 1
    breaker.check()
    with pytest.raises(GeneratorError, match="left alone"):
        breaker.check()
    breaker.failed()
    now[0] += PAUSE + 1
    with pytest.raises(GeneratorError):
        breaker.check()  # the pause has doubled


def test_calls_do_not_pile_up_behind_a_slow_endpoint(
    serve: Callable[[Behaviour], Server],
) -> None:
    server = serve(hang)
    generator = EndpointGenerator(server.url, "m", timeout=TIMEOUT)
    threads = [threading.Thread(target=timed, args=(generator,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)
    assert server.calls <= 4


def test_settings_decide() -> None:
    assert create_generator(Settings(_env_file=None)) is None
    url = Settings(_env_file=None, generator_url="http://127.0.0.1:9/v1", generator_model="m")
    made = create_generator(url)
    assert isinstance(made, EndpointGenerator)
    assert made.model == "m"
    with pytest.raises(ConfigError, match="http"):
        create_generator(Settings(_env_file=None, generator_url="file:///etc/passwd"))
