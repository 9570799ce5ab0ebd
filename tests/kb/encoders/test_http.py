"""The HTTP encoder against a real server on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from kb.config import Settings
from kb.encoders import http
from kb.encoders.factory import create_encoder
from kb.encoders.http import HttpEncoder
from kb.errors import ConfigError, EncoderError


@dataclass
class Server:
    """Answers with `statuses` first, then with vectors [length, 1, 0], last text first."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    body: bytes | None = None
    requests: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append((self.path, self.headers.get("Authorization", ""), body))
            status = state.statuses.pop(0) if state.statuses else 200
            rows = [
                {"index": index, "embedding": [float(len(text)), 1.0, 0.0]}
                for index, text in enumerate(body["input"])
            ]
            reply = state.body or json.dumps({"data": rows[::-1]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{listener.server_port}"
    yield state
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_FIRST_PAUSE", 0.0)


def test_vectors_come_in_the_order_of_the_texts_and_normalised(server: Server) -> None:
    settings = Settings(
        _env_file=None, encoder="http:m", encoder_url=server.url, encoder_api_key="secret"
    )
    encoder = create_encoder(settings)

    vectors = encoder.encode(["abc", "a"], "query")

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ np.array([3, 1, 0]) == pytest.approx(np.sqrt(10))
    assert (encoder.model_id, encoder.dim) == ("m", 3)
    path, authorization, body = server.requests[0]
    assert (path, authorization) == ("/v1/embeddings", "Bearer secret")
    assert body["model"] == "m"


@pytest.mark.parametrize("suffix", ["/", "/v1", "/v1/embeddings"])
def test_the_address_may_name_the_endpoint(server: Server, suffix: str) -> None:
    HttpEncoder(server.url + suffix, "m").encode(["a"], "query")

    assert server.requests[0][0] == "/v1/embeddings"


def test_many_texts_go_in_several_requests(server: Server) -> None:
    texts = ["x" * (1 + number % 7) for number in range(150)]

    vectors = HttpEncoder(server.url, "m").encode(texts, "passage")

    assert vectors.shape == (150, 3)
    assert [len(body["input"]) for _, _, body in server.requests] == [64, 64, 22]


def test_models_of_the_e5_family_get_their_prompts(server: Server) -> None:
    HttpEncoder(server.url, "multilingual-e5-large").encode(["a"], "passage")

    assert server.requests[0][2]["input"] == ["passage: a"]


def test_empty_and_broken_texts_are_sent_as_something(server: Server) -> None:
    HttpEncoder(server.url, "m").encode(["", "\ud800"], "query")

    assert server.requests[0][2]["input"] == ["-", "?"]


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.statuses = [503, 429]

    assert HttpEncoder(server.url, "m").encode(["a"], "query").shape == (1, 3)
    assert len(server.requests) == 3


def test_a_refusal_is_not_repeated(server: Server) -> None:
    server.statuses = [401, 200]

    with pytest.raises(EncoderError, match="status 401"):
        HttpEncoder(server.url, "m").encode(["a"], "query")
    assert len(server.requests) == 1


def test_a_server_that_stays_down_is_an_error(server: Server) -> None:
    server.statuses = [500] * 9

    with pytest.raises(EncoderError, match="status 500"):
        HttpEncoder(server.url, "m").encode(["a"], "query")
    with pytest.raises(EncoderError, match="ConnectError"):
        HttpEncoder("http://127.0.0.1:9", "m").encode(["a"], "query")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"data": []}',
        b'{"data": [{"index": 0, "embedding": []}]}',
        b'{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}',
    ],
)
def test_an_answer_that_is_no_vector_is_an_error(server: Server, body: bytes) -> None:
    server.body = body

    with pytest.raises(EncoderError, match="answer"):
        HttpEncoder(server.url, "m").encode(["a"], "query")


def test_an_address_is_needed() -> None:
    with pytest.raises(ConfigError, match="encoder_url"):
        HttpEncoder("", "m")


def test_tokens_are_guessed_from_letters() -> None:
    encoder = HttpEncoder("http://127.0.0.1:9", "m")

    assert encoder.count_tokens(["Kje je paket?", ""]) == [5, 0]
    assert encoder.token_offsets("paket?") == [(0, 4), (4, 5), (5, 6)]
