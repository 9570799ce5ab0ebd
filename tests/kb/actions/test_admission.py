"""Who comes through an identity provider: known, linked, new, or not let in."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.admission import admit
from kb.domain import User, UserState
from kb.domain.provider import Admission, ProvidedIdentity, Refusal
from tests.kb.builders import audited

JANA = ProvidedIdentity(
    subject="https://id.example|1",
    email="Jana@Lipa.Example ",
    is_verified=True,
    name="Jana\u202e  Novak\n",
    language="sl",
    roles=("agent",),
)


def _local(session: Session, **values: object) -> User:
    fields = {"id": "usr_local", "email": "jana@lipa.example", "name": "J", "roles": ["manager"]}
    user = User(**(fields | {"state": UserState.active} | values))
    session.add(user)
    session.flush()
    return user


def _only(session: Session) -> User:
    return session.scalars(select(User)).one()


def test_a_new_person_gets_an_account(session: Session) -> None:
    admission = admit(session, JANA, allow_new=True)
    user = _only(session)
    assert admission == Admission(user.id)
    assert (user.email, user.name, user.roles) == ("jana@lipa.example", "Jana Novak", ["agent"])
    assert audited(session) == [("create", user.id)]
    assert admit(session, JANA, allow_new=False) == admission  # known from now on
    assert audited(session) == [("create", user.id)]


def test_a_name_that_cannot_be_shown_is_the_email(session: Session) -> None:
    admit(session, replace(JANA, name="\u200b\x00 "), allow_new=True)
    assert _only(session).name == "jana@lipa.example"


def test_a_local_account_is_linked_once(session: Session) -> None:
    local = _local(session, state=UserState.invited)
    assert admit(session, JANA, allow_new=False) == Admission(local.id)
    assert (local.subject, local.state) == (JANA.subject, UserState.active)
    assert local.roles == ["agent"]
    other = replace(JANA, subject="https://id.example|2")
    assert admit(session, other, allow_new=True) == Admission(refusal=Refusal.taken)
    assert [action for action, _ in audited(session)] == ["link_provider", "set_roles", "update"]


@pytest.mark.parametrize(
    ("account", "said", "refusal"),
    [
        ({}, {"is_verified": None}, Refusal.unverified),
        ({}, {"is_verified": False}, Refusal.unverified),
        ({}, {"roles": ()}, Refusal.no_role),
        ({}, {"email": None}, Refusal.no_email),
        ({}, {"subject": "s" * 501}, Refusal.failed),
        ({}, {"subject": "a\x00b"}, Refusal.failed),
        ({"state": UserState.disabled}, {}, Refusal.disabled),
        ({"subject": "other|1"}, {}, Refusal.taken),
    ],
)
def test_a_refusal_changes_nothing(
    session: Session, account: dict[str, object], said: dict[str, object], refusal: Refusal
) -> None:
    local = _local(session, **account)
    who = replace(JANA, **said)  # type: ignore[arg-type]
    assert admit(session, who, allow_new=True) == Admission(refusal=refusal)
    assert (local.roles, local.subject) == (["manager"], account.get("subject"))
    assert audited(session) == []


def test_an_email_that_belongs_to_another_stays_theirs(session: Session) -> None:
    admit(session, JANA, allow_new=True)
    other = _local(session, email="taken@lipa.example")
    moved = replace(JANA, email="taken@lipa.example")
    assert admit(session, moved, allow_new=True).refusal is None
    session.flush()
    emails = set(session.scalars(select(col(User.email))))
    assert emails == {"jana@lipa.example", other.email}
    unverified = replace(JANA, email="new@lipa.example", is_verified=None)
    admit(session, unverified, allow_new=True)
    assert set(session.scalars(select(col(User.email)))) == emails


def test_who_comes_in_twice_at_once_gets_one_account(sessions: sessionmaker[Session]) -> None:
    found: list[Admission] = []

    def come() -> None:
        with sessions.begin() as session:
            found.append(admit(session, JANA, allow_new=True))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({admission.user_id for admission in found}) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1
