"""One-time links and one's own account, through the pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.csrf import HEADER
from kb.actions.links import IssuedLink
from kb.actions.users import invite_user, send_link_again
from kb.domain import OneTimeLink, User, utc_now
from kb.passwords import check_password
from kb.queries.users import get_credentials, get_user
from tests.api.auth.forms import HTML, csrf_in
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in, tried
from tests.kb.people import PASSWORD, hashed, person

NEW = "walnut honey lantern 7"


def _make(client: TestClient) -> User:
    sessions = services_in(client).engine.session_factory
    return make_user(sessions, "agent", password_hash=hashed().hash)


def _invite(client: TestClient, language: str = "en") -> IssuedLink:
    with services_in(client).engine.session_factory.begin() as session:
        return invite_user(session, person("agent", language=language), actor="test")


def _reset(client: TestClient, user: User) -> IssuedLink:
    with services_in(client).engine.session_factory.begin() as session:
        return send_link_again(session, user.id, actor="test")


def _choose(client: TestClient, link: IssuedLink, password: str):  # type: ignore[no-untyped-def]
    page = client.get(link.path, headers=HTML)
    form = {"csrf": csrf_in(page.text), "password": password}
    return client.post(link.path, data=form, headers=HTML, follow_redirects=False)


def _has_password(client: TestClient, user_id: str, password: str) -> bool:
    with services_in(client).readers() as session:
        kept = get_credentials(session, user_id).password_hash
    return check_password(password, kept).right


def test_an_invited_person_chooses_a_password_and_is_in(visitor: TestClient) -> None:
    link = _invite(visitor, "pl")
    for _ in range(2):  # looking at it does not spend it: mail filters open links, too
        page = visitor.get(link.path, headers=HTML)
        assert page.status_code == 200
        assert link.email in page.text
    weak = _choose(visitor, link, "password1234")
    assert weak.status_code == 422
    assert "Many people use this password." in weak.text
    assert 'aria-invalid="true"' in weak.text
    in_ = _choose(visitor, link, NEW)
    assert (in_.status_code, in_.headers["location"]) == (303, "/try")
    who = visitor.get("/api/v1/session").json()
    assert (who["user_id"], who["roles"]) == (link.user_id, ["agent"])
    assert '<html lang="pl">' in visitor.get("/try", headers=HTML).text
    assert _has_password(visitor, link.user_id, NEW)
    visitor.cookies.clear()
    gone = visitor.get(link.path, headers=HTML)
    assert gone.status_code == 404
    assert "This link does not work any more" in gone.text


def test_a_link_that_is_not_good_gets_a_page_that_says_what_to_do(visitor: TestClient) -> None:
    old = _invite(visitor)
    with services_in(visitor).engine.session_factory.begin() as session:
        session.execute(
            update(OneTimeLink)
            .where(OneTimeLink.user_id == old.user_id)  # type: ignore[arg-type]
            .values(expires_at=utc_now() - timedelta(seconds=1))
        )
    reset = _reset(visitor, _make(visitor))
    for path in (old.path, f"/invitation/{'x' * 43}", f"/invitation/{reset.token}"):
        page = visitor.get(path, headers=HTML)
        assert page.status_code == 404
        assert "Ask an administrator for a new invitation." in page.text
    assert 'href="/reset"' in visitor.get(f"/reset/{'x' * 43}", headers=HTML).text
    for broken in (reset.path + ">", reset.path[:-1], "/reset/x", "/reset/%ff%00"):
        assert visitor.get(broken, headers=HTML).status_code == 404
    token = csrf_in(visitor.get("/sign-in", headers=HTML).text)
    page = visitor.post(old.path, data={"csrf": token, "password": NEW}, headers=HTML)
    assert page.status_code == 404
    problem(visitor.post(reset.path, data={"password": NEW}), 403, "csrf")


def test_a_new_password_ends_every_session(visitor: TestClient) -> None:
    user = _make(visitor)
    signed_in(visitor, user)
    session = visitor.cookies[cookies.SESSION]
    visitor.cookies.clear()
    link = _reset(visitor, user)
    personal = _choose(visitor, link, f"I am {user.name}, hello")
    assert (personal.status_code, "Leave your name" in personal.text) == (422, True)
    done = _choose(visitor, link, NEW)
    assert done.headers["location"] == "/sign-in?done=password"
    assert "The new password is set." in visitor.get("/sign-in?done=password", headers=HTML).text
    assert _has_password(visitor, user.id, NEW)
    assert not _has_password(visitor, user.id, PASSWORD)
    visitor.cookies.set(cookies.SESSION, session, domain="127.0.0.1")
    assert visitor.get("/api/v1/session").json()["kind"] == "anonymous"


def test_accepting_an_invitation_signs_out_whoever_was_there(visitor: TestClient) -> None:
    other = _make(visitor)
    signed_in(visitor, other)
    before = visitor.cookies[cookies.SESSION]
    link = _invite(visitor)
    assert _choose(visitor, link, NEW).status_code == 303
    assert visitor.get("/api/v1/session").json()["user_id"] == link.user_id
    visitor.cookies.clear()
    visitor.cookies.set(cookies.SESSION, before, domain="127.0.0.1")
    assert visitor.get("/api/v1/session").json()["kind"] == "anonymous"


def test_asking_for_a_new_password_tells_nothing(
    visitor: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    user = _make(visitor)
    answers = set()
    for email in (user.email, "nobody-here@lipa.example", "no e-mail", "", "nul\x00@x"):
        token = csrf_in(visitor.get("/reset", headers=HTML).text)
        form = {"csrf": token, "email": email}
        answer = visitor.post("/reset", data=form, headers=HTML, follow_redirects=False)
        answers.add((answer.status_code, answer.headers["location"], answer.text))
        assert "set-cookie" not in answer.headers or cookies.SESSION not in str(answer.headers)
    assert answers == {(303, "/reset?done=1", "")}
    page = visitor.get("/reset?done=1", headers=HTML).text
    assert "If there is an account with this e-mail" in page
    assert "This server sends no mail" in page
    printed = [line for line in capsys.readouterr().out.splitlines() if "/reset/" in line]
    assert len(printed) == 1
    assert printed[0].startswith(f"reset for {user.email}: http")
    path = "/reset/" + printed[0].rpartition("/")[2]
    assert visitor.get(path, headers=HTML).status_code == 200
    problem(visitor.post("/reset", data={"email": user.email}), 403, "csrf")


def test_nobody_is_flooded_with_mail(visitor: TestClient) -> None:
    for status in (303, 303, 303, 429):
        token = csrf_in(visitor.get("/reset", headers=HTML).text)
        form = {"csrf": token, "email": "flooded@lipa.example"}
        answer = visitor.post("/reset", data=form, headers=HTML, follow_redirects=False)
        assert answer.status_code == status
    assert "Try again in 60 minutes." in answer.text


def test_the_account_page_shows_and_changes_what_is_ones_own(visitor: TestClient) -> None:
    problem(visitor.get("/account"), 401, "sign_in_needed")
    user = _make(visitor)
    csrf = {"csrf": signed_in(visitor, user)[HEADER]}
    page = visitor.get("/account", headers=HTML).text
    for shown in (user.name, user.email, ">Agent</span>", "Test", ">Here</span>"):
        assert shown in page
    form = csrf | {"name": "Łucja <b>", "language": "pl"}
    assert visitor.post("/account", data=form, follow_redirects=False).status_code == 303
    page = visitor.get("/account?done=about", headers=HTML).text
    assert "Łucja &lt;b&gt;" in page
    assert '<html lang="pl">' in page
    assert "Zapisano." in page
    wrong = visitor.post("/account", data=csrf | {"name": " "}, headers=HTML)
    assert wrong.status_code == 422
    assert 'id="about-error"' in wrong.text
    assert 'href="/account?' in wrong.text  # other languages lead to a page that is there
    visitor.post("/account", data=csrf | {"name": "A", "language": "tlh"})
    with services_in(visitor).readers() as session:
        assert get_user(session, user.id).language == "pl"


def test_a_password_is_changed_with_the_old_one(visitor: TestClient) -> None:
    user = _make(visitor)
    signed_in(visitor, user)
    elsewhere = visitor.cookies[cookies.SESSION]
    csrf = {"csrf": signed_in(visitor, user)[HEADER]}
    here = visitor.cookies[cookies.SESSION]

    def change(old: str, new: str):  # type: ignore[no-untyped-def]
        form = csrf | {"old": old, "password": new}
        return visitor.post("/account/password", data=form, headers=HTML, follow_redirects=False)

    wrong = change("not this one at all", NEW)
    assert (wrong.status_code, "The old password is not right." in wrong.text) == (422, True)
    short = change(PASSWORD, "short")
    assert (short.status_code, "Use at least 12 characters." in short.text) == (422, True)
    assert _has_password(visitor, user.id, PASSWORD)
    assert change(PASSWORD, NEW).headers["location"] == "/account?done=password"
    assert _has_password(visitor, user.id, NEW)
    assert visitor.get("/account", headers=HTML).status_code == 200
    assert visitor.cookies[cookies.SESSION] != here  # with a token of its own from now on
    visitor.cookies.clear()
    visitor.cookies.set(cookies.SESSION, elsewhere, domain="127.0.0.1")
    assert visitor.get("/api/v1/session").json()["kind"] == "anonymous"


def test_guessing_the_old_password_has_an_end(visitor: TestClient) -> None:
    user = _make(visitor)
    csrf = {"csrf": signed_in(visitor, user)[HEADER]}
    form = csrf | {"old": "not this one at all", "password": NEW}
    tried(visitor, user.email, 9)
    statuses = [
        visitor.post("/account/password", data=form, headers=HTML).status_code for _ in range(2)
    ]
    assert statuses == [422, 429]


def test_sessions_are_ended_on_the_account_page(visitor: TestClient) -> None:
    user, other = _make(visitor), _make(visitor)
    signed_in(visitor, other)
    foreign = visitor.get("/api/v1/sessions").json()["sessions"][0]["id"]
    for _ in range(3):
        csrf = {"csrf": signed_in(visitor, user)[HEADER]}
    page = visitor.get("/account", headers=HTML).text
    addresses = re.findall(r'action="(/account/sessions/ses_\w+/revoke)"', page)
    assert len(addresses) == 2
    for address in (addresses[0], addresses[0], f"/account/sessions/{foreign}/revoke"):
        problem(visitor.post(address), 403, "csrf")
        assert visitor.post(address, data=csrf, follow_redirects=False).status_code == 303
    assert len(visitor.get("/api/v1/sessions").json()["sessions"]) == 2
    visitor.post("/account/sessions/revoke", data=csrf)
    assert len(visitor.get("/api/v1/sessions").json()["sessions"]) == 1
    signed_in(visitor, other)
    ids = [entry["id"] for entry in visitor.get("/api/v1/sessions").json()["sessions"]]
    assert foreign in ids


def test_who_has_no_password_here_is_told_where_it_is(visitor: TestClient) -> None:
    user = make_user(services_in(visitor).engine.session_factory, "agent")
    csrf = {"csrf": signed_in(visitor, user)[HEADER]}
    assert "your company's own service" in visitor.get("/account", headers=HTML).text
    form = csrf | {"old": "", "password": NEW}
    assert visitor.post("/account/password", data=form, headers=HTML).status_code == 422
    assert not _has_password(visitor, user.id, NEW)
