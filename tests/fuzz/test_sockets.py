"""Malformed requests over raw sockets against `potica serve`.

A short form in every run; `make fuzz` sends thousands. No answer is a 5xx, every connection ends,
nothing is injected, the log has no defect, the memory stays flat, and the server goes on serving.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import httpx
import pytest

from kb.config import Settings
from tests.fuzz.requests import Case, Writer
from tests.fuzz.sockets import Outcome, send_all
from tests.keys import administrator_key
from tests.served import Served, serving
from tests.site import copy_home

COUNT = int(os.environ.get("POTICA_FUZZ_SOCKETS", "150"))
SEED = int(os.environ.get("POTICA_FUZZ_SEED", "20261122"))
IS_LONG = COUNT > 1000
WAIT = 15.0 if IS_LONG else 2.0  # seconds the server gives heads and bodies
PATIENCE = WAIT + 30.0  # no connection may last longer, on a busy machine
ROUND = 1000
GROWTH = 40.0  # MiB after the first round
KNOWN = {
    100,
    200,
    201,
    204,
    206,
    303,
    304,
    307,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    413,
    414,
    415,
    421,
    422,
    431,
}

pytestmark = pytest.mark.fuzz


def test_raw_requests(filled: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    authorization = administrator_key(copy_home(filled, home))
    limits = {"body_seconds": str(WAIT), "rate_limits": "false", "open_access": "false"}
    with serving(home, **limits) as server:
        write = Writer(SEED, f"127.0.0.1:{server.port}", authorization)
        outcomes: list[Outcome] = []
        memory = [server.memory()]
        while len(outcomes) < COUNT:
            cases = [write.case() for _ in range(min(ROUND, COUNT - len(outcomes)))]
            outcomes += send_all(server.port, cases, 150, PATIENCE)
            memory.append(server.memory())
        ready = httpx.get(f"{server.url}/readyz", timeout=30)
        asked = {"messages": [{"role": "customer", "text": "PIN?"}]}
        answer = httpx.post(f"{server.url}/api/v1/suggest", json=asked, timeout=30)
        errors = _errors(server)
    _report(outcomes, memory)
    assert errors == []
    assert [(o.case.kind, o.case.pieces, o.statuses) for o in outcomes if _is_wrong(o)] == []
    assert ready.status_code == answer.status_code == 200
    assert memory[-1] - memory[1] < GROWTH


def test_the_generator_is_the_same_each_time_and_broken_in_every_way() -> None:
    def cases(seed: int) -> list[Case]:
        write = Writer(seed, "127.0.0.1:8000")
        return [write.case() for _ in range(300)]

    assert cases(1) == cases(1)
    assert cases(1) != cases(2)
    assert len({case.kind for case in cases(3)}) == 11


def _is_wrong(outcome: Outcome) -> bool:
    return outcome.hung or outcome.injected or not KNOWN.issuperset(outcome.statuses)


def _errors(server: Served) -> list[str]:
    """Lines of the log that tell of a defect, or are no JSON."""
    found = []
    for line in server.log.read_text(encoding="utf-8").splitlines():
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError):
            level = "not JSON"
        if level not in ("debug", "info", "warning"):
            found.append(line)
    return found


def _report(outcomes: list[Outcome], memory: list[float]) -> None:
    kinds = Counter(outcome.case.kind for outcome in outcomes)
    statuses = Counter(status for outcome in outcomes for status in outcome.statuses)
    silent = sum(not outcome.statuses for outcome in outcomes)
    longest = max(outcome.seconds for outcome in outcomes)
    print(f"\nsent {len(outcomes)}: {dict(kinds.most_common())}")
    print(f"answers: {dict(sorted(statuses.items()))}; connections without one: {silent}")
    print(f"longest wait for the end of a connection: {longest:.1f} s")
    print(f"memory, MiB, before and after each round: {[round(value) for value in memory]}")
