"""The session's cookie: who it stands for, how it changes, when it ends; tokens of writes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.csrf import HEADER
from kb.actions.users import disable_user, set_roles, set_scope
from kb.domain import AuditEntry, User, UserSession
from kb.domain.session_rules import SessionLimits
from tests.api.auth.forms import HTML
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in

LIMITS = SessionLimits()
CASE = {"language": "en", "channel": "chat", "messages": [], "subject": "A parcel"}
WHO = "/api/v1/session"


def _make(client: TestClient, role: str = "agent") -> User:
    return make_user(services_in(client).engine.session_factory, role)


def _row(client: TestClient, user: User) -> UserSession:
    with services_in(client).readers() as session:
        return session.scalars(select(UserSession).where(col(UserSession.user_id) == user.id)).one()


def _age(client: TestClient, user: User, **by: timedelta) -> None:
    with services_in(client).engine.session_factory.begin() as session:
        row = session.scalars(select(UserSession).where(col(UserSession.user_id) == user.id)).one()
        for name, span in by.items():
            setattr(row, name, getattr(row, name) - span)


def _put(client: TestClient, token: str) -> None:
    client.cookies.set(cookies.SESSION, token, domain="127.0.0.1", path="/")


def _who(client: TestClient) -> str:
    found: str = client.get(WHO).json()["kind"]
    return found


def test_a_session_opens_what_its_roles_may(visitor: TestClient) -> None:
    agent = _make(visitor)
    problem(visitor.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")
    signed_in(visitor, agent)
    assert visitor.get("/api/v1/cases/en-0001").status_code == 200
    problem(visitor.get("/api/v1/articles/locker-full?view=latest"), 403, "forbidden")


def test_who_am_i(visitor: TestClient) -> None:
    nobody = visitor.get(WHO).json()
    assert (nobody["kind"], nobody["user_id"], nobody["csrf"]) == ("anonymous", None, None)
    assert "articles.read" in nobody["permissions"]
    sessions = services_in(visitor).engine.session_factory
    user = make_user(sessions, "agent", {"country": ["SI"]}, language="sl")
    headers = signed_in(visitor, user)
    assert visitor.get(WHO).json() | {"permissions": []} == {
        "kind": "session",
        "user_id": user.id,
        "name": user.name,
        "language": "sl",
        "roles": ["agent"],
        "scope": {"country": ["SI"]},
        "permissions": [],
        "csrf": headers[HEADER],
    }


def test_changes_hold_from_the_next_request_on(visitor: TestClient) -> None:
    user = _make(visitor)
    sessions = services_in(visitor).engine.session_factory
    signed_in(visitor, user)
    before = visitor.cookies[cookies.SESSION]
    assert visitor.get("/api/v1/cases/en-0001").status_code == 200
    with sessions.begin() as session:
        set_roles(session, user.id, ["customer"], actor="test")
        set_scope(session, user.id, {"country": ["PL"]}, actor="test")
    problem(visitor.get("/api/v1/cases/en-0001"), 403, "forbidden")
    assert visitor.cookies[cookies.SESSION] != before  # and another token
    assert visitor.get(WHO).json()["scope"] == {"country": ["PL"]}
    with sessions.begin() as session:
        disable_user(session, user.id, actor="test")
    problem(visitor.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")
    assert cookies.SESSION not in visitor.cookies


def test_most_requests_write_nothing(visitor: TestClient) -> None:
    user = _make(visitor)
    signed_in(visitor, user)
    first = _row(visitor, user)
    answer = visitor.get(WHO)
    assert _row(visitor, user).seen_at == first.seen_at
    assert "set-cookie" not in answer.headers
    _age(visitor, user, seen_at=LIMITS.touch)
    visitor.get(WHO)
    assert _row(visitor, user).seen_at > first.seen_at


def test_the_token_changes_and_a_copy_of_the_old_one_ends_the_session(visitor: TestClient) -> None:
    user = _make(visitor)
    headers = signed_in(visitor, user)
    old = visitor.cookies[cookies.SESSION]
    _age(visitor, user, rotated_at=LIMITS.rotation)
    # On whatever response leaves: here on a refusal.
    problem(visitor.get("/api/v1/articles/locker-full?view=latest"), 403, "forbidden")
    new = visitor.cookies[cookies.SESSION]
    assert new != old
    assert visitor.put("/api/v1/cases/turned-1", json=CASE, headers=headers).status_code == 201
    # A request that was under way gets the same new one.
    _put(visitor, old)
    assert _who(visitor) == "session"
    assert visitor.cookies[cookies.SESSION] == new
    _age(visitor, user, rotated_at=LIMITS.grace + timedelta(seconds=1))
    assert _who(visitor) == "session"
    _put(visitor, old)
    assert _who(visitor) == "anonymous"
    assert cookies.SESSION not in visitor.cookies
    _put(visitor, new)
    assert _who(visitor) == "anonymous"
    with services_in(visitor).readers() as session:
        row = _row(visitor, user)
        noted = session.scalars(
            select(AuditEntry.action).where(col(AuditEntry.entity_id) == row.id)
        )
        assert "token_reused" in list(noted)


@pytest.mark.parametrize(
    ("name", "span"), [("seen_at", LIMITS.idle), ("expires_at", LIMITS.absolute)]
)
def test_sessions_end_by_themselves(visitor: TestClient, name: str, span: timedelta) -> None:
    user = _make(visitor)
    signed_in(visitor, user)
    _age(visitor, user, **{name: span})
    assert _who(visitor) == "anonymous"
    assert cookies.SESSION not in visitor.cookies


@pytest.mark.parametrize("value", ["", "x", "x" * 43, "x" * 4000, '"><script>', "é" * 43, "a b"])
def test_a_bad_cookie_is_nobodys_and_forgotten(visitor: TestClient, value: str) -> None:
    header = {"cookie": f"{cookies.SESSION}={value}".encode()}
    answer = visitor.get(WHO, headers=header)
    assert answer.json()["kind"] == "anonymous"
    assert f"{cookies.SESSION}=; Max-Age=0; Path=/; Secure" in answer.headers["set-cookie"]
    assert visitor.get("/nowhere", headers=header | HTML).status_code == 404


def test_a_bearer_token_goes_first(visitor: TestClient) -> None:
    signed_in(visitor, _make(visitor))
    for value in ("Bearer ", "Bearer x", "bearer pk_nothing"):
        problem(visitor.get(WHO, headers={"authorization": value}), 401, "sign_in_needed")
    page = visitor.get("/try", headers=HTML | {"authorization": "Bearer x"}, follow_redirects=False)
    assert page.status_code == 401
    # Other schemes belong to a proxy before the server.
    basic = visitor.get(WHO, headers={"authorization": "Basic YTpi"})
    assert basic.json()["kind"] == "session"


def test_every_write_in_a_session_needs_the_token(visitor: TestClient) -> None:
    headers = signed_in(visitor, _make(visitor))
    address = "/api/v1/cases/token-1"
    for wrong in ({}, {HEADER: ""}, {HEADER: "x" * 43}, {HEADER: headers[HEADER][:-1]}):
        problem(visitor.put(address, json=CASE, headers=wrong), 403, "csrf")
    problem(visitor.put(address, json=CASE | {"csrf": headers[HEADER]}), 403, "csrf")
    assert visitor.put(address, json=CASE, headers=headers).status_code == 201
    other = signed_in(visitor, _make(visitor))
    problem(visitor.put(address, json=CASE, headers=headers), 403, "csrf")
    assert visitor.put(address, json=CASE, headers=other).status_code == 200
    problem(visitor.delete(WHO), 403, "csrf")
    assert visitor.delete(WHO, headers=other).status_code == 204
    assert _who(visitor) == "anonymous"


def test_the_token_is_found_in_forms_and_the_route_still_reads_them(visitor: TestClient) -> None:
    user = _make(visitor)
    token = signed_in(visitor, user)[HEADER]
    form = {"csrf": token, "name": "Žiga Zajc", "language": "sl"}
    plain = visitor.post("/account", data=form, follow_redirects=False)
    assert plain.status_code == 303
    assert visitor.get(WHO).json()["name"] == "Žiga Zajc"
    parts = {name: (None, value) for name, value in (form | {"name": "Eva Zajc"}).items()}
    assert visitor.post("/account", files=parts, follow_redirects=False).status_code == 303
    assert visitor.get(WHO).json()["name"] == "Eva Zajc"
    for wrong in (
        {"data": form | {"csrf": "x" * 43}},
        {"data": {"name": "A"}},
        {"files": parts | {"csrf": (None, "x")}},
        {"files": parts | {"csrf": ("token.txt", token)}},  # a file is no field
        {"content": json.dumps(form), "headers": {"content-type": "application/json"}},
        {"content": f"csrf={token}", "headers": {"content-type": "text/plain"}},
    ):
        problem(visitor.post("/account", **wrong), 403, "csrf")  # type: ignore[arg-type]
    # A route that reads no body at all.
    archive = "/api/v1/cases/en-0001/archive"
    problem(visitor.post(archive, data={"csrf": token}), 403, "forbidden")
    problem(visitor.post(archive, data={"csrf": "x"}), 403, "csrf")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--",
        ),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%zz&" * 2000),
        ("application/x-www-form-urlencoded; charset=none", b"csrf=\xff"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    visitor: TestClient, kind: str, content: bytes
) -> None:
    signed_in(visitor, _make(visitor))
    for address in ("/account", "/api/v1/cases/en-0001/archive", "/api/v1/suggest"):
        answer = visitor.post(address, content=content, headers={"content-type": kind})
        assert answer.status_code in (400, 403, 413), (address, answer.text)


def test_strangers_and_readers_need_no_token(visitor: TestClient) -> None:
    body = {"messages": [{"role": "customer", "text": "PIN?"}]}
    assert visitor.post("/api/v1/suggest", json=body).status_code == 200
    signed_in(visitor, _make(visitor))
    for method in ("GET", "HEAD"):
        assert visitor.request(method, "/account", headers=HTML).status_code in (200, 405)


def test_where_one_is_signed_in(visitor: TestClient) -> None:
    user, other = _make(visitor), _make(visitor)
    signed_in(visitor, other)
    foreign = visitor.get("/api/v1/sessions").json()["sessions"][0]["id"]
    signed_in(visitor, user)
    first = visitor.cookies[cookies.SESSION]
    signed_in(visitor, user)
    second = visitor.cookies[cookies.SESSION]
    headers = signed_in(visitor, user)
    listed = visitor.get("/api/v1/sessions").json()["sessions"]
    assert len(listed) == 3
    assert [entry["current"] for entry in listed].count(True) == 1
    assert listed[0] | {"device": "Test", "address": "127.0.0.1"} == listed[0]
    away = [entry["id"] for entry in listed if not entry["current"]]
    for wrong in (foreign, "ses_" + "0" * 16):
        answer = visitor.delete(f"/api/v1/sessions/{wrong}", headers=headers)
        problem(answer, 404, "not_found")
    assert visitor.delete(f"/api/v1/sessions/{away[0]}", headers=headers).status_code == 204
    assert len(visitor.get("/api/v1/sessions").json()["sessions"]) == 2
    assert visitor.delete("/api/v1/sessions", headers=headers).json() == {"revoked": 2}
    assert cookies.SESSION not in visitor.cookies
    for token in (first, second):
        _put(visitor, token)
        assert _who(visitor) == "anonymous"
    problem(visitor.get("/api/v1/sessions"), 401, "sign_in_needed")


def test_in_an_open_installation_one_can_still_be_somebody(client: TestClient) -> None:
    assert _who(client) == "open_access"
    problem(client.get("/api/v1/sessions"), 401, "sign_in_needed")
    signed_in(client, _make(client, "customer"))
    assert _who(client) == "session"
    problem(client.get("/api/v1/cases/en-0001"), 403, "forbidden")
