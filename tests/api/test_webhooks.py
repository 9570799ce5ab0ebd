"""Webhooks over HTTP: made, tried, given another secret, removed; their secret shown once."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.webhook_signature import SignedHead, is_signed
from tests.api.conftest import BASE
from tests.api.people import services_in
from tests.kb.hooked import receiver
from tests.site import copy_home

API = "/api/v1/webhooks"
OUT = {
    "direction": "outbound",
    "name": "CRM",
    "url": "https://crm.example/hook",
    "events": ["opened", "resolved"],
}
IN = {"direction": "inbound", "name": "Desk", "source": "desk", "scope": {"country": ["SI"]}}


@pytest.fixture(scope="module")
def place(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An installation that may send to this machine."""
    settings = copy_home(filled, tmp_path_factory.mktemp("hooks") / "home")
    settings = settings.model_copy(update={"webhook_hosts": ("127.0.0.1",)})
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


def _made(client: TestClient, given: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(API, json=given)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_the_secret_is_in_the_first_answer_only(place: TestClient) -> None:
    made = _made(place, IN)
    assert made["secret"].startswith("whsec_")
    assert made["address"] == f"http://127.0.0.1/api/v1/hooks/{made['id']}"
    one = place.get(f"{API}/{made['id']}")
    assert one.json() == {name: value for name, value in made.items() if name != "secret"}
    everything = place.get(API)
    assert made["id"] in [row["id"] for row in everything.json()["webhooks"]]
    assert made["secret"] not in one.text + everything.text


def test_a_test_arrives_signed_and_is_listed(place: TestClient) -> None:
    with receiver() as crm:
        made = _made(place, OUT | {"url": crm.url})
        sent = place.post(f"{API}/{made['id']}/test")
        assert sent.status_code == 202
        crm.wait_for(1)
    headers, body = crm.got[0]
    head = SignedHead.of(headers)
    assert head is not None
    assert head.message_id == sent.json()["delivery_id"]
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
    assert is_signed(head, body, [secret])
    listed = place.get(f"{API}/{made['id']}/deliveries").json()
    assert [row["id"] for row in listed["deliveries"]] == [head.message_id]
    assert place.get(f"{API}/{made['id']}/deliveries?state=given_up").json()["total"] == 0


def test_another_secret(place: TestClient) -> None:
    made = _made(place, IN)
    changed = place.post(f"{API}/{made['id']}/rotate")
    at_once = place.post(f"{API}/{made['id']}/rotate", json={"at_once": True})
    secrets = {made["secret"], changed.json()["secret"], at_once.json()["secret"]}
    assert len(secrets) == 3
    assert changed.json()["secret_changed_at"]
    assert at_once.json()["secret_changed_at"] is None


def test_what_changes_and_what_is_gone(place: TestClient) -> None:
    made = _made(place, OUT)
    path = f"{API}/{made['id']}"
    off = place.patch(path, json={"enabled": False, "events": ["opened"]}).json()
    assert (off["events"], bool(off["disabled_at"])) == (["opened"], True)
    assert place.post(f"{path}/test").status_code == 409
    assert place.patch(path, json={"enabled": True}).json()["disabled_at"] is None
    assert place.delete(path).status_code == 204
    for answer in (place.get(path), place.delete(path), place.get(f"{path}/deliveries")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "given",
    [
        OUT | {"url": "https://10.0.0.1:99/"},
        OUT | {"url": "https://"},
        OUT | {"url": "http://crm.example/"},
        OUT | {"events": ["sold"]},
        OUT | {"events": []},
        OUT | {"direction": "sideways"},
        IN | {"source": "A B"},
        IN | {"url": "https://crm.example/"},
        IN | {"scope": {"country": []}},
        {"direction": "inbound"},
    ],
)
def test_what_makes_no_webhook(place: TestClient, given: dict[str, Any]) -> None:
    answer = place.post(API, json=given)
    assert answer.status_code == 422, answer.text


def test_figures_count_what_was_tried(place: TestClient) -> None:
    with receiver(lambda _: 500) as crm:
        made = _made(place, OUT | {"url": crm.url})
        place.post(f"{API}/{made['id']}/test")
        crm.wait_for(1)
    services_in(place).sender.stop()
    text = place.get("/metrics").text
    assert 'potica_webhook_deliveries_total{result="refused"} 1.0' in text
