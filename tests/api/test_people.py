"""The administrators' pages about people: who may open them, and what they do."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from sqlmodel import col
from starlette.testclient import TestClient

from api.ui import i18n
from api.ui.sections import SECTIONS
from kb.actions.links import LinkPurpose
from kb.domain import (
    DEFAULT_ROLES,
    AccessRole,
    AuditEntry,
    Permission,
    User,
    UserState,
)
from kb.queries.users import find_user, link_owner
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html", "accept-language": "en"}
SOMEBODY = {"language": "en", "scope": "", "roles": ["agent"]}


@pytest.fixture
def admin(office: TestClient) -> tuple[TestClient, dict[str, str]]:
    """An administrator's browser, and what every form carries."""
    office.cookies.clear()
    user = make_user(services_in(office).engine.session_factory, "administrator")
    headers = signed_in(office, user)
    return office, {"csrf": headers["x-csrf-token"]}


def _person(client: TestClient, role: str = "agent", **fields: object) -> User:
    user = make_user(services_in(client).engine.session_factory, role)
    if fields:
        with services_in(client).engine.session_factory.begin() as session:
            row = session.get_one(User, user.id)
            for name, value in fields.items():
                setattr(row, name, value)
    return user


def _stored(client: TestClient, user_id: str) -> User:
    with services_in(client).readers() as session:
        return session.get_one(User, user_id)


class _Page(HTMLParser):
    """What a page holds that a reader of it by ear needs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.tokens = 0
        self.described: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        for name in ("aria-describedby", "aria-labelledby"):
            self.described |= set(str(found.get(name) or "").split())
        if tag == "label":
            self.labelled.add(str(found.get("for")))
        if tag in ("input", "select", "textarea"):
            if found.get("type") != "hidden":
                self.fields.append(found)
            self.tokens += found.get("name") == "csrf"
        if tag == "form":
            self.forms.append(found)


def _addresses(client: TestClient, form: dict[str, str]) -> list[str]:
    """Every page, and one that says what is wrong."""
    person = _person(client)
    client.post("/people/roles", data=form | {"name": "seen_here", "like": "agent"})
    fixed = [section.address for section in SECTIONS]
    return [
        *fixed,
        "/people?q=nobody-of-this-name",
        "/people/new",
        f"/people/users/{person.id}",
        "/people/roles/anonymous",
        "/people/roles/administrator",
        "/people/roles/seen_here",
        "/people/audit?since=never",
        "/people/audit?who=nobody-of-this-name",
        "/people/sessions?q=nobody-of-this-name",
    ]


@pytest.mark.parametrize("language", i18n.NAMES)
def test_pages_are_whole_in_every_language(
    admin: tuple[TestClient, dict[str, str]], language: str
) -> None:
    client, form = admin
    for address in _addresses(client, form):
        shown = f"{address}{'&' if '?' in address else '?'}ui={language}"
        answer = client.get(shown, headers=HTML)
        assert answer.status_code == (422 if "never" in address else 200), address
        text, page = answer.text, _Page(answer.text)
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1, address
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
        assert "Traceback" not in text
        unlabelled = [
            field
            for field in page.fields
            if field.get("id") not in page.labelled and "hidden" not in field
        ]
        assert unlabelled == [], address
        assert len(page.ids) == len(set(page.ids)), address
        assert page.described <= set(page.ids), address
        posts = [given for given in page.forms if given.get("method") == "post"]
        assert page.tokens == len(posts), address
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
            assert client.get(path).status_code == 200


def test_each_page_has_its_own_rule_and_the_navigation_shows_what_one_may_open(
    office: TestClient,
) -> None:
    sessions = services_in(office).engine.session_factory
    for number, section in enumerate(SECTIONS):
        name = f"only_{number}"
        with sessions.begin() as session:
            session.add(AccessRole(name=name, permissions=[str(section.permission)]))
        office.cookies.clear()
        signed_in(office, make_user(sessions, name))
        for other in SECTIONS:
            answer = office.get(other.address, headers=HTML)
            assert answer.status_code == (200 if other is section else 403), other.address
            shown = set(re.findall(r'href="(/people[^"?]*)"', answer.text))
            assert section.address in shown
            assert shown & {one.address for one in SECTIONS} == {section.address}


def test_strangers_are_sent_to_sign_in_and_agents_are_refused(office: TestClient) -> None:
    office.cookies.clear()
    for section in SECTIONS:
        answer = office.get(section.address, headers=HTML, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2Fpeople")
    signed_in(office, _person(office))
    for section in SECTIONS:
        answer = office.get(section.address, headers=HTML)
        assert answer.status_code == 403
        assert "Your roles do not allow this" in answer.text
    assert 'href="/people' not in office.get("/articles", headers=HTML).text


def test_a_form_without_the_token_does_nothing(
    admin: tuple[TestClient, dict[str, str]],
) -> None:
    client, _ = admin
    person = _person(client)
    assert client.post(f"/people/users/{person.id}/disable", headers=HTML).status_code == 403
    assert _stored(client, person.id).state == UserState.active


def test_somebody_is_invited_and_the_link_is_shown_once(
    admin: tuple[TestClient, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    client, form = admin
    typed = SOMEBODY | {
        "email": "Nova@Lipa.example ",
        "name": "Nova  Kos",
        "language": "sl",
        "scope": "country=SI, HR\n\nproduct = box",
        "roles": ["agent", "contributor"],
    }
    answer = client.post("/people/new", data=form | typed, headers=HTML)
    assert answer.status_code == 200
    token = re.search(r'value="http://127.0.0.1/invitation/([\w-]{43})"', answer.text)
    assert token
    with services_in(client).readers() as session:
        owner = link_owner(session, token[1], LinkPurpose.invitation)
    assert owner is not None
    assert (owner.email, owner.name, owner.language) == ("nova@lipa.example", "Nova Kos", "sl")
    assert owner.roles == ("agent", "contributor")
    assert owner.scope == {"country": ["HR", "SI"], "product": ["box"]}
    assert token[1] not in capsys.readouterr().out  # nor in any log
    assert token[1] not in client.get(f"/people/users/{owner.id}", headers=HTML).text
    client.get(f"/invitation/{token[1]}", headers=HTML).raise_for_status()


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"email": "nobody"}, 422, "This is not an e-mail address"),
        ({"name": " "}, 422, "Write a name of 1 to 200 characters"),
        ({"name": "x" * 201}, 422, "Write a name of 1 to 200 characters"),
        ({"roles": []}, 422, "Give at least one role"),
        ({"roles": ["never_was"]}, 422, "Give at least one role"),
        ({"scope": "country"}, 422, "Write the scope as facet=value"),
        ({"scope": "=SI"}, 422, "Write the scope as facet=value"),
        ({"email": "TAKEN@lipa.example"}, 409, "There is an account with this e-mail already"),
    ],
)
def test_what_is_wrong_with_an_invitation_is_said_and_what_was_typed_stays(
    admin: tuple[TestClient, dict[str, str]],
    changes: dict[str, object],
    status: int,
    told: str,
) -> None:
    client, form = admin
    good = form | SOMEBODY | {"name": "Kept <Name>"}
    client.post("/people/new", data=good | {"email": "taken@lipa.example"}, headers=HTML)
    typed = good | {"email": "other@lipa.example"} | changes
    answer = client.post("/people/new", data=typed, headers=HTML)
    assert answer.status_code == status
    assert told in answer.text
    assert 'role="alert"' in answer.text
    if "name" not in changes:
        assert 'value="Kept &lt;Name&gt;"' in answer.text
    with services_in(client).readers() as session:
        assert find_user(session, "other@lipa.example") is None


def test_an_account_is_changed_disabled_and_enabled(
    admin: tuple[TestClient, dict[str, str]],
) -> None:
    client, form = admin
    person = _person(client)
    page = f"/people/users/{person.id}"
    typed = SOMEBODY | {"name": "Eva", "language": "hu", "roles": ["publisher"], "version": "1"}
    saved = client.post(page, data=form | typed, headers=HTML)
    assert "Saved." in saved.text
    found = _stored(client, person.id)
    assert (found.name, found.language, found.roles) == ("Eva", "hu", ["publisher"])

    late = client.post(page, data=form | typed | {"name": "Late"}, headers=HTML)
    assert late.status_code == 409
    assert "Somebody else changed this meanwhile" in late.text
    assert 'value="Late"' in late.text
    assert _stored(client, person.id).name == "Eva"

    assert "is disabled" in client.post(f"{page}/disable", data=form, headers=HTML).text
    assert _stored(client, person.id).state == UserState.disabled
    refused = client.post(f"{page}/link", data=form, headers=HTML)
    assert refused.status_code == 409
    assert "Enable it first" in refused.text
    assert "is enabled" in client.post(f"{page}/enable", data=form, headers=HTML).text
    assert _stored(client, person.id).state == UserState.invited  # it never had a password


def test_a_link_to_a_new_password_is_shown_once(
    admin: tuple[TestClient, dict[str, str]],
) -> None:
    client, form = admin
    person = _person(client, password_hash="$argon2id$never")
    answer = client.post(f"/people/users/{person.id}/link", data=form, headers=HTML)
    assert re.search(r'value="http://127.0.0.1/reset/[\w-]{43}"', answer.text)
    assert "for 30 minutes" in answer.text


@contextmanager
def _mailing(client: TestClient, **mail: object) -> Iterator[None]:
    """The same application with a mail server set."""
    state, services = client.app.state, services_in(client)  # type: ignore[attr-defined]
    state.services = replace(services, settings=services.settings.model_copy(update=mail))
    try:
        yield
    finally:
        state.services = services


def test_a_mail_server_that_is_away_leaves_the_link_to_pass_on(
    admin: tuple[TestClient, dict[str, str]],
) -> None:
    client, form = admin
    person = _person(client, password_hash="$argon2id$never")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        with _mailing(client, smtp_host="127.0.0.1", smtp_port=closed.getsockname()[1]):
            answer = client.post(f"/people/users/{person.id}/link", data=form, headers=HTML)
    assert "The mail server did not take the message" in answer.text
    assert re.search(r'value="http://127.0.0.1/reset/[\w-]{43}"', answer.text)


def test_a_mailed_link_is_not_shown(
    admin: tuple[TestClient, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, form = admin
    sent: list[str] = []
    monkeypatch.setattr("api.auth.mail._send", lambda _, message: sent.append(message["To"]))
    typed = SOMEBODY | {"email": "mailed@lipa.example", "name": "Mailed"}
    with _mailing(client, smtp_host="mail.lipa.example"):
        answer = client.post("/people/new", data=form | typed, headers=HTML)
    assert "The link is on its way by e-mail." in answer.text
    assert "/invitation/" not in answer.text
    assert sent == ["Mailed <mailed@lipa.example>"]


def test_signing_somebody_out_ends_their_sessions(
    admin: tuple[TestClient, dict[str, str]],
) -> None:
    client, form = admin
    person = _person(client)
    other = TestClient(client.app, base_url="https://127.0.0.1")
    signed_in(other, person)
    assert other.get("/account", headers=HTML).status_code == 200
    answer = client.post(f"/people/users/{person.id}/sign-out", data=form, headers=HTML)
    assert "Signed out everywhere." in answer.text
    assert other.get("/account", headers=HTML, follow_redirects=False).status_code == 303


def test_who_manages_people_cannot_reach_above_themselves(office: TestClient) -> None:
    sessions = services_in(office).engine.session_factory
    lead = {str(p) for p in DEFAULT_ROLES["agent"] | {Permission.manage_users}}
    with sessions.begin() as session:
        session.add(AccessRole(name="team_lead", permissions=sorted(lead)))
    boss = _person(office, "administrator")
    office.cookies.clear()
    form = {"csrf": signed_in(office, make_user(sessions, "team_lead"))["x-csrf-token"]}
    page = office.get(f"/people/users/{boss.id}", headers=HTML).text
    assert "you cannot change it" in page
    for verb in ("/disable", "/enable", "/link", ""):
        answer = office.post(
            f"/people/users/{boss.id}{verb}", data=form | SOMEBODY | {"name": "x"}, headers=HTML
        )
        assert answer.status_code == 403, verb
        assert "beyond what you may do" in answer.text
    typed = SOMEBODY | {"email": "up@lipa.example", "name": "Up", "roles": ["administrator"]}
    assert office.post("/people/new", data=form | typed, headers=HTML).status_code == 403
    assert _stored(office, boss.id).state == UserState.active


def test_people_are_looked_up_and_paged(admin: tuple[TestClient, dict[str, str]]) -> None:
    client, _ = admin
    for number in range(52):
        _person(client, "customer", name=f"Paged {number:02}")
    first = client.get("/people?q=paged&role=customer&state=active", headers=HTML).text
    assert "52 people" in first
    assert "1 to 50 of 52" in first
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    last = client.get(following[1].replace("&amp;", "&"), headers=HTML).text
    assert re.findall(r">(Paged \d\d)<", last) == ["Paged 50", "Paged 51"]
    assert "Nobody is found" in client.get("/people?q=paged&role=agent", headers=HTML).text
    assert client.get("/people?state=asleep", headers=HTML).status_code == 200
    assert client.get("/people?offset=-1", headers=HTML).status_code == 422


def test_what_was_done_is_in_the_audit_under_the_one_who_did_it(office: TestClient) -> None:
    office.cookies.clear()
    sessions = services_in(office).engine.session_factory
    boss = make_user(sessions, "administrator")
    form = {"csrf": signed_in(office, boss)["x-csrf-token"]}
    person = _person(office)
    office.post(f"/people/users/{person.id}/disable", data=form)
    with sessions() as session:
        query = select(AuditEntry).where(col(AuditEntry.entity_id) == person.id)
        assert [(e.actor, e.action) for e in session.scalars(query)] == [(boss.id, "disable")]
