"""People: invited, let in, changed, shut out; links that work once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.links import LIFETIMES
from kb.actions.sessions import Device, start_session
from kb.actions.users import (
    NewUser,
    accept_invitation,
    change_password,
    check_reach,
    disable_user,
    enable_user,
    invite_user,
    keep_rehashed,
    request_reset,
    reset_password,
    send_link_again,
    set_password,
    set_roles,
    set_scope,
    update_user,
)
from kb.domain import (
    DEFAULT_ROLES,
    EVERYTHING,
    AuditEntry,
    LinkPurpose,
    OneTimeLink,
    User,
    UserState,
    utc_now,
)
from kb.domain.session_rules import SessionLimits
from kb.errors import Conflict, Forbidden, InvalidInput, LinkRefused, NotFound, SignInFailed
from kb.passwords import NewPassword
from kb.queries.paging import Paging
from kb.queries.sessions import find_token, list_sessions
from kb.queries.users import (
    administrators,
    find_user,
    get_credentials,
    get_user,
    link_owner,
    list_users,
)
from tests.kb.people import add, hashed, person

LIMITS = SessionLimits()
OTHER = NewPassword("$argon2id$v=19$m=8,t=1,p=1$b3RoZXI$b3RoZXI")


def _start(session: Session, user_id: str) -> str:
    return start_session(session, user_id, Device("Firefox", "10.0.0.1"), LIMITS).token


def _is_in(session: Session, token: str) -> bool:
    found = find_token(session, token, LIMITS)
    return found is not None and found.standing == "good"


def test_an_invitation_lets_its_owner_in_once(session: Session) -> None:
    link = invite_user(session, person(email=" Ana@Lipa.example "), actor="cli")
    assert link.path == f"/invitation/{link.token}"
    assert timedelta(days=6, hours=23) < link.expires_at - utc_now() <= timedelta(days=7)
    user = find_user(session, "ANA@lipa.example")
    assert user is not None
    assert (user.state, user.has_password, user.email) == ("invited", False, "ana@lipa.example")
    with pytest.raises(SignInFailed):
        _start(session, user.id)
    assert link_owner(session, link.token, LinkPurpose.invitation) == user
    assert link_owner(session, link.token, LinkPurpose.reset) is None
    with pytest.raises(LinkRefused):
        reset_password(session, link.token, hashed())
    assert accept_invitation(session, link.token, hashed()) == user.id
    assert get_user(session, user.id).state == "active"
    assert _is_in(session, _start(session, user.id))
    assert link_owner(session, link.token, LinkPurpose.invitation) is None
    with pytest.raises(LinkRefused):
        accept_invitation(session, link.token, OTHER)
    assert get_credentials(session, user.id).password_hash == hashed().hash


def test_of_two_that_use_a_link_at_once_one_gets_in(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        link = invite_user(session, person(), actor="cli")

    def use(_: int) -> bool:
        try:
            with sessions.begin() as session:
                accept_invitation(session, link.token, hashed())
        except LinkRefused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(use, range(6))) == 1


def test_the_token_of_a_link_is_not_stored(session: Session) -> None:
    link = invite_user(session, person(), actor="cli")
    row = session.scalars(select(OneTimeLink)).one()
    assert link.token not in repr(row)
    assert len(row.token_hash) == 64


def test_a_new_link_replaces_the_older_ones(session: Session) -> None:
    first = invite_user(session, person(), actor="cli")
    second = send_link_again(session, first.user_id, actor="cli")
    assert second.purpose == LinkPurpose.invitation
    with pytest.raises(LinkRefused):
        accept_invitation(session, first.token, hashed())
    accept_invitation(session, second.token, hashed())
    assert send_link_again(session, first.user_id, actor="cli").purpose == LinkPurpose.reset


@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_link_that_is_too_old_is_refused(session: Session, purpose: LinkPurpose) -> None:
    link = invite_user(session, person(), actor="cli")
    if purpose == LinkPurpose.reset:
        accept_invitation(session, link.token, hashed())
        link = send_link_again(session, link.user_id, actor="cli")
    row = session.scalars(select(OneTimeLink).where(col(OneTimeLink.used_at).is_(None))).one()
    assert row.expires_at - row.created_at == LIFETIMES[purpose]
    row.expires_at = utc_now() - timedelta(seconds=1)
    session.flush()
    assert link_owner(session, link.token, purpose) is None
    spend = accept_invitation if purpose == LinkPurpose.invitation else reset_password
    with pytest.raises(LinkRefused):
        spend(session, link.token, OTHER)


def test_a_reset_ends_every_session(session: Session) -> None:
    user_id = add(session, email="eva@lipa.example")
    token = _start(session, user_id)
    link = request_reset(session, "Eva@lipa.example ")
    assert link is not None
    assert link.expires_at - utc_now() <= timedelta(minutes=30)
    assert _is_in(session, token)  # asking alone changes nothing
    assert reset_password(session, link.token, OTHER) == user_id
    assert not _is_in(session, token)
    assert list_sessions(session, user_id, LIMITS) == ()
    assert get_credentials(session, user_id).password_hash == OTHER.hash


def test_who_gets_no_link_to_a_new_password(session: Session) -> None:
    invite_user(session, person(email="invited@lipa.example"), actor="cli")
    add(session, email="disabled@lipa.example")
    provider = add(session, email="provider@lipa.example")
    disabled = find_user(session, "disabled@lipa.example")
    assert disabled is not None
    disable_user(session, disabled.id, actor="cli")
    row = session.get(User, provider)
    assert row is not None
    row.password_hash, row.subject = None, "https://id.example|1"
    session.flush()
    for email in ("invited", "disabled", "provider", "nobody"):
        assert request_reset(session, f"{email}@lipa.example") is None
    with pytest.raises(Conflict, match="enable"):
        send_link_again(session, disabled.id, actor="cli")


def test_disabling_shuts_out_at_once_and_enabling_lets_in_again(session: Session) -> None:
    user_id = add(session, email="jan@lipa.example")
    token, link = _start(session, user_id), request_reset(session, "jan@lipa.example")
    assert link is not None
    disable_user(session, user_id, actor="adm")
    disable_user(session, user_id, actor="adm")
    assert not _is_in(session, token)
    with pytest.raises(SignInFailed):
        _start(session, user_id)
    enable_user(session, user_id, actor="adm")
    assert not _is_in(session, token)  # old sessions stay over
    with pytest.raises(LinkRefused):  # and so do old links
        reset_password(session, link.token, OTHER)
    assert _is_in(session, _start(session, user_id))
    invited = invite_user(session, person(), actor="adm")
    disable_user(session, invited.user_id, actor="adm")
    enable_user(session, invited.user_id, actor="adm")
    assert get_user(session, invited.user_id).state == UserState.invited


def test_the_last_administrator_stays(session: Session) -> None:
    first = add(session, "administrator", "agent")
    invite_user(session, person("administrator"), actor="cli")  # cannot sign in yet
    for refused in (
        lambda: set_roles(session, first, ["agent"], actor="cli"),
        lambda: disable_user(session, first, actor="cli"),
    ):
        with pytest.raises(Conflict, match="only administrator"):
            refused()
    set_roles(session, first, ["administrator"], actor="cli")
    second = add(session, "administrator")
    set_roles(session, first, ["agent"], actor="cli")
    assert administrators(session) == (second,)
    disable_user(session, first, actor="cli")


def test_a_change_of_password_keeps_the_session_it_is_made_in(session: Session) -> None:
    user_id = add(session)
    here, there = _start(session, user_id), _start(session, user_id)
    found = find_token(session, here, LIMITS)
    assert found is not None
    with pytest.raises(Conflict):
        change_password(session, user_id, OTHER, old_hash="another", keep=found.session.id)
    change_password(session, user_id, OTHER, old_hash=hashed().hash, keep=found.session.id)
    assert (_is_in(session, here), _is_in(session, there)) == (True, False)
    after = find_token(session, here, LIMITS)
    assert after is not None
    assert after.touch  # its token changes with the next request
    set_password(session, user_id, hashed(), actor="cli")
    assert not _is_in(session, here)


def test_newer_parameters_never_undo_a_change(session: Session) -> None:
    user_id = add(session)
    keep_rehashed(session, user_id, "what it was before", OTHER)
    assert get_credentials(session, user_id).password_hash == hashed().hash
    keep_rehashed(session, user_id, hashed().hash, OTHER)
    assert get_credentials(session, user_id).password_hash == OTHER.hash


def test_roles_scope_name_and_language(session: Session) -> None:
    user_id = add(session)
    set_roles(session, user_id, ["publisher", "manager", "publisher"], actor="adm")
    set_scope(session, user_id, {"country": ["SI", "PL", "SI"], "empty": []}, actor="adm")
    update_user(session, user_id, actor="adm", name="  Łucja\n Nowak ", language="pl")
    user = get_user(session, user_id)
    assert user.roles == ("manager", "publisher")
    assert user.scope == {"country": ["PL", "SI"]}
    assert (user.name, user.language) == ("Łucja Nowak", "pl")
    version = user.version
    set_roles(session, user_id, ["manager", "publisher"], actor="adm")
    set_scope(session, user_id, {"country": ["SI", "PL"]}, actor="adm")
    update_user(session, user_id, actor="adm", name="Łucja Nowak")
    assert get_user(session, user_id).version == version == 4


@pytest.mark.parametrize(
    "bad",
    [
        NewUser("no-at-sign", "A", ["agent"]),
        NewUser("a@b@c", "A", ["agent"]),
        NewUser("a b@c.example", "A", ["agent"]),
        NewUser("a@c.example\r\nBcc: x@y.example", "A", ["agent"]),
        NewUser("a@" + "c" * 300, "A", ["agent"]),
        NewUser("a@c.example", " ", ["agent"]),
        NewUser("a@c.example", "A" * 201, ["agent"]),
        NewUser("a@c.example", "A\x00", ["agent"]),
        NewUser("a@c.example", "A\x1b[2J", ["agent"]),
        NewUser("a@c.example", "A", []),
        NewUser("a@c.example", "A", ["anonymous"]),
        NewUser("a@c.example", "A", ["king"]),
        NewUser("a@c.example", "A", ["agent"], "no language"),
        NewUser("a@c.example", "A", ["agent"], "en", {"country": [""]}),
        NewUser("a@c.example", "A", ["agent"], "en", {"c" * 121: ["x"]}),
    ],
)
def test_what_no_account_can_be_made_of(session: Session, bad: NewUser) -> None:
    with pytest.raises(InvalidInput):
        invite_user(session, bad, actor="cli")


def test_an_email_has_one_account(sessions: sessionmaker[Session]) -> None:
    def make(_: int) -> bool:
        try:
            with sessions.begin() as session:
                invite_user(session, person(email="Same@lipa.example"), actor="cli")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(make, range(4))) == 1


def test_people_that_are_not_there(session: Session) -> None:
    for call in (
        lambda: send_link_again(session, "usr_none", actor="x"),
        lambda: change_password(session, "usr_none", OTHER, old_hash=None),
        lambda: set_password(session, "usr_none", OTHER, actor="x"),
        lambda: set_roles(session, "usr_none", ["agent"], actor="x"),
        lambda: set_scope(session, "usr_none", {}, actor="x"),
        lambda: update_user(session, "usr_none", actor="x"),
        lambda: disable_user(session, "usr_none", actor="x"),
        lambda: enable_user(session, "usr_none", actor="x"),
        lambda: get_user(session, "usr_none"),
        lambda: get_credentials(session, "usr_none"),
    ):
        with pytest.raises(NotFound):
            call()


def test_nobody_gives_more_than_they_have(session: Session) -> None:
    check_reach(session, EVERYTHING, ["administrator"])
    check_reach(session, DEFAULT_ROLES["publisher"], ["agent", "domain_expert"])
    with pytest.raises(Forbidden):
        check_reach(session, DEFAULT_ROLES["manager"], ["publisher"])


def test_people_are_found_with_and_without_diacritics(session: Session) -> None:
    for name, email in (
        ("Łukasz Wójcik", "lw@lipa.example"),
        ("Žiga Zajc", "zz@lipa.example"),
        ("Anna 100%", "anna@lipa.example"),
    ):
        add(session, email=email, name=name)
    invite_user(session, person(name="Božena", email="b@lipa.example"), actor="cli")

    def names(text: str = "", **more: object) -> list[str]:
        return [user.name for user in list_users(session, text=text, **more).items]  # type: ignore[arg-type]

    assert names() == ["Anna 100%", "Božena", "Łukasz Wójcik", "Žiga Zajc"]
    assert names("lukasz wojcik") == names("ŁUKASZ") == ["Łukasz Wójcik"]
    assert names("ZZ@") == ["Žiga Zajc"]
    assert names("100%") == ["Anna 100%"]
    assert names("_") == []
    assert names(state=UserState.invited) == ["Božena"]
    page = list_users(session, paging=Paging(1, 2))
    assert ([user.name for user in page.items], page.total) == (["Božena", "Łukasz Wójcik"], 4)


def test_the_audit_names_nobody(session: Session) -> None:
    link = invite_user(session, person(email="ana@lipa.example", name="Ana Kos"), actor="usr_adm")
    accept_invitation(session, link.token, hashed())
    set_roles(session, link.user_id, ["manager"], actor="usr_adm")
    update_user(session, link.user_id, actor="usr_adm", name="Ana Novak")
    disable_user(session, link.user_id, actor="usr_adm")
    entries = session.scalars(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("usr_adm", "invite"),
        (link.user_id, "accept_invitation"),
        ("usr_adm", "set_roles"),
        ("usr_adm", "update"),
        ("usr_adm", "disable"),
    ]
    assert all(entry.entity_id == link.user_id for entry in entries)
    text = json.dumps([entry.details for entry in entries])
    for secret in ("Ana", "Novak", "lipa", link.token, hashed().hash):
        assert secret not in text
