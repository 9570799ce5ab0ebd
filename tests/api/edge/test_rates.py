"""How often one may ask: per account, API key or address; never for health."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.edge.rates import Cost, cost_of
from kb.config import Settings
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

BASE = "http://127.0.0.1"
SEARCH = "/api/v1/search?q=pin"
FEW = {"rate_asks": 4, "rate_writes": 3, "rate_reads": 5, "rate_strangers": 2}


@pytest.fixture(scope="module")
def limited(site: Settings) -> Iterator[TestClient]:
    settings = site.model_copy(update={"open_access": False, "rate_limits": True, **FEW})
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture
def anew(limited: TestClient) -> TestClient:
    """The application as if a long time had passed."""
    limited.cookies.clear()
    limited.app.state.rates._limiter.storage.reset()  # type: ignore[attr-defined]
    return limited


def test_what_a_request_costs() -> None:
    assert cost_of("POST", "/api/v1/suggest") == Cost.ask
    assert cost_of("GET", "/try/answers") == Cost.ask
    assert cost_of("PUT", "/api/v1/cases/{case_id}") == Cost.write
    assert cost_of("GET", "/a/{article_id}") == Cost.read
    assert cost_of("POST", "/api/v1/hooks/{webhook_id}") == Cost.hook
    assert cost_of("GET", "/healthz") is None


def refused(client: TestClient, address: str, **more: Any) -> Any:
    """The first answer that is a refusal. At the turn of a minute one more may get through."""
    for _ in range(9):
        response = client.get(address, **more)
        if response.status_code == 429:
            return response
    raise AssertionError("nothing was refused")


def test_a_stranger_has_few_and_is_told_when_to_come_back(anew: TestClient) -> None:
    first = anew.get(SEARCH)
    assert first.headers["ratelimit-policy"] == '"asks";q=2;w=60'
    assert first.headers["ratelimit"].startswith('"asks";r=1;t=')
    assert anew.get(SEARCH).status_code == 200
    over = refused(anew, SEARCH)
    problem(over, 429, "too_many_requests")
    assert 1 <= int(over.headers["retry-after"]) <= 60
    assert over.headers["ratelimit"].startswith('"asks";r=0;t=')
    page = refused(anew, "/try?q=pin", headers={"accept": "text/html"})
    assert page.headers["retry-after"]
    assert page.headers["content-type"].startswith("text/html")


def test_kinds_are_counted_apart_and_health_never(anew: TestClient) -> None:
    for _ in range(8):
        anew.get(SEARCH)
        assert anew.get("/healthz").status_code == 200
        assert anew.get("/readyz").status_code == 200
        assert anew.get("/static/tokens.css").status_code == 200
    assert anew.get("/a/locker-full").status_code == 200


def test_accounts_are_counted_apart(anew: TestClient) -> None:
    sessions = services_in(anew).engine.session_factory
    for user in (make_user(sessions), make_user(sessions)):
        signed_in(anew, user)
        assert [anew.get(SEARCH).status_code for _ in range(4)] == [200] * 4
        refused(anew, SEARCH)
    anew.cookies.clear()
    assert anew.get(SEARCH).status_code == 200  # the address as such has asked nothing yet


def test_bad_credentials_are_counted_by_address(anew: TestClient) -> None:
    bad = {"authorization": "Bearer potica_0000000000000000_nothing"}
    assert [anew.get(SEARCH, headers=bad).status_code for _ in range(2)] == [401, 401]
    problem(refused(anew, SEARCH, headers=bad), 429, "too_many_requests")
    assert anew.get(SEARCH).status_code == 200  # others behind the same address


def test_nobody_is_counted_where_everybody_may_do_everything(site: Settings) -> None:
    settings = site.model_copy(update={"rate_limits": True, **FEW})
    with TestClient(create_app(settings), base_url=BASE) as client:
        assert {client.get(SEARCH).status_code for _ in range(6)} == {200}
