"""Whom one can name: active people who may read what is in the making."""

from __future__ import annotations

from starlette.testclient import TestClient

from kb.domain import User, UserState
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

PATH = "/api/v1/colleagues"


def _rename(client: TestClient, user: User, name: str, state: UserState) -> None:
    with services_in(client).engine.session_factory.begin() as session:
        row = session.get_one(User, user.id)
        row.name, row.state = name, state


def test_people_are_found_by_how_their_name_begins(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    expert, writer, gone, agent = (
        make_user(sessions, role)
        for role in ("domain_expert", "contributor", "contributor", "agent")
    )
    named = {
        expert.id: "Žana Čebelnik Prva",
        writer.id: "Tone Čebelnik Drugi",
        gone.id: "Čebelnik Tretji",
        agent.id: "Čebelnik Četrti",
    }
    for user in (expert, writer, gone, agent):
        state = UserState.disabled if user is gone else UserState.active
        _rename(visitor, user, named[user.id], state)
    signed_in(visitor, writer)

    def found(**params: str) -> list[str]:
        return [one["id"] for one in visitor.get(PATH, params=params).json()["colleagues"]]

    assert found(q="cebel") == [writer.id, expert.id]  # by name; no agent, nobody who is gone
    assert found(q="Zana  ceb") == [expert.id]
    assert found(q="ebelnik") == []
    assert found(q="cebel", may="articles.review") == [expert.id]
    assert found(q="cebel", may="cases.read") == [agent.id, writer.id, expert.id]
    whole = visitor.get(PATH, params={"q": "cebel", "limit": 1}).json()
    assert (whole["total"], len(whole["colleagues"])) == (2, 1)
    assert set(whole["colleagues"][0]) == {"id", "name"}
    problem(visitor.get(PATH, params={"may": "cases.burn"}), 422, "invalid_input")


def test_agents_are_told_nobody(visitor: TestClient) -> None:
    signed_in(visitor, make_user(services_in(visitor).engine.session_factory, "agent"))
    problem(visitor.get(PATH), 403, "forbidden")
