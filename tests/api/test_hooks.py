"""Inbound webhooks: what is signed is taken once, and nothing is told to who cannot sign."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.domain import (
    Interaction,
    InteractionEvent,
    InteractionMessage,
    Webhook,
    WebhookReceipt,
    utc_now,
)
from kb.webhook_signature import OVERLAP, TOLERANCE, signed_headers
from tests.api.calls import problem
from tests.api.conftest import BASE
from tests.api.people import services_in
from tests.site import copy_home

API = "/api/v1/webhooks"
SAID = [
    {"id": "m1", "role": "customer", "text": "my parcel is lost", "at": "2026-03-01T09:00:00Z"},
    {"id": "m2", "role": "agent", "text": "Let me look.", "at": "2026-03-01T09:01:00Z"},
]


@dataclass
class Sender:
    """Another system with the secret of a webhook."""

    client: TestClient
    id: str
    secret: str

    def send(
        self,
        body: dict[str, Any] | bytes,
        message_id: str = "",
        *,
        ago: timedelta = timedelta(),
        to: str = "",
        secret: str = "",
        **headers: str,
    ) -> Any:
        """Sign and send."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        key = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        at = int((utc_now() - ago).timestamp())
        signed = signed_headers([key], message_id or f"msg_{secrets.token_hex(4)}", at, content)
        return self.client.post(
            f"/api/v1/hooks/{to or self.id}",
            content=content,
            headers={"content-type": "application/json", **signed, **headers},
        )

    def ok(self, body: dict[str, Any], message_id: str = "") -> dict[str, Any]:
        answer = self.send(body, message_id)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def interaction(self, external_id: str) -> Interaction:
        with services_in(self.client).readers() as session:
            wanted = Interaction.external_id == external_id  # type: ignore[arg-type]
            return session.scalars(select(Interaction).where(wanted)).one()


@pytest.fixture(scope="module")
def place(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = copy_home(filled, tmp_path_factory.mktemp("inbound") / "home")
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


def _sender(client: TestClient, **changes: Any) -> Sender:
    given = {"direction": "inbound", "name": "CRM", "source": "crm"} | changes
    made = client.post(API, json=given).json()
    return Sender(client, made["id"], made["secret"])


@pytest.fixture(scope="module")
def crm(place: TestClient) -> Sender:
    return _sender(place)


def _of(key: str, **more: Any) -> dict[str, Any]:
    return {"external_id": key, **more}


def _opened(key: str, **more: Any) -> dict[str, Any]:
    conversation = _of(key, channel="chat", language="en") | more.pop("interaction", {})
    return {"type": "conversation.opened", "interaction": conversation, **more}


def test_a_conversation_is_opened_goes_on_and_is_solved(crm: Sender) -> None:
    first = crm.ok(_opened("c-1", messages=SAID[:1]))
    assert (first["status"], first["added"]) == ("taken", 1)
    added = {"type": "messages.added", "interaction": _of("c-1"), "messages": SAID}
    second = crm.ok(added)
    assert (second["added"], second["unchanged"]) == (1, 1)
    change = _of("c-1", state="resolved", outcome="solved", resolution="Found at the depot.")
    third = crm.ok({"type": "conversation.changed", "interaction": change})
    assert {row["interaction_id"] for row in (first, second, third)} == {first["interaction_id"]}
    row = crm.interaction("c-1")
    assert (row.source, row.state, row.outcome) == ("crm", "resolved", "solved")
    view = crm.client.get(f"/api/v1/interactions/{row.id}").json()
    assert view["interaction"]["message_count"] == 2
    assert crm.client.get(f"/api/v1/cases/{row.case_id}").json()["resolution"]
    with services_in(crm.client).readers() as session:
        of = InteractionEvent.interaction_id == row.id  # type: ignore[arg-type]
        actors = set(session.scalars(select(InteractionEvent.actor).where(of)))  # type: ignore[call-overload]
    assert f"webhook:{crm.id}" in actors


def test_the_same_message_id_again_is_answered_and_changes_nothing(crm: Sender) -> None:
    first = crm.ok(_opened("c-2", messages=SAID[:1]), "msg_same")
    version = crm.interaction("c-2").version
    other = _opened("c-2", messages=SAID)
    again = crm.ok(other, "msg_same")
    assert again == first | {"status": "taken_before", "added": 0}
    assert crm.interaction("c-2").version == version


def test_what_failed_may_be_sent_again(crm: Sender) -> None:
    early = {"type": "messages.added", "interaction": _of("c-3"), "messages": SAID}
    problem(crm.send(early, "msg_early"), 404, "not_found")
    crm.ok(_opened("c-3"))
    assert crm.ok(early, "msg_early")["added"] == 2


def test_messages_that_overtake_the_opening_can_open(crm: Sender) -> None:
    early = {
        "type": "messages.added",
        "interaction": _of("c-4", channel="email"),
        "messages": SAID,
    }
    assert crm.ok(early)["added"] == 2
    crm.ok(_opened("c-4", interaction={"subject": "Lost parcel"}))
    assert crm.interaction("c-4").subject == "Lost parcel"
    gone = {"type": "conversation.changed", "interaction": _of("c-404", subject="x")}
    problem(crm.send(gone), 404, "not_found")


def test_a_scope_confines_what_comes_in(place: TestClient) -> None:
    narrow = _sender(place, source="narrow", scope={"country": ["SI"]})
    narrow.ok(_opened("n-1"))
    assert narrow.interaction("n-1").facets == {"country": ["SI"]}
    named = {"facets": {"product": ["locker"]}}
    narrow.ok(_opened("n-1", interaction=named))
    assert narrow.interaction("n-1").facets == {"country": ["SI"], "product": ["locker"]}
    narrow.ok(_opened("n-1"))
    assert narrow.interaction("n-1").facets["product"] == ["locker"]
    other = _opened("n-2", interaction={"facets": {"country": ["PL"]}})
    problem(narrow.send(other), 403, "forbidden")
    away = {
        "type": "conversation.changed",
        "interaction": _of("n-1", facets={"country": ["PL"]}),
    }
    problem(narrow.send(away), 403, "forbidden")


def test_two_sources_do_not_mix(place: TestClient, crm: Sender) -> None:
    other = _sender(place, source="desk")
    mine = crm.ok(_opened("shared"))["interaction_id"]
    theirs = other.ok(_opened("shared"))["interaction_id"]
    assert mine != theirs


@pytest.mark.parametrize(
    "body",
    [
        {"type": "conversation.opened", "interaction": {"external_id": "x"}},
        {"type": "conversation.opened", "interaction": {"channel": "chat"}},
        {"type": "conversation.closed", "interaction": {"external_id": "x"}},
        {"type": "conversation.changed", "interaction": {"external_id": "x"}},
        {"type": "messages.added", "interaction": {"external_id": "x"}, "messages": []},
        {"type": "messages.added", "interaction": {"external_id": ""}, "messages": SAID},
        {"interaction": {"external_id": "x"}},
        b"[]",
        b"null",
        b"{",
        b"",
        b"\xff",
    ],
)
def test_what_cannot_be_read_is_told_of(crm: Sender, body: dict[str, Any] | bytes) -> None:
    assert crm.send(body).status_code in (400, 422)


def _count(client: TestClient) -> int:
    with services_in(client).readers() as session:
        return session.scalar(select(func.count()).select_from(WebhookReceipt)) or 0


def test_a_message_that_is_not_signed_is_refused_in_the_same_words(
    place: TestClient, crm: Sender
) -> None:
    body, before = _opened("never"), _count(place)
    outbound = {"direction": "outbound", "name": "x", "url": "https://crm.example/"}
    out = place.post(API, json=outbound | {"events": ["opened"]}).json()
    disabled = _sender(place, source="gone")
    place.patch(f"{API}/{disabled.id}", json={"enabled": False})
    other = _sender(place, source="other")
    refusals = [
        crm.send(body, to="whk_never"),
        crm.send(body, secret=other.secret),
        crm.send(body, to=other.id),
        Sender(place, out["id"], out["secret"]).send(body),
        disabled.send(body),
        crm.send(body, **{"webhook-id": "msg_other"}),
        crm.send(body, **{"webhook-timestamp": str(int(utc_now().timestamp()) - 1)}),
        crm.send(body, **{"webhook-signature": "v1,AAAA"}),
        place.post(f"/api/v1/hooks/{crm.id}", json=body),
        place.post("/api/v1/hooks/whk_never", json={}),
    ]
    answers = {(answer.status_code, answer.json()["detail"]) for answer in refusals}
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401
    assert _count(place) == before


def test_an_old_message_is_refused(crm: Sender) -> None:
    for ago in (TOLERANCE + timedelta(seconds=2), -TOLERANCE - timedelta(seconds=2)):
        refused = crm.send(_opened("old"), ago=ago)
        assert "older" in problem(refused, 401, "sign_in_needed")["detail"]
    assert crm.send(_opened("new"), ago=TOLERANCE - timedelta(seconds=30)).status_code == 200


def test_after_a_change_both_secrets_are_good_for_a_while(place: TestClient) -> None:
    old = _sender(place, source="turns")
    new = place.post(f"{API}/{old.id}/rotate").json()["secret"]
    assert old.send(_opened("t-1")).status_code == 200
    assert old.send(_opened("t-1"), secret=new).status_code == 200
    with services_in(place).engine.session_factory.begin() as session:
        row = session.get_one(Webhook, old.id)
        assert row.secret_changed_at is not None
        row.secret_changed_at -= OVERLAP
    assert old.send(_opened("t-1")).status_code == 401
    assert old.send(_opened("t-1"), secret=new).status_code == 200


def test_texts_are_kept_once(crm: Sender) -> None:
    for message_id in ("msg_a", "msg_b", "msg_a"):
        crm.ok(_opened("c-9", messages=SAID), message_id)
    row = crm.interaction("c-9")
    with services_in(crm.client).readers() as session:
        of = InteractionMessage.interaction_id == row.id  # type: ignore[arg-type]
        query = select(func.count()).select_from(InteractionMessage).where(of)
        assert session.scalar(query) == 2


def test_many_refusals_are_enough(site: Settings) -> None:
    limited = site.model_copy(update={"rate_limits": True, "open_access": False})
    limited = limited.model_copy(update={"rate_strangers": 3})
    with TestClient(create_app(limited), base_url=BASE) as client:
        liar = Sender(client, "whk_never", "whsec_AAAA")
        answers = [liar.send(_opened("x")).status_code for _ in range(9)]
    assert answers[:3] == [401] * 3
    assert answers[-1] == 429
