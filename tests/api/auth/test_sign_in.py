"""Signing in and out, and what a wrong attempt is told."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from api.auth import cookies
from api.auth.sign_in import local_path
from kb.actions.users import disable_user, invite_user
from kb.domain import User
from kb.passwords import check_password
from kb.queries.users import get_credentials
from tests.api.auth.forms import HTML, csrf_in
from tests.api.calls import problem
from tests.api.people import make_user, services_in, signed_in, tried
from tests.kb.people import PASSWORD, hashed, person
from tests.kb.test_passwords import weakly_hashed

WRONG = "wrong maple copper plum"


def _make(client: TestClient, role: str = "agent", **more: str) -> User:
    sessions = services_in(client).engine.session_factory
    return make_user(sessions, role, **({"password_hash": hashed().hash} | more))  # type: ignore[arg-type]


def _enter(client: TestClient, email: str, password: str, **more: str):  # type: ignore[no-untyped-def]
    page = client.get("/sign-in", headers=HTML)
    form = {"csrf": csrf_in(page.text), "email": email, "password": password, **more}
    return client.post("/sign-in", data=form, headers=HTML, follow_redirects=False)


def test_a_person_signs_in_and_out(visitor: TestClient) -> None:
    user = _make(visitor, language="sl")
    page = visitor.get("/sign-in", headers=HTML)
    assert 'autocomplete="username"' in page.text
    answer = _enter(visitor, f" {user.email.upper()} ", PASSWORD)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/try"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(cookies.SESSION))
    assert re.fullmatch(
        r"__Host-potica-session=[\w-]{43}; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax",
        cookie,
    )
    page = visitor.get("/try", headers=HTML)
    assert '<html lang="sl">' in page.text
    assert user.name in page.text
    assert 'value="agent" checked' in page.text
    again = visitor.get("/sign-in?next=/docs", headers=HTML, follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, "/docs")

    token = visitor.cookies[cookies.SESSION]
    problem(visitor.post("/sign-out"), 403, "csrf")
    out = visitor.post("/sign-out", data={"csrf": csrf_in(page.text)}, follow_redirects=False)
    assert out.headers["location"] == "/sign-in?done=out"
    assert cookies.SESSION not in visitor.cookies
    visitor.cookies.set(cookies.SESSION, token, domain="127.0.0.1")
    problem(visitor.get("/api/v1/cases/en-0001"), 401, "sign_in_needed")


def test_whatever_is_wrong_is_told_the_same(visitor: TestClient) -> None:
    sessions = services_in(visitor).engine.session_factory
    known, disabled = _make(visitor), _make(visitor)
    with sessions.begin() as session:
        disable_user(session, disabled.id, actor="test")
        invited = invite_user(session, person(), actor="test")
    told = set()
    for email, password in (
        (known.email, WRONG),
        (known.email, ""),
        (known.email, PASSWORD + "x" * 300),
        (disabled.email, PASSWORD),
        (invited.email, PASSWORD),
        ("nobody@lipa.example", PASSWORD),
        ("no e-mail at all", PASSWORD),
        ("nul\x00@lipa.example", PASSWORD),
        ("", ""),
    ):
        answer = _enter(visitor, email, password)
        assert answer.status_code == 401
        assert cookies.SESSION not in visitor.cookies
        alert = re.search(r'role="alert" id="error"><p>(.*?)</p>', answer.text)
        assert alert
        told.add(alert[1])
    assert told == {"The e-mail or the password is not right."}
    for email in (known.email, "nobody@lipa.example"):
        body = {"email": email, "password": WRONG}
        told.add(
            problem(visitor.post("/api/v1/session", json=body), 401, "sign_in_failed")["detail"]
        )
    assert len(told) == 1


def test_after_ten_attempts_one_has_to_wait_account_or_not(visitor: TestClient) -> None:
    user = _make(visitor)
    for email in (user.email, "nobody-at-all@lipa.example"):
        body = {"email": email, "password": WRONG}
        tried(visitor, email, 9)
        problem(visitor.post("/api/v1/session", json=body), 401, "sign_in_failed")
        for password in (WRONG, PASSWORD):
            answer = visitor.post("/api/v1/session", json=body | {"password": password})
            told = problem(answer, 429, "too_many_requests")
            assert told["detail"].startswith("The e-mail or the password is not right.")
            assert 800 < int(answer.headers["retry-after"]) <= 900
        page = _enter(visitor, email, PASSWORD)
        assert page.status_code == 429
        assert "Try again in 15 minutes." in page.text
    other = _make(visitor)  # from the same address
    assert _enter(visitor, other.email, PASSWORD).status_code == 303


def test_who_gets_in_starts_counting_anew(visitor: TestClient) -> None:
    user = _make(visitor)
    for _ in range(2):
        tried(visitor, user.email, 9)
        assert _enter(visitor, user.email, PASSWORD).status_code == 303
        visitor.cookies.clear()


def test_the_form_needs_its_token(visitor: TestClient) -> None:
    user = _make(visitor)
    form = {"email": user.email, "password": PASSWORD}
    problem(visitor.post("/sign-in", data=form), 403, "csrf")
    token = csrf_in(visitor.get("/sign-in", headers=HTML).text)
    problem(visitor.post("/sign-in", data=form | {"csrf": token + "x"}), 403, "csrf")
    cookie = visitor.cookies[cookies.FORM]
    visitor.cookies.clear()
    problem(visitor.post("/sign-in", data=form | {"csrf": token}), 403, "csrf")
    visitor.cookies.set(cookies.FORM, "y" * 43, domain="127.0.0.1")
    problem(visitor.post("/sign-in", data=form | {"csrf": token}), 403, "csrf")
    visitor.cookies.clear()
    visitor.cookies.set(cookies.FORM, cookie, domain="127.0.0.1", path="/")
    answer = visitor.post("/sign-in", data=form | {"csrf": token}, follow_redirects=False)
    assert answer.status_code == 303


def test_signing_in_again_ends_the_session_before(visitor: TestClient) -> None:
    first, second = _make(visitor), _make(visitor)
    headers = signed_in(visitor, first)
    token = visitor.cookies[cookies.SESSION]
    body = {"email": second.email, "password": PASSWORD}
    problem(visitor.post("/api/v1/session", json=body), 403, "csrf")
    answer = visitor.post("/api/v1/session", json=body, headers=headers)
    assert answer.status_code == 201
    assert visitor.cookies[cookies.SESSION] != token
    assert visitor.get("/api/v1/session").json()["user_id"] == second.id
    visitor.cookies.clear()
    visitor.cookies.set(cookies.SESSION, token, domain="127.0.0.1")
    assert visitor.get("/api/v1/session").json()["kind"] == "anonymous"


def test_older_hashes_are_renewed_when_somebody_signs_in(visitor: TestClient) -> None:
    user = _make(visitor, password_hash=weakly_hashed())
    assert _enter(visitor, user.email, PASSWORD).status_code == 303
    with services_in(visitor).readers() as session:
        kept = get_credentials(session, user.id).password_hash
    assert kept is not None
    assert "m=65536" in kept
    assert check_password(PASSWORD, kept).right


@pytest.mark.parametrize(
    ("role", "home"), [("customer", "/articles"), ("agent", "/try"), ("administrator", "/try")]
)
def test_where_one_lands(visitor: TestClient, role: str, home: str) -> None:
    user = _make(visitor, role)
    assert _enter(visitor, user.email, PASSWORD).headers["location"] == home
    visitor.cookies.clear()
    answer = _enter(visitor, user.email, PASSWORD, next="/try?q=PIN%26x&who=agent")
    assert answer.headers["location"] == "/try?q=PIN%26x&who=agent"
    visitor.cookies.clear()
    answer = _enter(visitor, user.email, PASSWORD, next="https://evil.example/")
    assert answer.headers["location"] == home


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "try",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/try\\..",
        "https://evil.example/try",
        "javascript:alert(1)",
        "/try\r\nset-cookie: a=b",
        "/\tevil",
        "\t//evil.example",
        "/sign-in?next=/sign-in",
        "/sign-out",
        "/invitation/x",
        "/" + "x" * 3000,
    ],
)
def test_nobody_is_led_elsewhere(wanted: str) -> None:
    assert local_path(wanted) is None


@pytest.mark.parametrize("wanted", ["/", "/try?q=a//b", "/a/locker-full?lang=sl", "/c/en-0001"])
def test_places_one_can_land_at(wanted: str) -> None:
    assert local_path(wanted) == wanted


def test_a_page_that_needs_somebody_leads_to_the_form_and_back(visitor: TestClient) -> None:
    answer = visitor.get("/c/en-0001?ui=en", headers=HTML, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fc%2Fen-0001%3Fui%3Den"
    form = visitor.get(answer.headers["location"], headers=HTML).text
    assert 'name="next" value="/c/en-0001?ui=en"' in form
    post = visitor.post("/account", headers=HTML, follow_redirects=False)
    assert (post.status_code, post.headers["location"]) == (303, "/sign-in")
    # Who is known and may not is told so; programs get a problem.
    signed_in(visitor, _make(visitor, "customer"))
    page = visitor.get("/c/en-0001", headers=HTML)
    assert page.status_code == 403
    assert "Your roles do not allow this" in page.text
    visitor.cookies.clear()
    program = visitor.get("/api/v1/cases/en-0001", headers=HTML)
    problem(program, 401, "sign_in_needed")
    assert program.headers["www-authenticate"].startswith("Bearer")


def test_only_agents_are_offered_the_agents_view(visitor: TestClient) -> None:
    page = visitor.get("/try?q=PIN", headers=HTML).text
    assert 'value="agent"' not in page
    assert 'href="/sign-in?next=%2Ftry%3Fq%3DPIN">Sign in as an agent' in page
    signed_in(visitor, _make(visitor, "customer"))
    page = visitor.get("/try", headers=HTML).text
    assert 'value="agent"' not in page
    assert "Sign in as an agent" not in page


def test_an_address_that_is_not_encrypted_is_told(visitor: TestClient) -> None:
    told = "This address is not encrypted"
    assert told not in visitor.get("/sign-in", headers=HTML).text
    assert told not in visitor.get("http://127.0.0.1/sign-in", headers=HTML).text
    services_in(visitor)
    page = visitor.get("http://kb.lipa.example/sign-in", headers=HTML)
    assert told in page.text
