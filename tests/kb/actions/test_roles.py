"""Roles: made, changed, reset, deleted, and by whom."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.roles import NOT_FOR_STRANGERS, delete_role, reset_role, set_role
from kb.actions.saved import SaveStatus
from kb.actions.users import disable_user, set_roles
from kb.domain import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    EVERYTHING,
    AuditEntry,
    Permission,
    Principal,
    PrincipalKind,
)
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb.queries.roles import get_role, list_roles, load_roles
from tests.kb.people import add

ADMIN = Principal(PrincipalKind.session, "usr_admin", EVERYTHING, user_id="usr_admin")
FEW = Principal(
    PrincipalKind.session,
    "usr_few",
    DEFAULT_ROLES["agent"] | {Permission.manage_roles},
    user_id="usr_few",
)


def test_a_role_of_ones_own_is_made_changed_and_deleted(session: Session) -> None:
    asked = {"suggestions.ask", "articles.read"}
    assert set_role(session, "night_shift", asked, by=ADMIN) == SaveStatus.created
    assert set_role(session, "night_shift", asked, by=ADMIN) == SaveStatus.unchanged
    assert set_role(session, "night_shift", {"cases.read"}, by=ADMIN) == SaveStatus.changed
    found = get_role(session, "night_shift")
    assert found.permissions == {Permission.read_cases}
    assert (found.is_default, found.is_changed, found.people) == (False, False, 0)
    delete_role(session, "night_shift", by=ADMIN)
    assert "night_shift" not in load_roles(session)
    with pytest.raises(NotFound):
        get_role(session, "night_shift")
    noted = [(e.action, e.entity_id, e.details) for e in _entries(session)]
    assert noted == [
        ("create", "night_shift", {"added": sorted(asked), "removed": []}),
        (
            "set_permissions",
            "night_shift",
            {"added": ["cases.read"], "removed": sorted(asked)},
        ),
        ("delete", "night_shift", {"added": [], "removed": ["cases.read"]}),
    ]


def test_a_role_that_comes_along_is_changed_and_reset(session: Session) -> None:
    narrower = DEFAULT_ROLES["agent"] - {Permission.read_gaps}
    set_role(session, "agent", narrower, by=ADMIN)
    assert get_role(session, "agent").is_changed
    assert load_roles(session)["agent"] == narrower
    assert reset_role(session, "agent", by=ADMIN) == SaveStatus.changed
    assert reset_role(session, "agent", by=ADMIN) == SaveStatus.unchanged
    assert load_roles(session)["agent"] == DEFAULT_ROLES["agent"]
    assert not get_role(session, "agent").is_changed
    with pytest.raises(NotFound):
        reset_role(session, "never_was", by=ADMIN)
    with pytest.raises(Conflict):
        delete_role(session, "agent", by=ADMIN)


def test_saving_what_is_there_by_default_writes_nothing(session: Session) -> None:
    assert set_role(session, "agent", DEFAULT_ROLES["agent"], by=ADMIN) == SaveStatus.unchanged
    assert _entries(session) == []


def test_administrators_stay_able_to_do_everything(session: Session) -> None:
    with pytest.raises(Conflict, match="always do everything"):
        set_role(session, ADMINISTRATOR, {"cases.read"}, by=ADMIN)
    assert load_roles(session)[ADMINISTRATOR] == EVERYTHING


@pytest.mark.parametrize("name", ["", "Agents", "1st", "a b", "a-b", "é", "a" * 41, "agent\n"])
def test_names_are_plain(session: Session, name: str) -> None:
    with pytest.raises(InvalidInput, match="small letters") as refused:
        set_role(session, name, set(), by=ADMIN)
    assert refused.value.details == {"field": "name"}


def test_a_permission_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput, match=r"cases\.burn"):
        set_role(session, "odd", {"cases.read", "cases.burn"}, by=ADMIN)


@pytest.mark.parametrize("permission", sorted(NOT_FOR_STRANGERS))
def test_strangers_get_nothing_that_guards_others(session: Session, permission: str) -> None:
    with pytest.raises(InvalidInput, match="without signing in"):
        set_role(session, ANONYMOUS, {permission}, by=ADMIN)


def test_nobody_gives_or_takes_what_they_lack(session: Session) -> None:
    with pytest.raises(Forbidden, match=r"users\.manage"):
        set_role(session, "mine", {"users.manage"}, by=FEW)
    with pytest.raises(Forbidden, match="yourself"):
        set_role(session, "publisher", {"suggestions.ask"}, by=FEW)
    kept = DEFAULT_ROLES["publisher"] - {Permission.read_gaps}
    assert set_role(session, "publisher", kept, by=FEW) == SaveStatus.changed
    set_role(session, "manager", {"suggestions.ask"}, by=ADMIN)
    with pytest.raises(Forbidden):
        reset_role(session, "manager", by=FEW)


def test_a_role_that_somebody_has_cannot_be_deleted(session: Session) -> None:
    set_role(session, "night_shift", {"cases.read"}, by=ADMIN)
    add(session, ADMINISTRATOR)
    person = add(session, "agent", "night_shift")
    disable_user(session, person, actor="test")
    assert get_role(session, "night_shift").people == 1  # they may come back
    with pytest.raises(Conflict, match="1 people have this role"):
        delete_role(session, "night_shift", by=ADMIN)
    set_roles(session, person, ["agent"], actor="test")
    delete_role(session, "night_shift", by=ADMIN)


def test_roles_are_listed_with_how_many_have_them(session: Session) -> None:
    for role in ("zebra", "alpha"):
        set_role(session, role, {"cases.read"}, by=ADMIN)
    add(session, "agent", "alpha")
    add(session, "agent")
    found = {role.name: role for role in list_roles(session)}
    assert list(found) == [*DEFAULT_ROLES, "alpha", "zebra"]
    assert {name: role.people for name, role in found.items() if role.people} == {
        "agent": 2,
        "alpha": 1,
    }
    assert all(role.is_default == (name in DEFAULT_ROLES) for name, role in found.items())


def _entries(session: Session) -> list[AuditEntry]:
    query = select(AuditEntry).where(col(AuditEntry.entity) == "role").order_by(col(AuditEntry.id))
    return list(session.scalars(query))
