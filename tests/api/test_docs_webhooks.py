"""docs/webhooks.md: its examples are taken, its code checks and makes real signatures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from kb.actions.webhooks import EVENTS
from kb.domain import utc_now
from kb.webhook_signature import shown_secret, signed_headers, webhook_secret
from tests.site import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
KEY = webhook_secret(b"k" * 40, "whk_1", 1)
BODY = '{"type":"webhook.test","text":"žaba"}'.encode()
NODE = shutil.which("node")
Check = Callable[[dict[str, str], bytes], bool]


def code(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def python() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(code("python"), found)
    return found


def node(expression: str, given: object) -> Any:
    script = f"{code('js')}\nconst given = JSON.parse(process.argv[1]);\n"
    script += f"console.log(JSON.stringify({expression}));"
    done = subprocess.run(
        [NODE or "node", "-e", script, json.dumps(given)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout)


def cases() -> list[tuple[dict[str, str], bytes, bool]]:
    """Headers, body, and whether they are good."""
    at = int(utc_now().timestamp())
    other = webhook_secret(b"k" * 40, "whk_1", 2)
    good = signed_headers([KEY], "msg_1", at, BODY)
    return [
        (good, BODY, True),
        (signed_headers([other, KEY], "msg_1", at, BODY), BODY, True),
        (signed_headers([other], "msg_1", at, BODY), BODY, False),
        (good, BODY + b" ", False),
        (good | {"webhook-id": "msg_2"}, BODY, False),
        (signed_headers([KEY], "msg_1", at - 301, BODY), BODY, False),
    ]


def test_the_python_code(python: dict[str, Any]) -> None:
    for headers, body, wanted in cases():
        assert python["is_from_potica"](shown_secret(KEY), headers, body) == wanted
    made = python["signed_headers"](shown_secret(KEY), "msg_1", BODY)
    assert python["is_from_potica"](shown_secret(KEY), made, BODY)


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_the_node_code(python: dict[str, Any]) -> None:
    given = [[shown_secret(KEY), headers, body.decode()] for headers, body, _ in cases()]
    checked = "given.map((one) => isFromPotica(...one))"
    assert node(checked, given) == [wanted for _, _, wanted in cases()]
    made = node("signedHeaders(...given)", [shown_secret(KEY), "msg_1", BODY.decode()])
    assert python["is_from_potica"](shown_secret(KEY), made, BODY)


def test_the_examples_are_taken(client: TestClient, python: dict[str, Any]) -> None:
    hook = {"direction": "inbound", "name": "Docs", "source": "docs"}
    made = client.post("/api/v1/webhooks", json=hook).json()
    examples = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    assert len(examples) == 3
    for number, example in enumerate(examples):
        headers = python["signed_headers"](made["secret"], f"msg_{number}", example.encode())
        answer = client.post(
            f"/api/v1/hooks/{made['id']}", content=example.encode(), headers=headers
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "taken"
    client.delete(f"/api/v1/webhooks/{made['id']}")


def test_every_event_is_described() -> None:
    assert {name for name in EVENTS if f"`interaction.{name}`" not in PAGE} == set()
