"""Logs hold no personal data and no secrets, whatever is sent and whatever breaks."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import errors
from api.auth import cookies
from api.edge import Edge, Policy
from api.logs import HIDDEN, configure_logging
from api.metrics import Metrics
from api.ui.i18n import COOKIE
from kb.errors import EncoderError
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

MARK = "zqmarkedzq"
METHODS = ("get", "put", "post", "delete", "patch")


@contextmanager
def logging_to(capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """Logs as the server writes them; gives the lines once it is over."""
    root = logging.getLogger()
    before = (root.handlers, root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    lines: list[str] = []
    capsys.readouterr()
    try:
        configure_logging("DEBUG")
        yield lines
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(False)
        root.handlers, level, *hooks = before
        root.setLevel(level)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        for name in ("uvicorn", "uvicorn.error"):
            logging.getLogger(name).handlers = []
            logging.getLogger(name).propagate = True
        lines += capsys.readouterr().err.splitlines()


def _filled(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """A value of this shape with the mark wherever a text of one's own can stand."""
    if "$ref" in schema:
        return _filled(parts[schema["$ref"].rpartition("/")[2]], parts)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _filled(schema[choice][0], parts)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        named = {
            name: _filled(inner, parts) for name, inner in schema.get("properties", {}).items()
        }
        more = schema.get("additionalProperties")
        return named | ({MARK: _filled(more, parts)} if isinstance(more, dict) else {})
    if kind == "array":
        return [_filled(schema.get("items", {}), parts)]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    if schema.get("format") == "date-time":
        return "2026-01-31T09:00:00Z"
    return "en" if "{2,3}" in schema.get("pattern", "") else MARK


def _headers(**more: str) -> dict[str, str]:
    named = {"user-agent", "referer", "x-forwarded-for", "accept-language", "idempotency-key",
             "x-real-ip", "x-anything", "if-none-match", "forwarded", "x-csrf-token"}  # fmt: skip
    cookie = f"{cookies.SESSION}={MARK}; {cookies.FORM}={MARK}; {COOKIE}={MARK}; {MARK}={MARK}"
    told = dict.fromkeys(named, MARK) | {"cookie": cookie, "x-request-id": f"{MARK}@{MARK}"}
    return told | more


def _send_everything(client: TestClient, headers: dict[str, str]) -> list[int]:
    """Every operation, with marks in the path, the query, the headers and the body."""
    app: FastAPI = client.app  # type: ignore[assignment]
    told = app.openapi()
    parts = told["components"]["schemas"]
    statuses = []
    for path, operations in told["paths"].items():
        for method in METHODS:
            if method not in operations:
                continue
            operation = operations[method]
            content = operation.get("requestBody", {}).get("content", {})
            shape = content.get("application/json", {}).get("schema")
            target = re.sub(r"\{[^}]*\}", MARK, path)
            query = {
                given["name"]: _filled(given["schema"], parts)
                for given in operation.get("parameters", [])
                if given["in"] == "query"
            } | {"ui": MARK}
            if path == "/api/v1/search":
                del query["ui"]
            for body in (shape and _filled(shape, parts), {MARK: MARK}, None):
                answer = client.request(method, target, params=query, json=body, headers=headers)
                statuses.append(answer.status_code)
    return statuses


def test_marks_in_every_input_are_nowhere_in_the_log(
    closed: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    administrator = make_user(services_in(closed).engine.session_factory, "administrator")
    closed.cookies.clear()
    with logging_to(capsys) as lines:
        bad = _send_everything(closed, _headers(authorization=f"Bearer {MARK}"))
        bad += _send_everything(closed, _headers(authorization=f"Basic {MARK}"))
        token = signed_in(closed, administrator)
        own = f"{cookies.SESSION}={closed.cookies[cookies.SESSION]}"
        good = _send_everything(closed, _headers(cookie=own, **token))
        for path in (f"/{MARK}", f"/static/{MARK}", f"/a/{MARK}?lang={MARK}", f"/try?q={MARK}"):
            closed.get(path, headers={"accept": "text/html"})
        closed.request(MARK.upper(), "/", content=MARK.encode())
    closed.cookies.clear()
    assert {401, 422} <= set(bad)
    assert {200, 201, 404, 422} <= set(good)
    assert not any(status >= 500 for status in bad + good)
    logged = [json.loads(line) for line in lines]
    assert len(logged) >= len(bad) + len(good)
    assert [line for line in lines if MARK in line.lower()] == []
    secrets = [administrator.email, own.partition("=")[2], *token.values()]
    assert [line for line in lines if any(secret in line for secret in secrets)] == []


def _breaking() -> TestClient:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(Edge, metrics=Metrics(), policy=Policy())

    @app.get("/broken/{word}")
    def broken(word: str) -> None:
        try:
            raise KeyError(word)
        except KeyError as error:
            raise RuntimeError(f"{word} of {MARK}") from error

    @app.get("/away")
    def away() -> None:
        raise EncoderError(f"http://{MARK}:{MARK}@10.0.0.3/v1 does not answer")

    return TestClient(app)


def test_what_breaks_leaves_its_kind_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    client = _breaking()
    with logging_to(capsys) as lines:
        response = client.get(f"/broken/{MARK}")
        logging.getLogger("somebody.else").error("it has %s in it", MARK)
        logging.getLogger("asyncio").warning(f"task {MARK}", exc_info=ValueError(MARK))
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"unexpected value {MARK}", UserWarning, stacklevel=1)
        thread = threading.Thread(target=lambda: int(MARK))
        thread.start()
        thread.join()
        log = structlog.get_logger("potica.test")
        log.info("said", Authorization=f"Bearer {MARK}", password=MARK, note=f"with bearer {MARK}")
    problem(response, 500, "internal_error")
    assert MARK not in response.text
    logged = [json.loads(line) for line in lines]
    assert not any(MARK in line for line in lines)
    assert [line["kind"] for line in logged if line["event"] == "unexpected_error"] == [
        "RuntimeError"
    ]
    assert [line["kind"] for line in logged if line["event"] == "uncaught"] == ["ValueError"]
    assert sum(line["event"] == "library_message" for line in logged) == 3
    said = next(line for line in logged if line["event"] == "said")
    assert said["Authorization"] == said["password"] == HIDDEN
    assert said["note"] == f"with bearer {HIDDEN}"


def test_what_fails_inside_is_told_to_the_operator_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logging_to(capsys) as lines:
        response = _breaking().get("/away")
    told = problem(response, 503, "encoder_error")
    assert "10.0.0.3" not in response.text
    assert "potica doctor" in told["detail"]
    line = next(line for line in lines if "expected_error" in line)
    assert "10.0.0.3" in line
    assert MARK not in line
