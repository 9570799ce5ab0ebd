"""Who manages people: what they may do to others' accounts, and to whose."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kb.actions.people import PersonChange, change_person, invite, send_link, sign_out_everywhere
from kb.actions.sessions import Device, start_session
from kb.actions.users import NewUser
from kb.domain import (
    ADMINISTRATOR,
    DEFAULT_ROLES,
    EVERYTHING,
    Facets,
    LinkPurpose,
    Permission,
    Principal,
    PrincipalKind,
    UserState,
)
from kb.domain.session_rules import SessionLimits
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb.queries.paging import Paging
from kb.queries.sessions import list_open_sessions, list_sessions
from kb.queries.users import get_user, list_users
from tests.kb.people import add, person

ADMIN = Principal(PrincipalKind.session, "usr_admin", EVERYTHING, user_id="usr_admin")


def lead(scope: Facets | None = None) -> Principal:
    """An agent who may manage people, too."""
    permissions = DEFAULT_ROLES["agent"] | {Permission.manage_users}
    return Principal(
        PrincipalKind.session, "usr_lead", permissions, user_id="usr_lead", scope=scope or {}
    )


def test_everything_about_an_account_changes_in_one_go(session: Session) -> None:
    user_id = add(session, "agent")
    change = PersonChange(
        name="  Ana   Novak ",
        language="sl",
        roles=("publisher", "agent"),
        scope={"country": ["SI", "HR"]},
        version=1,
    )
    change_person(session, user_id, change, by=ADMIN)
    found = get_user(session, user_id)
    assert (found.name, found.language) == ("Ana Novak", "sl")
    assert found.roles == ("agent", "publisher")
    assert found.scope == {"country": ["HR", "SI"]}
    change_person(session, user_id, PersonChange(), by=ADMIN)
    assert get_user(session, user_id).version == found.version


def test_who_was_slower_is_told(session: Session) -> None:
    user_id = add(session, "agent")
    change_person(session, user_id, PersonChange(name="First", version=1), by=ADMIN)
    with pytest.raises(Conflict, match="meanwhile"):
        change_person(session, user_id, PersonChange(name="Second", version=1), by=ADMIN)
    assert get_user(session, user_id).name == "First"


def test_shut_out_and_let_in_again(session: Session) -> None:
    user_id = add(session, "agent")
    limits = SessionLimits()
    start_session(session, user_id, Device(), limits)
    change_person(session, user_id, PersonChange(state=UserState.disabled), by=ADMIN)
    assert get_user(session, user_id).state == UserState.disabled
    assert list_sessions(session, user_id, limits) == ()
    with pytest.raises(Conflict):
        send_link(session, user_id, by=ADMIN)
    change_person(session, user_id, PersonChange(state=UserState.active), by=ADMIN)
    assert get_user(session, user_id).state == UserState.active
    assert send_link(session, user_id, by=ADMIN).purpose == LinkPurpose.reset


def test_the_last_administrator_stays(session: Session) -> None:
    user_id = add(session, ADMINISTRATOR)
    for change in (PersonChange(roles=("agent",)), PersonChange(state=UserState.disabled)):
        with pytest.raises(Conflict, match="only administrator"):
            change_person(session, user_id, change, by=ADMIN)
    add(session, ADMINISTRATOR)
    change_person(session, user_id, PersonChange(roles=("agent",)), by=ADMIN)


def test_nobody_reaches_above_themselves(session: Session) -> None:
    boss, agent = add(session, ADMINISTRATOR), add(session, "agent")
    for change in (PersonChange(name="Mine"), PersonChange(state=UserState.disabled)):
        with pytest.raises(Forbidden):
            change_person(session, boss, change, by=lead())
    with pytest.raises(Forbidden):
        send_link(session, boss, by=lead())
    with pytest.raises(Forbidden):
        sign_out_everywhere(session, boss, by=lead())
    with pytest.raises(Forbidden):
        change_person(session, agent, PersonChange(roles=(ADMINISTRATOR,)), by=lead())
    with pytest.raises(Forbidden):
        invite(session, person("publisher"), by=lead())
    change_person(session, agent, PersonChange(roles=("agent", "customer")), by=lead())
    assert invite(session, person("agent"), by=lead()).purpose == LinkPurpose.invitation


def test_nobody_shows_more_than_they_see(session: Session) -> None:
    here = lead({"country": ["SI", "HR"]})
    seen, unseen = add(session, "agent"), add(session, "agent")
    change_person(session, seen, PersonChange(scope={"country": ["SI"]}), by=ADMIN)
    for scope in ({}, {"country": ["PL"]}, {"product": ["box"]}):
        with pytest.raises(Forbidden, match="country"):
            change_person(session, seen, PersonChange(scope=scope), by=here)
        with pytest.raises(Forbidden):
            invite(session, NewUser("a@lipa.example", "Ana", ["agent"], scope=scope), by=here)
    with pytest.raises(Forbidden):
        send_link(session, unseen, by=here)
    change_person(session, seen, PersonChange(scope={"country": ["HR"], "x": ["y"]}), by=here)


def test_bad_input_is_named(session: Session) -> None:
    user_id = add(session, "agent")
    for change, field in (
        (PersonChange(name=" "), "name"),
        (PersonChange(roles=()), "roles"),
        (PersonChange(roles=("never_was",)), "roles"),
        (PersonChange(scope={"": ["x"]}), "scope"),
    ):
        with pytest.raises(InvalidInput) as refused:
            change_person(session, user_id, change, by=ADMIN)
        assert refused.value.details["field"] == field
    with pytest.raises(InvalidInput) as refused:
        invite(session, NewUser("nobody", "Ana", ["agent"]), by=ADMIN)
    assert refused.value.details["field"] == "email"
    with pytest.raises(NotFound):
        change_person(session, "usr_never", PersonChange(name="x"), by=ADMIN)


def test_open_sessions_of_everybody_are_listed(session: Session) -> None:
    limits = SessionLimits()
    ana = add(session, "agent", name="Ana")
    bor = add(session, ADMINISTRATOR, name="Bor")
    gone = add(session, "agent", name="Gone")
    for user_id in (ana, bor, ana, gone):
        start_session(session, user_id, Device("Firefox", "10.0.0.1"), limits)
    change_person(session, gone, PersonChange(state=UserState.disabled), by=ADMIN)
    found = list_open_sessions(session, limits)
    assert found.total == 3
    assert [(one.user.name, one.session.device) for one in found.items] == [
        ("Ana", "Firefox"),
        ("Bor", "Firefox"),
        ("Ana", "Firefox"),
    ]
    second = list_open_sessions(session, limits, paging=Paging(offset=2, limit=1))
    assert [one.session.id for one in second.items] == [found.items[2].session.id]
    assert sign_out_everywhere(session, ana, by=ADMIN) == 2
    assert [one.user.id for one in list_open_sessions(session, limits).items] == [bor]


def test_people_are_found_by_role(session: Session) -> None:
    ana, bor = add(session, "agent", name="Ana"), add(session, "agent", "publisher", name="Bor")
    assert [one.id for one in list_users(session, role="publisher").items] == [bor]
    assert [one.id for one in list_users(session, role="agent").items] == [ana, bor]
    assert list_users(session, role="nobody").items == ()
