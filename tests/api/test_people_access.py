"""The administrators' pages about roles, API keys, sessions and the audit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from kb.audit_head import FILE, AuditHead
from kb.domain import DEFAULT_ROLES, AccessRole, Permission, User, utc_now
from kb.queries.audit import AuditFilter, list_audit
from kb.queries.keys import list_keys
from kb.queries.roles import load_roles
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html", "accept-language": "en"}


@pytest.fixture
def boss(office: TestClient) -> Iterator[User]:
    """An administrator, signed in."""
    office.cookies.clear()
    yield make_user(services_in(office).engine.session_factory, "administrator")
    office.cookies.clear()


@pytest.fixture
def form(office: TestClient, boss: User) -> dict[str, str]:
    """What every form carries."""
    return {"csrf": signed_in(office, boss)["x-csrf-token"]}


def _roles(client: TestClient) -> dict[str, set[str]]:
    with services_in(client).readers() as session:
        return {name: {str(p) for p in given} for name, given in load_roles(session).items()}


def test_a_role_is_added_changed_and_deleted(office: TestClient, form: dict[str, str]) -> None:
    added = office.post("/people/roles", data=form | {"name": "evening", "like": "agent"})
    assert "The role is there" in added.text
    assert _roles(office)["evening"] == set(DEFAULT_ROLES["agent"])
    page = "/people/roles/evening"
    ticked = form | {"permissions": ["articles.read", "cases.read.raw"]}
    saved = office.post(page, data=ticked, headers=HTML).text
    assert "Saved." in saved
    assert "Opens raw personal data" in saved
    assert _roles(office)["evening"] == {"articles.read", "cases.read.raw"}
    assert "personal data" in office.get("/people/roles", headers=HTML).text
    assert "The role is deleted" in office.post(f"{page}/delete", data=form, headers=HTML).text
    assert "evening" not in _roles(office)


def test_a_role_that_comes_along_is_changed_and_reset(
    office: TestClient, form: dict[str, str]
) -> None:
    page = "/people/roles/customer"
    office.post(page, data=form | {"permissions": ["articles.read"]})
    assert _roles(office)["customer"] == {"articles.read"}
    assert "Reset to default" in office.get(page, headers=HTML).text
    reset = office.post(f"{page}/reset", data=form, headers=HTML).text
    assert "allows again what it did at first" in reset
    assert _roles(office)["customer"] == set(DEFAULT_ROLES["customer"])


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ({"name": "Night Shift"}, 422, "small letters, digits and underscores"),
        ({"name": ""}, 422, "small letters, digits and underscores"),
        ({"name": "agent"}, 409, "There is a role of that name already"),
        ({"name": "administrator"}, 409, "There is a role of that name already"),
    ],
)
def test_what_is_wrong_with_a_new_role_is_said(
    office: TestClient, form: dict[str, str], typed: dict[str, str], status: int, told: str
) -> None:
    before = _roles(office)
    answer = office.post("/people/roles", data=form | {"like": "agent"} | typed, headers=HTML)
    assert answer.status_code == status
    assert told in answer.text
    assert _roles(office) == before


def test_refusals_about_roles_are_told_on_their_page(
    office: TestClient, form: dict[str, str]
) -> None:
    office.post("/people/roles", data=form | {"name": "held_role", "like": ""})
    make_user(services_in(office).engine.session_factory, "held_role")
    held = office.post("/people/roles/held_role/delete", data=form, headers=HTML)
    assert (held.status_code, "People still have this role" in held.text) == (409, True)
    fixed = office.post("/people/roles/administrator", data=form, headers=HTML)
    assert (fixed.status_code, "may always do everything" in fixed.text) == (409, True)
    assert _roles(office)["administrator"] == {str(p) for p in Permission}
    strangers = form | {"permissions": ["suggestions.ask", "audit.read"]}
    refused = office.post("/people/roles/anonymous", data=strangers, headers=HTML)
    assert refused.status_code == 422
    assert _roles(office)["anonymous"] == set(DEFAULT_ROLES["anonymous"])


def test_what_one_lacks_stays_as_it_is_in_roles_one_edits(office: TestClient) -> None:
    sessions = services_in(office).engine.session_factory
    with sessions.begin() as session:
        keeper = ["roles.manage", "articles.read", "cases.read"]
        session.add(AccessRole(name="keeper", permissions=keeper))
        session.add(AccessRole(name="mixed", permissions=["cases.read", "users.manage"]))
    office.cookies.clear()
    mine = {"csrf": signed_in(office, make_user(sessions, "keeper"))["x-csrf-token"]}
    page = office.get("/people/roles/mixed", headers=HTML).text
    assert re.search(r'value="users.manage" checked disabled', page)
    office.post("/people/roles/mixed", data=mine | {"permissions": ["articles.read"]})
    assert _roles(office)["mixed"] == {"articles.read", "users.manage"}
    forged = mine | {"permissions": ["articles.read", "keys.manage"]}
    assert office.post("/people/roles/mixed", data=forged, headers=HTML).status_code == 403
    office.post("/people/roles", data=mine | {"name": "climber", "like": "administrator"})
    assert "users.manage" not in _roles(office)["climber"]


def test_a_key_is_made_shown_once_used_and_revoked(
    office: TestClient, form: dict[str, str]
) -> None:
    typed = form | {
        "name": "Helpdesk <EU>",
        "until": f"{utc_now() + timedelta(days=2):%Y-%m-%d}",
        "scope": "country=SI",
        "permissions": ["suggestions.ask", "cases.read"],
    }
    answer = office.post("/people/keys", data=typed, headers=HTML)
    assert answer.status_code == 201
    token = re.search(r'value="(potica_\w{16}_[\w-]{43})"', answer.text)
    assert token
    assert f"Authorization: Bearer {token[1]}" in answer.text
    assert "Helpdesk &lt;EU&gt;" in answer.text
    assert token[1] not in office.get("/people/keys", headers=HTML).text
    program = TestClient(office.app, base_url="https://127.0.0.1")
    bearer = {"authorization": f"Bearer {token[1]}"}
    who = program.get("/api/v1/session", headers=bearer).json()
    assert who["permissions"] == ["cases.read", "suggestions.ask"]
    assert who["scope"] == {"country": ["SI"]}
    with services_in(office).readers() as session:
        key = next(key for key in list_keys(session).items if key.name == "Helpdesk <EU>")
    assert key.expires_at is not None
    assert (key.expires_at.hour, key.expires_at - utc_now() > timedelta(days=2)) == (0, True)
    revoked = office.post(f"/people/keys/{key.id}/revoke", data=form, headers=HTML).text
    assert "The key is revoked" in revoked
    assert program.get("/api/v1/session", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": ""}, "Write a name of 1 to 200 characters"),
        ({"name": "x" * 201}, "Write a name of 1 to 200 characters"),
        ({"permissions": []}, "Choose at least one permission"),
        ({"permissions": ["cases.burn"]}, "Choose at least one permission"),
        ({"until": "2001-01-01"}, "Choose a day to come"),
        ({"until": "soon"}, "Choose a day to come"),
        ({"until": "9999-12-31"}, "Choose a day to come"),
        ({"scope": "country="}, "Write the scope as facet=value"),
        ({"scope": f"country={'x' * 121}"}, "Write the scope as facet=value"),
        ({"scope": "country=S\0I"}, "Write the scope as facet=value"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_and_what_was_typed_stays(
    office: TestClient, form: dict[str, str], typed: dict[str, object], told: str
) -> None:
    good = form | {"name": "Wrong one", "permissions": ["suggestions.ask"]}
    answer = office.post("/people/keys", data=good | typed, headers=HTML)
    assert answer.status_code == 422
    assert told in answer.text
    if "name" not in typed:
        assert 'value="Wrong one"' in answer.text
    with services_in(office).readers() as session:
        assert "Wrong one" not in {key.name for key in list_keys(session).items}


def test_open_sessions_are_shown_and_ended(
    office: TestClient, boss: User, form: dict[str, str]
) -> None:
    person = make_user(services_in(office).engine.session_factory, "agent")
    other = TestClient(office.app, base_url="https://127.0.0.1")
    signed_in(other, person)
    page = office.get(f"/people/sessions?q={person.email}", headers=HTML).text
    assert "1 open session" in page
    assert "This one" not in page
    mine = office.get(f"/people/sessions?q={boss.email}", headers=HTML).text
    assert "This one" in mine
    found = re.search(r'action="(/people/sessions/ses_\w{16}/revoke)"', page)
    assert found
    assert "Signed out there." in office.post(found[1], data=form, headers=HTML).text
    assert other.get("/account", headers=HTML, follow_redirects=False).status_code == 303
    assert "Nobody is signed in" in office.get(f"/people/sessions?q={person.email}").text


def test_the_audit_is_filtered_by_who_what_thing_and_day(
    office: TestClient, boss: User, form: dict[str, str]
) -> None:
    person = make_user(services_in(office).engine.session_factory, "agent")
    office.post(f"/people/users/{person.id}/disable", data=form)
    office.post(f"/people/users/{person.id}/enable", data=form)
    thing = f"entity=user&thing={person.id}"
    today = f"{utc_now():%Y-%m-%d}"
    for query, actions in (
        (thing, ["enabled", "disabled"]),
        (f"{thing}&action=disable", ["disabled"]),
        (f"{thing}&who={boss.email}", ["enabled", "disabled"]),
        (f"{thing}&who={boss.name.upper()}", ["enabled", "disabled"]),
        (f"{thing}&who={boss.id}", ["enabled", "disabled"]),
        (f"{thing}&who={person.email}", []),
        (f"{thing}&since={today}&until={today}", ["enabled", "disabled"]),
        (f"{thing}&until=2001-01-01", []),
        (f"{thing}&since=2999-01-01", []),
        (f"{thing}&entity=article", []),
    ):
        page = office.get(f"/people/audit?{query}", headers=HTML).text
        found = re.findall(r'data-label="Did what">([^<]*)<', page)
        assert found == actions, query
        if actions:
            assert boss.name in page
            assert person.name in page
    for odd in ("since=yesterday", "until=9999-12-31"):
        answer = office.get(f"/people/audit?{odd}", headers=HTML)
        assert answer.status_code == 422
        assert "Write the day as" in answer.text
    assert office.get("/people/audit?who=%00", headers=HTML).status_code == 422


def test_the_audit_is_paged_with_its_filter(office: TestClient, form: dict[str, str]) -> None:
    person = make_user(services_in(office).engine.session_factory, "agent")
    for _ in range(26):
        office.post(f"/people/users/{person.id}/disable", data=form)
        office.post(f"/people/users/{person.id}/enable", data=form)
    page = office.get(f"/people/audit?entity=user&thing={person.id}", headers=HTML).text
    assert "1 to 50 of 52" in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    last = office.get(following[1].replace("&amp;", "&"), headers=HTML).text
    assert len(re.findall('data-label="Did what"', last)) == 2


def test_the_chain_is_followed_and_what_is_wrong_with_it_is_told(
    office: TestClient, form: dict[str, str]
) -> None:
    make_user(services_in(office).engine.session_factory, "agent")
    whole = office.post("/people/audit/verify", data=form, headers=HTML).text
    assert "The chain is whole" in whole
    assert "noted beside the database" in whole
    home = services_in(office).settings.home
    kept = (home / FILE).read_text("ascii")
    with services_in(office).readers() as session:
        last = list_audit(session, AuditFilter()).items[0]
    assert last.number is not None
    try:
        (home / FILE).write_text(f"{AuditHead(last.number + 3, 'f' * 64)}\n", "ascii")
        cut = office.post("/people/audit/verify", data=form, headers=HTML).text
        assert "The audit is not whole" in cut
        assert f"to {last.number + 3} were cut off" in cut
        (home / FILE).write_text("nonsense", "ascii")
        damaged = office.post("/people/audit/verify", data=form, headers=HTML).text
        assert "The chain is whole" in damaged
        assert "cannot be read" in damaged
    finally:
        (home / FILE).write_text(kept, "ascii")


def test_an_entry_that_was_changed_beside_potica_is_found(
    office: TestClient, form: dict[str, str]
) -> None:
    number = _tamper(office, "nobody")
    try:
        told = office.post("/people/audit/verify", data=form, headers=HTML).text
        assert "The audit is not whole" in told
        assert f"The entry {number} was changed." in told
    finally:
        _tamper(office, None)


def _tamper(client: TestClient, actor: str | None) -> int:
    """Change the actor of the first entry, as one could who holds the file; None puts it back."""
    with services_in(client).engine.database.begin() as raw:
        kept = raw.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall()
        for name, _ in kept:
            raw.exec_driver_sql(f"DROP TRIGGER {name}")
        where = "WHERE number = (SELECT MIN(number) FROM audit)"
        if actor is not None:
            raw.exec_driver_sql("CREATE TABLE aside AS SELECT number, actor FROM audit " + where)
            raw.exec_driver_sql("UPDATE audit SET actor = ? " + where, (actor,))
        else:
            raw.exec_driver_sql("UPDATE audit SET actor = (SELECT actor FROM aside) " + where)
            raw.exec_driver_sql("DROP TABLE aside")
        for _, sql in kept:
            raw.exec_driver_sql(sql)
        found: int = raw.exec_driver_sql("SELECT MIN(number) FROM audit").scalar_one()
    return found
