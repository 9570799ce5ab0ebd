"""Sizes, shapes and times: what is refused before anything reads it."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from starlette.types import Message
from structlog.testing import capture_logs

from api import errors
from api.edge import Edge, Policy
from api.edge.body import MAX_DEPTH, refused_shape
from api.metrics import Metrics
from kb.errors import Forbidden
from tests.api.calls import problem

JSON = "application/json"


def test_long_addresses_and_large_heads(client: TestClient) -> None:
    problem(client.get("/try?q=" + "a" * 17_000), 414, "address_too_long")
    problem(client.get("/healthz", headers={"x-a": "b" * 17_000}), 431, "headers_too_large")
    many = {f"x-{number}": "a" for number in range(70)}
    problem(client.get("/healthz", headers=many), 431, "headers_too_large")
    assert client.get("/healthz", headers={"x-a": "b" * 8000}).status_code == 200


def test_two_lengths_in_one_request(client: TestClient) -> None:
    both = {"transfer-encoding": "chunked", "content-length": "2"}
    problem(client.post("/api/v1/suggest", content=b"{}", headers=both), 400, "bad_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 1_000_000, 400),
        (b'{"a":' * 200_000, 400),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), 400),
        (b'[{"a":' * 17 + b"1" + b"}]" * 17, 400),
        (b"[" * 500_000 + b"]" * 499_999, 400),
        (b"[]" * 499_999 + b"[" * 40, 400),
        (b"1" * 65, 400),
        (b'{"limit":' + b"9" * 5000 + b"}", 400),
        (b'{"limit":1e' + b"9" * 90 + b"}", 400),
        ('{"a":"b"}'.encode("utf-16"), 400),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b"[[],[],{}]" * 1000, None),
        (json.dumps({"text": "[" * 5000 + "9" * 500 + '"' * 300 + "\\" * 501}).encode(), None),
        (b'{"messages":', None),  # the parser says it better
        (b'"' + b'\\"' * 490_000, None),
        (b"}" * 1000, None),
        (b"", None),
    ],
    ids=range(17),
)
def test_json_that_is_too_deep_or_long(body: bytes, status: int | None) -> None:
    refused = refused_shape(JSON, body)
    assert (refused[0] if refused else None) == status
    assert refused_shape("application/problem+json; charset=utf-8", body) == refused
    assert refused_shape("text/plain", body) is None


def test_forms_with_too_many_parts() -> None:
    form = "application/x-www-form-urlencoded"
    assert refused_shape(form, b"&".join([b"a=1"] * 101)) is not None
    assert refused_shape(form, b"&".join([b"a=1"] * 100)) is None
    parts = "multipart/form-data; boundary=xx"
    assert refused_shape(parts, b"--xx\r\n" * 102) is not None
    assert refused_shape(parts, b"--xx\r\n" * 101) is None
    assert refused_shape("multipart/form-data", b"") is not None


def test_a_deep_body_is_a_problem(client: TestClient) -> None:
    kind = {"content-type": JSON}
    response = client.post("/api/v1/suggest", content=b"[" * 900_000, headers=kind)
    told = problem(response, 400, "bad_request")
    assert "32 levels" in told["detail"]


def _app(policy: Policy) -> FastAPI:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(Edge, metrics=Metrics(), policy=policy)
    return app


def test_an_answer_that_takes_too_long_is_503_and_goes_nowhere_later() -> None:
    app = _app(Policy(request_seconds=0.05))
    go_on, ended = threading.Event(), threading.Event()

    @app.post("/slow")
    def slow() -> str:
        go_on.wait(20)
        ended.set()
        return "too late"

    with TestClient(app) as client:
        response = client.post("/slow")
        told = problem(response, 503, "out_of_time")
        assert "saved" in told["detail"]
        assert response.headers["retry-after"]
        go_on.set()
        assert ended.wait(20)


def _call(app: FastAPI, messages: list[Message], **scope: Any) -> list[Message]:
    """Answer one request whose body arrives as `messages`, and then nothing."""
    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b""}
    given |= {"headers": [(b"host", b"a")], "scheme": "http", "http_version": "1.1"}

    async def call() -> None:
        await asyncio.wait_for(app(given | scope, receive, send), 20)

    with ThreadPoolExecutor(1) as pool:  # a browser of other tests keeps this thread's loop
        pool.submit(asyncio.run, call()).result()
    return sent


def test_a_body_that_does_not_arrive_is_408_and_the_connection_ends() -> None:
    part = {"type": "http.request", "body": b'{"a":', "more_body": True}
    start, *_ = _call(_app(Policy(body_seconds=0.05)), [part])
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_a_client_that_goes_away_is_no_defect() -> None:
    part = {"type": "http.request", "body": b'{"a":', "more_body": True}
    assert _call(_app(Policy()), [part, {"type": "http.disconnect"}]) == []


def _taking(policy: Policy) -> FastAPI:
    """An application that takes a file as it comes, once it is let begin."""
    app = _app(policy)

    @app.post("/api/v1/imports")
    async def take(request: Request, refuse: bool = False) -> int:
        if refuse:
            raise Forbidden("Not you.")
        return sum([len(piece) async for piece in request.stream()])

    return app


def _pieces(*sizes: int) -> list[Message]:
    return [{"type": "http.request", "body": b"x" * size, "more_body": True} for size in sizes]


UPLOAD = {"path": "/api/v1/imports", "raw_path": b"/api/v1/imports"}
LAST = {"type": "http.request", "body": b"", "more_body": False}
CLOSE = (b"connection", b"close")


def test_a_file_is_taken_piece_by_piece_up_to_a_size() -> None:
    app = _taking(Policy(import_bytes=100))
    start, body, *_ = _call(app, [*_pieces(60, 40), LAST], **UPLOAD)
    assert (start["status"], body["body"], CLOSE in start["headers"]) == (200, b"100", False)
    start, *_ = _call(app, _pieces(60, 41), **UPLOAD)
    assert (start["status"], CLOSE in start["headers"]) == (413, True)


def test_whoever_may_not_send_a_file_is_told_before_it_has_come() -> None:
    start, *_ = _call(_taking(Policy()), _pieces(10), **UPLOAD, query_string=b"refuse=true")
    assert (start["status"], CLOSE in start["headers"]) == (403, True)


def test_a_file_that_stops_coming_is_408_and_one_broken_off_is_no_defect() -> None:
    start, *_ = _call(_taking(Policy(body_seconds=0.05)), _pieces(10), **UPLOAD)
    assert (start["status"], CLOSE in start["headers"]) == (408, True)
    gone = [*_pieces(10), {"type": "http.disconnect"}]
    with capture_logs() as logs:
        _call(_taking(Policy()), gone, **UPLOAD)
    assert [entry["event"] for entry in logs] == ["request"]
