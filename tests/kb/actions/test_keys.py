"""API keys: made no wider than their creator, found by their secret, revoked at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.actions.keys import (
    KeyInput,
    NewKey,
    choose_permissions,
    create_key,
    is_noted,
    note_key_use,
    revoke_key,
)
from kb.domain import (
    DEFAULT_ROLES,
    EVERYTHING,
    AccessRole,
    ApiKey,
    AuditEntry,
    Permission,
    Principal,
    PrincipalKind,
    utc_now,
)
from kb.domain.key_token import KeyToken
from kb.errors import Forbidden, InvalidInput, NotFound, SignInNeeded
from kb.queries.keys import KeyState, KeyView, active_key, check_key, list_keys
from tests.kb.builders import audited

ADMIN = Principal(PrincipalKind.session, "usr_admin", EVERYTHING)
ASK = frozenset({Permission.ask, Permission.read_cases})


def _make(session: Session, creator: Principal = ADMIN, **changes: object) -> NewKey:
    given = KeyInput("Helpdesk", ASK)
    return create_key(session, replace(given, **changes), creator)  # type: ignore[arg-type]


def _check(session: Session, text: str, now: datetime | None = None) -> KeyView | None:
    token = KeyToken.parse(text)
    assert token is not None
    return check_key(session, token, now)


def test_a_key_is_found_by_its_secret_of_which_only_a_hash_is_kept(session: Session) -> None:
    made = _make(session)
    assert made.token.startswith(f"potica_{made.key.id}_")
    found = _check(session, made.token)
    assert found is not None
    assert (found.name, found.permissions, found.created_by) == ("Helpdesk", ASK, "usr_admin")
    secret = made.token.split("_", 2)[2]
    row = session.scalars(select(ApiKey)).one()
    assert row.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.entity_id, entry.actor) == ("create", made.key.id, "usr_admin")
    assert entry.details["permissions"] == ["cases.read", "suggestions.ask"]
    assert secret not in str(entry.details)


def test_another_secret_or_id_finds_nothing(session: Session) -> None:
    made, other = _make(session), _make(session)
    secret = other.token.split("_", 2)[2]
    for text in (f"potica_{made.key.id}_{secret}", f"potica_{'0' * 16}_{secret}"):
        assert _check(session, text) is None
    assert len({made.token, other.token}) == 2


@pytest.mark.parametrize(
    "text",
    ["", "potica_", "potica_1_2", "Potica_{id}_{secret}", "potica_{id}_{secret}\n", "ey.a.b"],
)
def test_other_texts_are_no_keys(text: str) -> None:
    assert KeyToken.parse(text.format(id="0" * 16, secret="a" * 43)) is None


def test_a_key_may_do_no_more_than_its_creator(session: Session) -> None:
    agent = replace(ADMIN, permissions=DEFAULT_ROLES["agent"])
    assert _make(session, agent).key.permissions == ASK
    with pytest.raises(Forbidden, match=r"users\.manage"):
        _make(session, agent, permissions=ASK | {Permission.manage_users})
    with pytest.raises(InvalidInput, match="at least one"):
        _make(session, permissions=frozenset())


def test_a_key_sees_no_more_than_its_creator(session: Session) -> None:
    scope = {"country": ["GB", "SI"], "brand": ["post"]}
    creator = replace(ADMIN, scope=scope)
    assert _make(session, creator).key.scope == scope
    narrow = _make(session, creator, scope={"country": ["SI"], "product": ["locker"]}).key
    assert narrow.scope == {"country": ["SI"], "brand": ["post"], "product": ["locker"]}
    with pytest.raises(Forbidden, match="scope"):
        _make(session, creator, scope={"country": ["SI", "PL"]})
    with pytest.raises(InvalidInput, match="country"):
        _make(session, creator, scope={"country": []})


def test_an_expired_key_is_not_good(session: Session) -> None:
    made = _make(session, expires_at=utc_now() + timedelta(days=1))
    assert _check(session, made.token) is not None
    later = utc_now() + timedelta(days=1, seconds=1)
    assert _check(session, made.token, later) is None
    assert made.key.state_at(later) == KeyState.expired
    with pytest.raises(InvalidInput, match="past"):
        _make(session, expires_at=utc_now() - timedelta(seconds=1))
    with pytest.raises(InvalidInput, match="time zone"):
        _make(session, expires_at=datetime(2090, 1, 1))


def test_a_revoked_key_is_not_good_nor_are_those_it_made(session: Session) -> None:
    made, bystander = _make(session, permissions=EVERYTHING), _make(session)
    itself = Principal(
        PrincipalKind.api_key, f"key:{made.key.id}", EVERYTHING, credential_id=made.key.id
    )
    child = _make(session, itself)
    assert child.key.created_by == f"key:{made.key.id}"
    for _ in range(2):
        revoke_key(session, made.key.id, actor="eva")
    assert _check(session, made.token) is None
    assert active_key(session, child.key.id) is None
    assert _check(session, bystander.token) is not None
    assert audited(session)[-2:] == [("revoke", made.key.id), ("revoke", child.key.id)]
    with pytest.raises(SignInNeeded):
        _make(session, itself)
    with pytest.raises(NotFound, match="nothing"):
        revoke_key(session, "nothing", actor="eva")


def test_use_is_noted_once_a_minute(session: Session) -> None:
    made, other, first = _make(session), _make(session), utc_now()
    notes = []
    for seconds in (0, 30, 59, 61):
        now = first + timedelta(seconds=seconds)
        key = active_key(session, made.key.id)
        assert key is not None
        notes.append(is_noted(key, now))
        note_key_use(session, made.key.id, now)
    assert notes == [False, True, True, False]
    used = active_key(session, made.key.id)
    assert used is not None
    assert used.used_at == first + timedelta(seconds=61)
    unused = active_key(session, other.key.id)
    assert unused is not None
    assert unused.used_at is None


def test_the_list_has_all_the_newest_first(session: Session) -> None:
    ids = [_make(session, name=f"Key {number}").key.id for number in range(3)]
    revoke_key(session, ids[0], actor="eva")
    page = list_keys(session)
    assert [key.id for key in page.items] == ids[::-1]
    assert page.items[2].state_at(utc_now()) == KeyState.revoked


def test_permissions_are_chosen_by_name_or_like_a_role(session: Session) -> None:
    session.add(AccessRole(name="robot", permissions=["metrics.read"]))
    session.flush()
    assert choose_permissions(session, ["suggestions.ask", "cases.read"], None) == ASK
    assert choose_permissions(session, [], "agent") == DEFAULT_ROLES["agent"]
    both = choose_permissions(session, ["suggestions.ask"], "robot")
    assert both == {Permission.ask, Permission.read_metrics}
    with pytest.raises(InvalidInput, match=r"users\.manage"):  # the list to choose from
        choose_permissions(session, ["users"], None)
    with pytest.raises(InvalidInput, match="robot"):
        choose_permissions(session, [], "agents")


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 201])
def test_a_key_has_a_name(session: Session, name: str) -> None:
    with pytest.raises(InvalidInput):
        _make(session, name=name)
