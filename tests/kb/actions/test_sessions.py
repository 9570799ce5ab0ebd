"""Sessions: tokens that change, limits, ends, and what is left of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.sessions import (
    Device,
    StartedSession,
    end_reused,
    end_session,
    renew_tokens,
    revoke_session,
    revoke_sessions,
    start_session,
    sweep_sessions,
    touch_session,
)
from kb.actions.users import set_roles
from kb.domain import AuditEntry, UserSession, utc_now
from kb.domain.session_rules import SessionLimits, Standing, next_token
from kb.errors import NotFound
from kb.queries.sessions import find_token, list_sessions
from tests.kb.people import add

LIMITS = SessionLimits()
KEY = b"k" * 32
SECOND = timedelta(seconds=1)


def _start(session: Session, user_id: str, label: str = "Firefox") -> StartedSession:
    return start_session(session, user_id, Device(label, "10.0.0.1"), LIMITS)


def _worth(session: Session, token: str) -> Standing | None:
    found = find_token(session, token, LIMITS)
    return found.standing if found else None


def _age(session: Session, session_id: str, **by: timedelta) -> None:
    """Put moments of a session back by so much."""
    row = session.get(UserSession, session_id, populate_existing=True)
    assert row is not None
    for name, span in by.items():
        setattr(row, name, getattr(row, name) - span)
    session.flush()


def _actions(session: Session) -> list[tuple[str, str]]:
    query = select(AuditEntry).where(col(AuditEntry.entity) == "session")
    return [(e.action, e.entity_id) for e in session.scalars(query.order_by(col(AuditEntry.id)))]


def test_a_session_has_a_token_that_is_stored_nowhere(session: Session) -> None:
    user_id = add(session)
    started = _start(session, user_id)
    row = session.scalars(select(UserSession)).one()
    assert len(started.token) == 43
    assert started.token not in repr(row)
    assert started.seconds == 7 * 24 * 3600
    assert _worth(session, started.token) == Standing.good
    assert _worth(session, started.token[:-1] + "x") is None
    assert _worth(session, row.token_hash) is None
    assert _actions(session) == [("sign_in", started.id)]


def test_most_requests_are_no_write(session: Session) -> None:
    started = _start(session, add(session))

    def is_due() -> bool:
        found = find_token(session, started.token, LIMITS)
        assert found is not None
        return found.touch

    assert not is_due()
    _age(session, started.id, seen_at=LIMITS.touch)
    assert is_due()
    assert touch_session(session, started.id, started.token, LIMITS, KEY) is None
    assert not is_due()


def test_the_token_changes_and_the_old_one_has_a_short_grace(session: Session) -> None:
    started = _start(session, add(session))
    _age(session, started.id, rotated_at=LIMITS.rotation)
    new = touch_session(session, started.id, started.token, LIMITS, KEY)
    assert new is not None
    assert len(new) == 43
    assert new != started.token
    # A browser that asked twice at once gets the same new token again.
    assert new == next_token(started.token, KEY) != next_token(started.token, b"x" * 32)
    assert touch_session(session, started.id, started.token, LIMITS, KEY) is None
    assert _worth(session, new) == Standing.good
    assert _worth(session, started.token) == Standing.replaced
    _age(session, started.id, rotated_at=LIMITS.grace + SECOND)
    assert _worth(session, started.token) == Standing.reused
    assert _worth(session, new) == Standing.good
    end_reused(session, started.id)
    assert _worth(session, new) == Standing.over
    assert _actions(session)[-1] == ("token_reused", started.id)


def test_of_requests_at_once_one_changes_the_token(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        started = _start(session, add(session))
        _age(session, started.id, rotated_at=LIMITS.rotation)

    def touch(_: int) -> str | None:
        with sessions.begin() as session:
            return touch_session(session, started.id, started.token, LIMITS, KEY)

    with ThreadPoolExecutor(6) as pool:
        changed = [token for token in pool.map(touch, range(6)) if token]
    assert changed == [next_token(started.token, KEY)]


@pytest.mark.parametrize(
    ("name", "span"), [("seen_at", LIMITS.idle), ("expires_at", LIMITS.absolute)]
)
def test_sessions_end_by_themselves(session: Session, name: str, span: timedelta) -> None:
    user_id = add(session)
    started = _start(session, user_id)
    _age(session, started.id, **{name: span - timedelta(minutes=1)})
    assert _worth(session, started.token) == Standing.good
    _age(session, started.id, **{name: timedelta(minutes=1)})
    assert _worth(session, started.token) == Standing.over
    assert list_sessions(session, user_id, LIMITS) == ()


def test_a_change_of_roles_changes_the_token(session: Session) -> None:
    user_id = add(session)
    started = _start(session, user_id)
    set_roles(session, user_id, ["manager"], actor="adm")
    found = find_token(session, started.token, LIMITS)
    assert found is not None
    assert found.touch
    assert found.user.roles == ("manager",)
    new = touch_session(session, started.id, started.token, LIMITS, KEY)
    assert new is not None
    renew_tokens(session, user_id)
    assert _worth(session, started.token) is None  # not even a grace
    assert _worth(session, new) == Standing.good


def test_one_or_all_can_be_ended(session: Session) -> None:
    user_id, other = add(session), add(session)
    a, b, c = (_start(session, user_id, label) for label in ("Firefox", "Chrome", "Safari"))
    mine = _start(session, other)
    _age(session, a.id, seen_at=2 * SECOND)
    _age(session, b.id, seen_at=SECOND)
    assert [view.device for view in list_sessions(session, user_id, LIMITS)] == [
        "Safari",
        "Chrome",
        "Firefox",
    ]
    with pytest.raises(NotFound):
        revoke_session(session, a.id, actor=other, user_id=other)
    with pytest.raises(NotFound):
        revoke_session(session, "ses_none", actor=other)
    revoke_session(session, a.id, actor=user_id, user_id=user_id)
    assert _worth(session, a.token) == Standing.over
    assert touch_session(session, a.id, a.token, LIMITS, KEY) is None
    assert revoke_sessions(session, user_id, actor="adm", keep=c.id) == 1
    assert [view.id for view in list_sessions(session, user_id, LIMITS)] == [c.id]
    end_session(session, c.id)
    end_session(session, c.id)
    end_session(session, "ses_none")
    assert revoke_sessions(session, user_id, actor="adm") == 0
    assert _worth(session, mine.token) == Standing.good
    ends = [entry for entry in _actions(session) if entry[0] != "sign_in"]
    assert ends == [("revoke", a.id), ("sign_out", c.id)]


def test_what_ended_is_deleted_after_a_day(session: Session) -> None:
    user_id = add(session)
    kept, ended, idle, expired = (_start(session, user_id) for _ in range(4))
    end_session(session, ended.id)
    assert sweep_sessions(session, LIMITS) == 0
    day = timedelta(days=1, minutes=1)
    _age(session, ended.id, revoked_at=day)
    _age(session, idle.id, seen_at=LIMITS.idle + day)
    _age(session, expired.id, expires_at=LIMITS.absolute + day)
    assert sweep_sessions(session, LIMITS) == 3
    assert [row.id for row in session.scalars(select(UserSession))] == [kept.id]
    assert utc_now() > session.scalars(select(UserSession)).one().created_at
