"""What agents give back, and what they ask colleagues, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.domain import Facets
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in
from tests.site import copy_home

BASE = "https://127.0.0.1"
PIN = "My locker PIN never arrived, what do I do?"
ROUTE = "/api/v1/interactions"
ARTICLE = "article:locker-pin-missing"
HTML = {"accept": "text/html"}


@dataclass
class Person:
    """Somebody at a browser of their own."""

    id: str
    name: str
    client: TestClient
    headers: dict[str, str]

    def get(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params)

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        more = {} if key is None else {"idempotency-key": key}
        return self.client.post(path, json=body, headers=self.headers | more)


@pytest.fixture(scope="module")
def team(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes people of one closed application."""
    settings = copy_home(filled, tmp_path_factory.mktemp("knowledge") / "home")
    app = create_app(settings.model_copy(update={"open_access": False, "rate_limits": False}))

    def join(role: str = "agent", scope: Facets | None = None) -> Person:
        client = TestClient(app, base_url=BASE)
        user = make_user(services_in(client).engine.session_factory, role, scope)
        return Person(user.id, user.name, client, signed_in(client, user))

    with TestClient(app, base_url=BASE):
        yield join


def _begin(who: Person, **given: Any) -> tuple[str, str]:
    """An interaction's address and its suggestion's id."""
    said = {"role": "customer", "text": PIN}
    body = {"channel": "chat", "messages": [said]} | given
    view = who.post(f"{ROUTE}?wait=5000", body)
    assert view.status_code == 201, view.text
    return f"{ROUTE}/{view.json()['interaction']['id']}", view.json()["suggestion"]["id"]


def test_a_flag_is_raised_listed_and_closed(team: Any) -> None:
    agent, other, editor = team(), team(), team("contributor")
    path, suggestion = _begin(agent)
    body = {"document": ARTICLE, "kind": "stale", "text": "New lockers have no PIN.", "position": 0}
    body |= {"suggestion_id": suggestion}
    raised = agent.post(f"{path}/flags", body, key="f-1")
    assert raised.status_code == 201, raised.text
    flag_id = raised.json()["id"]
    assert agent.post(f"{path}/flags", body, key="f-1").json() == {"id": flag_id}
    problem(agent.post(f"{path}/flags", body | {"kind": "wrong"}, key="f-1"), 409, "conflict")
    [mine] = agent.get("/api/v1/flags").json()["flags"]
    assert (mine["id"], mine["document"], mine["revision_number"]) == (flag_id, ARTICLE, 1)
    assert mine["actor_name"] == agent.name
    assert other.get("/api/v1/flags").json()["total"] == 0
    problem(other.get("/api/v1/flags", of="all"), 403, "forbidden")
    assert flag_id in [one["id"] for one in editor.get("/api/v1/flags").json()["flags"]]
    assert editor.get("/api/v1/flags", of="me").json()["total"] == 0
    assert editor.get("/api/v1/flags", kind="privacy").json()["total"] == 0
    problem(agent.post(f"/api/v1/flags/{flag_id}/close", {}), 403, "forbidden")
    for changed in (True, False):
        closed = editor.post(f"/api/v1/flags/{flag_id}/close", {})
        assert closed.json() == {"id": flag_id, "changed": changed}
    assert agent.get("/api/v1/flags").json()["total"] == 0
    assert agent.get("/api/v1/flags", state="closed").json()["total"] == 1


def test_what_is_given_is_listed_and_settled(team: Any) -> None:
    agent, editor = team(), team("contributor")
    path, suggestion = _begin(agent)
    fix = {"kind": "fix", "document": ARTICLE, "text": "Say it in one sentence."}
    add = {"kind": "add", "title": "Saturdays", "text": "Lockers open on Saturdays too."}
    ids = []
    for number, body in enumerate((fix, add)):
        sent = agent.post(f"{path}/contributions", body | {"suggestion_id": suggestion})
        assert sent.status_code == 201, f"{number} {sent.text}"
        ids.append(sent.json()["id"])
    problem(agent.post(f"{path}/contributions", {"kind": "fix", "text": "x"}), 422, "invalid_input")
    found = agent.get("/api/v1/contributions", limit=1).json()
    assert (found["total"], [one["id"] for one in found["contributions"]]) == (2, ids[1:])
    settle = f"/api/v1/contributions/{ids[0]}/settle"
    problem(agent.post(settle, {"state": "taken"}), 403, "forbidden")
    taken = {"state": "taken", "article_id": "locker-pin-missing"}
    assert editor.post(settle, taken).json() == {"id": ids[0], "changed": True}
    problem(editor.post(settle, {"state": "refused"}), 409, "conflict")
    problem(editor.post(settle, {"state": "open"}), 422, "invalid_input")
    [kept] = agent.get("/api/v1/contributions", state="taken").json()["contributions"]
    assert kept["article_id"] == "locker-pin-missing"


def test_hidden_documents_cannot_be_told_from_none(team: Any) -> None:
    narrow = team(scope={"product": ["home"]})
    path, _ = _begin(narrow)
    answers = []
    for key in ("locker-full", "never-was"):  # the first is for lockers only
        for route, body in (
            ("flags", {"kind": "wrong"}),
            ("contributions", {"kind": "fix", "text": "Better."}),
        ):
            sent = narrow.post(f"{path}/{route}", body | {"document": f"article:{key}"})
            detail = problem(sent, 404, "not_found")["detail"]
            answers.append(detail.replace(key, "KEY"))
    assert len(set(answers)) == 1


def test_a_colleague_is_found_asked_and_answers(team: Any) -> None:
    expert, agent = team(), team()
    solved = {
        "language": "en",
        "channel": "chat",
        "messages": [{"role": "customer", "text": PIN}],
        "subject": "locker PIN never arrived",
        "agent_ref": expert.id,
        "state": "resolved",
        "resolution": "Sent the locker PIN again by e-mail.",
        "outcome": "solved",
    }
    for key in ("k-1", "k-2"):
        put = expert.client.put(f"/api/v1/cases/{key}", json=solved, headers=expert.headers)
        assert put.status_code == 201, put.text
    path, suggestion = _begin(agent)
    [first, *_] = agent.get(f"{path}/experts").json()["experts"]
    assert (first["user_id"], first["name"], first["solved"]) == (expert.id, expert.name, 2)
    assert expert.id not in str(expert.get(f"{path}/experts").json())

    ask = {"asked_of": expert.id, "text": "Which PIN?", "suggestion_id": suggestion}
    asked = agent.post(f"{path}/questions", ask, key="q-1")
    assert asked.status_code == 201, asked.text
    assert agent.post(f"{path}/questions", ask, key="q-1").json() == asked.json()
    [waiting] = expert.get("/api/v1/questions", of="me").json()["questions"]
    assert (waiting["text"], waiting["asked_by"]) == ("Which PIN?", agent.name)
    assert "locker PIN" in waiting["about"]
    assert agent.get("/api/v1/questions", of="me").json()["total"] == 0
    assert agent.get("/api/v1/questions", by="me").json()["total"] == 1
    [shown] = agent.get(path).json()["questions"]
    assert (shown["asked_of"], shown["answer"]) == (expert.name, "")

    answer = f"/api/v1/questions/{waiting['id']}/answer"
    problem(agent.post(answer, {"text": "Mine."}), 404, "not_found")
    said = expert.post(answer, {"text": "The newest one."})
    assert said.json()["answer"] == "The newest one."
    view = agent.get(path).json()
    assert view["questions"][0]["answer"] == "The newest one."
    assert expert.get("/api/v1/questions", answered=False).json()["total"] == 0


def test_nobody_is_asked_who_may_not_see_it(team: Any) -> None:
    agent, far = team(), team(scope={"country": ["PL"]})
    path, _ = _begin(agent, facets={"country": ["SI"]})
    details = set()
    for user_id in (far.id, "usr_never", team("customer").id):
        sent = agent.post(f"{path}/questions", {"asked_of": user_id, "text": "Which?"})
        details.add(problem(sent, 404, "not_found")["detail"])
    assert len(details) == 1
    problem(far.get(f"{path}/experts"), 404, "not_found")


def test_the_page_of_questions(team: Any) -> None:
    expert, agent = team(), team()
    empty = expert.client.get("/questions", headers=HTML)
    assert "Nobody has asked you anything" in empty.text
    path, suggestion = _begin(agent)
    ask = {"asked_of": expert.id, "text": "Which <b>depot</b>?", "suggestion_id": suggestion}
    question_id = agent.post(f"{path}/questions", ask).json()["id"]
    page = expert.client.get("/questions", headers=HTML).text
    assert "Which &lt;b&gt;depot&lt;/b&gt;?" in page
    assert "1 question waits for you" in page
    assert agent.name in page
    assert 'href="/questions"' in page
    form = {"csrf": expert.headers[next(iter(expert.headers))], "text": " "}
    wrong = expert.client.post(f"/questions/{question_id}/answer", data=form, headers=HTML)
    assert wrong.status_code == 422
    assert "There is no answer yet" in wrong.text
    right = form | {"text": "The one in Hull."}
    sent = expert.client.post(f"/questions/{question_id}/answer", data=right, headers=HTML)
    assert sent.url.path == "/questions"
    assert "Your answer is with your colleague" in sent.text
    assert "No question waits for you" in sent.text
    assert agent.get(path).json()["questions"][0]["answer"] == "The one in Hull."


def test_strangers_get_nothing(team: Any) -> None:
    agent = team()
    path, _ = _begin(agent)
    stranger = TestClient(agent.client.app, base_url=BASE)
    for call in ("flags", "contributions", "questions", f"{path[8:]}/experts"):
        problem(stranger.get(f"/api/v1/{call}"), 401, "sign_in_needed")
    customer = team("customer")
    for call in ("flags", "contributions", "questions"):
        problem(customer.post(f"{path}/{call}", {}), 403, "forbidden")
