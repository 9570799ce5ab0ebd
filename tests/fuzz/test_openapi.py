"""Requests made from the description of every route, nearly all of them against it.

A short form in every run; `make fuzz` sends thousands. Whoever asks gets an answer of the kinds
that are documented: never a 5xx, every refusal a problem document, all of it valid UTF-8.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.domain import ADMINISTRATOR
from tests.api.calls import PROBLEM
from tests.api.conftest import BASE
from tests.api.people import make_user, services_in, signed_in
from tests.api.routes import every_route
from tests.site import copy_home

COUNT = int(os.environ.get("POTICA_FUZZ_OPENAPI", "160"))
SEED = int(os.environ.get("POTICA_FUZZ_SEED", "20261122"))
SHARES = {"": 0.15, "agent": 0.35, ADMINISTRATOR: 0.5}  # of the requests, by who asks
ROUND = 2600  # requests after which the memory is looked at
GROWTH = 60.0  # MiB after the first round; of this process: Hypothesis is in it, too
SLOWEST = 20.0  # seconds for one answer on a busy machine
KINDS = (PROBLEM, "application/json")

pytestmark = pytest.mark.fuzz


@dataclass
class Caller:
    """Somebody who asks, signed in anew when what was sent has signed this one out."""

    client: TestClient
    role: str
    seed: int = SEED
    token: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> None:
        self.client.cookies.clear()
        if self.role:
            user = make_user(services_in(self.client).engine.session_factory, self.role)
            self.token = signed_in(self.client, user)

    def send(self, made: requests.PreparedRequest) -> Any:
        accept = {} if "/api/" in str(made.url) else {"accept": "text/html"}
        headers = {name: value for name, value in made.headers.items() if name.lower() != "cookie"}
        body = (
            made.body.encode("utf-8", "surrogatepass") if isinstance(made.body, str) else made.body
        )
        return self.client.request(
            str(made.method),
            str(made.url),
            headers=headers | accept | self.token,
            content=body,
            follow_redirects=False,
        )


@dataclass
class Tally:
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unsendable: int = 0
    slowest: float = 0.0
    slowest_of: str = ""

    def note(self, role: str, made: requests.PreparedRequest, answer: Any, seconds: float) -> None:
        self.statuses[answer.status_code] += 1
        if seconds > self.slowest:
            self.slowest, self.slowest_of = seconds, f"{made.method} {str(made.url)[:200]}"
        why = _complaint(answer)
        if why or seconds > SLOWEST:
            self.wrong.append(f"{why} {role!r} {made.method} {made.url} {made.body!r}"[:600])


@pytest.fixture(scope="module")
def site(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = copy_home(filled, tmp_path_factory.mktemp("fuzz") / "home")
    closed = settings.model_copy(update={"open_access": False})
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    with TestClient(create_app(closed), base_url=BASE) as client:
        yield client
    structlog.reset_defaults()


def test_requests_made_from_the_description(site: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(_description(site))
    operations = [found.ok() for found in schema.get_all_operations()]
    known = _known(site)
    tally, started, memory = Tally(), time.monotonic(), [_memory()]
    rounds = max(1, round(COUNT / ROUND))
    for number in range(rounds):
        for role, share in SHARES.items():
            caller = Caller(site, role, SEED + number)
            for operation in operations:
                caller.sign_in()
                weight = _weight(operation) / sum(map(_weight, operations))
                count = max(1, round(COUNT / rounds * share * weight))
                _send(caller, operation, count, known, tally)
        gc.collect()
        memory.append(_memory())
    site.cookies.clear()
    sent, seconds = tally.statuses.total(), time.monotonic() - started
    print(f"\n{len(operations)} operations: {sent} requests in {seconds:.0f} s,")
    print(f"{tally.unsendable} could not be sent; answers: {dict(sorted(tally.statuses.items()))}")
    print(
        f"slowest {tally.slowest:.2f} s ({tally.slowest_of}); memory, MiB, before and after each"
        f" round: {memory}"
    )
    assert tally.wrong == []
    assert sent >= 0.7 * COUNT
    assert {200, 401, 403, 422} <= set(tally.statuses)
    assert site.get("/readyz").status_code == 200
    assert memory[-1] - memory[1] < GROWTH


def _description(site: TestClient) -> dict[str, Any]:
    """As /openapi.json, with the pages and their forms, which it leaves out."""
    app: FastAPI = site.app  # type: ignore[assignment]
    hidden = [route for route in every_route(app.routes) if not _is_told(route)]
    for route in hidden:
        route.include_in_schema = True
    try:
        return get_openapi(title=app.title, version=app.version, routes=app.routes)
    finally:
        for route in hidden:
            route.include_in_schema = False


def _is_told(route: Any) -> bool:
    return not isinstance(route, APIRoute) or route.include_in_schema


def _weight(operation: Any) -> int:
    """More for what takes more: there are few ways to break what takes nothing."""
    parts = (operation.path_parameters, operation.query, operation.headers)
    return 1 + sum(2 for part in parts if len(part)) + 6 * bool(len(operation.body))


def _known(site: TestClient) -> dict[str, str]:
    """Ids of what is there, so that more than the lookup is reached."""
    caller = Caller(site, ADMINISTRATOR)
    caller.sign_in()
    asked = {"messages": [{"role": "customer", "text": "PIN?"}]}
    made = site.post("/api/v1/suggest", json=asked, headers=caller.token)
    user = make_user(services_in(site).engine.session_factory)
    key = site.post("/api/v1/keys", json={"name": "fuzz", "like": "agent"}, headers=caller.token)
    found = {"article_id": "locker-full", "case_id": "sl-0001", "name": "agent"}
    return found | {
        "suggestion_id": made.json()["id"],
        "user_id": user.id,
        "key_id": key.json()["id"],
    }


def _send(caller: Caller, operation: Any, count: int, known: dict[str, str], tally: Tally) -> None:
    """Most requests break the description somewhere; one of five keeps to it."""
    named = {given.name for given in operation.path_parameters}
    there = {name: value for name, value in known.items() if name in named}
    fitting = count // 5
    on_known = (count - fitting) // 2 if there else 0
    shares = (
        (GenerationMode.NEGATIVE, {}, count - fitting - on_known),
        (GenerationMode.NEGATIVE, there, on_known),
        (GenerationMode.POSITIVE, there, fitting),
    )
    for mode, fixed, share in shares:
        if share:
            cases = operation.as_strategy(generation_mode=mode, path_parameters=fixed or None)
            _generate(caller, cases, share, tally)


def _generate(caller: Caller, cases: Any, count: int, tally: Tally) -> None:
    @hypothesis.seed(caller.seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=cases)
    def send(case: Any) -> None:
        try:
            kwargs = case.as_transport_kwargs(base_url=BASE)
            made = requests.Request(**kwargs).prepare()
            started = time.monotonic()
            answer = caller.send(made)
        except (requests.RequestException, UnicodeError, ValueError):
            tally.unsendable += 1  # no client could put it on the wire
            return
        tally.note(caller.role, made, answer, time.monotonic() - started)
        if caller.role and answer.status_code == 401:
            caller.sign_in()

    with suppress(hypothesis.errors.Unsatisfiable):  # what takes anything cannot be broken
        send()


def _complaint(answer: Any) -> str:
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if answer.status_code >= 400 and kind not in (PROBLEM, "text/html; charset=utf-8"):
        return f"{answer.status_code} as {kind!r}"
    try:
        text = answer.content.decode("utf-8", "strict")
        if kind in KINDS and answer.status_code != 204:
            json.loads(text)
    except ValueError as error:
        return f"unreadable: {error}"
    if re.search(r"Traceback|site-packages|sqlalchemy|sqlite3|/kb/", text, re.IGNORECASE):
        return "tells of its inside"
    return ""


def _memory() -> int:
    """MiB that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20
