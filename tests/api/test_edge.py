"""What every request passes: ids, headers, sizes, names, and the net below all defects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api import errors
from api.app import create_app
from api.edge import MAX_BODY_BYTES, Edge, Policy, is_loopback, served_names
from api.logs import configure_logging
from api.metrics import Metrics
from kb.config import Settings
from kb.errors import ConfigError, DatabaseError, KbError
from tests.api.calls import problem, suggest

SUGGEST = "/api/v1/suggest"


def test_every_response_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/try", "/healthz", "/static/tokens.css", "/openapi.json", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"]
        assert "server" not in headers


def test_a_request_id_is_kept_or_made(client: TestClient) -> None:
    assert (
        client.get("/healthz", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    )
    made = {client.get("/healthz", headers={"x-request-id": "a b\n"}).headers["x-request-id"]}
    made |= {client.get("/healthz").headers["x-request-id"]}
    assert len(made) == 2
    assert "a b" not in made


def test_a_large_body_is_refused_said_or_not(client: TestClient) -> None:
    big = b'{"messages":"' + b"a" * MAX_BODY_BYTES + b'"}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(big), 65536):
            yield big[start : start + 65536]

    kind = {"content-type": "application/json"}
    for content in (big, pieces()):
        problem(client.post(SUGGEST, content=content, headers=kind), 413, "too_large")
    problem(client.request("GET", "/healthz", content=big), 413, "too_large")
    fits = json.dumps({"messages": [{"role": "customer", "text": "PIN?" * 4000}] * 60}).encode()
    assert len(fits) < MAX_BODY_BYTES
    assert client.post(SUGGEST, content=fits, headers=kind).status_code == 200


def test_unknown_addresses_and_methods(client: TestClient) -> None:
    problem(client.get("/api/v1/nowhere"), 404, "not_found")
    told = problem(client.delete(SUGGEST), 405, "method_not_allowed")
    assert "POST" in told["detail"]


def test_a_browser_gets_a_page_for_an_error(client: TestClient) -> None:
    page = client.get("/a/no-such-thing?ui=sl", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Te strani tukaj ni" in page.text
    again = client.get("/api/v1/articles/no-such-thing", headers={"accept": "text/html"})
    problem(again, 404, "not_found")


def test_only_its_own_names_are_served_on_loopback(client: TestClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[", "[::1"):
        response = client.get("/healthz", headers={"host": host})
        assert response.status_code in (400, 421), host
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_pages_of_other_sites_cannot_write(client: TestClient) -> None:
    other = {"origin": "https://evil.example"}
    problem(client.post("/api/v1/articles/locker-full/archive", headers=other), 403, "forbidden")
    assert client.get("/api/v1/articles/locker-full", headers=other).status_code == 200
    assert "access-control-allow-origin" not in client.get("/healthz", headers=other).headers
    own = {"origin": "http://127.0.0.1"}
    body = {"messages": [{"role": "customer", "text": "PIN?"}]}
    assert client.post(SUGGEST, json=body, headers=own).status_code == 200


def test_which_addresses_are_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "potica.example"))


def test_the_names_a_server_answers_to() -> None:
    wide = Settings(host="0.0.0.0", trusted_hosts=("10.0.0.5",), _env_file=None)
    public = wide.model_copy(update={"public_url": "https://kb.example/x"})
    assert served_names(wide) == {"127.0.0.1", "10.0.0.5"}
    assert served_names(public) == {"kb.example", "10.0.0.5"}
    own = Settings(public_url="https://kb.example/x", _env_file=None)
    assert served_names(own) == {"127.0.0.1", "localhost", "::1", "kb.example"}
    one = own.model_copy(update={"host": "192.0.2.7"})
    assert served_names(one) == {"192.0.2.7", "kb.example"}


def _broken(error: Exception) -> TestClient:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(Edge, metrics=Metrics(), policy=Policy())

    @app.get("/broken")
    def broken() -> None:
        raise error

    return TestClient(app)


def test_a_defect_tells_nothing_of_its_inside() -> None:
    with capture_logs() as logs:
        response = _broken(RuntimeError("secret of K-20431")).get("/broken")
    problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert "secret" not in json.dumps(logs)
    assert (
        next(line for line in logs if line["event"] == "unexpected_error")["kind"] == "RuntimeError"
    )


def test_expected_errors_keep_their_code_and_details() -> None:
    class Teapot(KbError):
        code, status, title = "teapot", 418, "I am a teapot"

    told = problem(
        _broken(Teapot("Use the coffee pot.", lid="\ud800")).get("/broken"), 418, "teapot"
    )
    assert told["detail"] == "Use the coffee pot."
    assert told["details"] == {"lid": "?"}


def test_a_database_that_is_away_is_503() -> None:
    from sqlalchemy.exc import OperationalError

    response = _broken(OperationalError("SELECT 'secret'", {}, Exception("x"))).get("/broken")
    problem(response, 503, "database_error")
    assert "secret" not in response.text


def test_texts_are_never_logged(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logs:
        suggest(client, "my purple frobnicator is lost")
        client.get("/api/v1/search", params={"q": "purple frobnicator"})
        client.get("/try", params={"q": "purple frobnicator"})
    assert [line["route"] for line in logs if line["event"] == "request"] == [
        SUGGEST,
        "/api/v1/search",
        "/try",
    ]
    assert "frobnicator" not in json.dumps(logs, default=str)


def test_logs_are_json_and_exceptions_lose_their_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import structlog

    try:
        configure_logging("INFO")
        log = structlog.get_logger("test")
        try:
            raise ValueError("the customer wrote this")
        except ValueError:
            log.exception("it_broke", document="a")
        log.debug("not_shown")
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["kind"], line["document"]) for line in lines] == [
        ("it_broke", "ValueError", "a")
    ]
    assert "customer wrote" not in json.dumps(lines)


def test_ready_alive_and_figures(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"database": "ok", "index": "ok"}
    suggest(client, "nie dostalem PIN do automatu paczkowego")
    text = client.get("/metrics").text
    assert 'potica_suggestions_total{language="pl",result="answered"}' in text
    assert 'route="/api/v1/suggest"' in text
    assert "potica_outbox_pending" in text


def test_a_database_that_was_never_set_up_stops_the_start(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, _env_file=None))
    with pytest.raises(DatabaseError, match="potica init"), TestClient(app):
        pass


def test_open_access_beyond_this_machine_is_refused(site: Settings) -> None:
    wide = site.model_copy(update={"host": "0.0.0.0", "open_access": True})
    with pytest.raises(ConfigError, match="POTICA_OPEN_ACCESS"), TestClient(create_app(wide)):
        pass
