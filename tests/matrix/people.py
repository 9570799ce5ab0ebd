"""People, roles, API keys and sessions in every state there is, and the calls that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    ADMINISTRATOR,
    DEFAULT_ROLES,
    AccessRole,
    ApiKey,
    OneTimeLink,
    User,
    UserSession,
    UserState,
    utc_now,
)
from kb.domain.session_rules import token_hash
from tests.matrix.call import Call

USERS = {
    "usr_m_active": UserState.active,
    "usr_m_invited": UserState.invited,
    "usr_m_disabled": UserState.disabled,
}
KEYS = {"m_active": False, "m_revoked": True}
OWN = "ses_0000000000000001"  # of whoever calls
OPEN, ENDED = "ses_0000000000000002", "ses_0000000000000003"  # of somebody else
SESSIONS = {OPEN: False, ENDED: True}
NOBODY, NO_KEY, NO_SESSION, NO_ROLE = "usr_never", "m_never", "ses_00000000000000ff", "m_never"
DEFAULT, CUSTOM, HELD = "customer", "m_custom", "m_held"


def put_back(session: Session, caller: str | None) -> None:
    """Everything as it was, whatever the last call made of it."""
    session.execute(delete(OneTimeLink))
    for user_id, state in USERS.items():
        row = session.get(User, user_id) or User(
            id=user_id, email=f"{user_id}@lipa.example", name="Ana"
        )
        row.state, row.version, row.language, row.scope = state, 1, "en", {}
        row.roles = [DEFAULT, HELD] if state == UserState.active else [DEFAULT]
        row.password_hash = None if state == UserState.invited else "$argon2id$never"
        session.add(row)
    for key_id, is_revoked in KEYS.items():
        key = session.get(ApiKey, key_id) or ApiKey(
            id=key_id, name="matrix", secret_hash="0" * 64, permissions=["suggestions.ask"]
        )
        key.revoked_at = utc_now() if is_revoked else None
        session.add(key)
    session.flush()
    for session_id, is_over in SESSIONS.items():
        _put_session(session, session_id, "usr_m_active", is_over)
    _put_session(session, OWN, caller or "usr_m_active", False)
    _put_roles(session)


def calls() -> Iterator[Call]:
    """Every call on a person, a role, a key or a session."""
    for user_id, state in USERS.items():
        yield from _on_user(user_id, state)
    yield from _on_nobody()
    for route, done in (
        ("/api/v1/keys/{key_id}", "DELETE 204"),
        ("/people/keys/{key_id}/revoke", "POST 303"),
    ):
        for key_id in (*KEYS, NO_KEY):
            yield _call(done if key_id in KEYS else f"{done.split()[0]} 404", route, key_id=key_id)
    yield from _on_roles()
    yield from _on_sessions()


def _on_user(user_id: str, state: UserState) -> Iterator[Call]:
    api, page = "/api/v1/users/{user_id}", "/people/users/{user_id}"
    link = 409 if state == UserState.disabled else None
    yield _call("GET 200", api, user_id=user_id)
    yield _call("PATCH 200", api, {"json": {"name": "Eva"}}, user_id=user_id)
    for wanted in ("active", "disabled"):
        yield _call("PATCH 200", api, {"json": {"state": wanted}}, user_id=user_id)
    yield _call("PATCH 409", api, {"json": {"expected_version": 9}}, user_id=user_id)
    yield _call(f"POST {link or 201}", f"{api}/link", user_id=user_id)
    yield _call("GET 200", f"{api}/sessions", user_id=user_id)
    yield _call("DELETE 200", f"{api}/sessions", user_id=user_id)
    for session_id in (OPEN, ENDED, NO_SESSION):
        whose = user_id == "usr_m_active" and session_id in SESSIONS
        route = f"{api}/sessions/{{session_id}}"
        status = f"DELETE {204 if whose else 404}"
        yield _call(status, route, user_id=user_id, session_id=session_id)
    yield _call("GET 200", page, user_id=user_id)
    yield _call("POST 303", page, _form(name="Eva", roles=[DEFAULT]), user_id=user_id)
    yield _call("POST 422", page, _form(name="", roles=[DEFAULT]), user_id=user_id)
    yield _call("POST 303", f"{page}/disable", user_id=user_id)
    yield _call("POST 303", f"{page}/enable", user_id=user_id)
    yield _call(f"POST {link or 200}", f"{page}/link", user_id=user_id)
    yield _call("POST 303", f"{page}/sign-out", user_id=user_id)


def _on_nobody() -> Iterator[Call]:
    api, page = "/api/v1/users/{user_id}", "/people/users/{user_id}"
    for method, route in (
        ("GET", api),
        ("POST", f"{api}/link"),
        ("GET", f"{api}/sessions"),
        ("DELETE", f"{api}/sessions"),
        ("GET", page),
        ("POST", f"{page}/disable"),
        ("POST", f"{page}/enable"),
        ("POST", f"{page}/link"),
        ("POST", f"{page}/sign-out"),
    ):
        yield _call(f"{method} 404", route, user_id=NOBODY)
    yield _call("PATCH 404", api, {"json": {"name": "Eva"}}, user_id=NOBODY)
    route = f"{api}/sessions/{{session_id}}"
    yield _call("DELETE 404", route, user_id=NOBODY, session_id=OPEN)
    yield _call("POST 404", page, _form(name="Eva", roles=[DEFAULT]), user_id=NOBODY)


def _on_roles() -> Iterator[Call]:
    api, page = "/api/v1/roles/{name}", "/people/roles/{name}"
    asks = {"json": {"permissions": ["suggestions.ask"]}}
    form = _form(permissions=["suggestions.ask"])
    put = {DEFAULT: 200, ADMINISTRATOR: 409, CUSTOM: 200, HELD: 200, NO_ROLE: 201}
    delete_ = {DEFAULT: 204, ADMINISTRATOR: 204, CUSTOM: 204, HELD: 409, NO_ROLE: 404}
    saved = {DEFAULT: 303, ADMINISTRATOR: 409, CUSTOM: 303, HELD: 303, NO_ROLE: 404}
    reset = {DEFAULT: 303, ADMINISTRATOR: 303, CUSTOM: 404, HELD: 404, NO_ROLE: 404}
    gone = {DEFAULT: 409, ADMINISTRATOR: 409, CUSTOM: 303, HELD: 409, NO_ROLE: 404}
    for name in put:
        yield _call(f"PUT {put[name]}", api, asks, name=name)
        yield _call(f"DELETE {delete_[name]}", api, name=name)
        yield _call(f"GET {404 if name == NO_ROLE else 200}", page, name=name)
        yield _call(f"POST {saved[name]}", page, form, name=name)
        yield _call(f"POST {reset[name]}", f"{page}/reset", name=name)
        yield _call(f"POST {gone[name]}", f"{page}/delete", name=name)
    unknown = {"json": {"permissions": ["cases.burn"]}}
    yield _call("PUT 422", api, unknown, name=CUSTOM)


def _on_sessions() -> Iterator[Call]:
    """Each their own; those who manage sessions everybody's."""
    for session_id in (OWN, OPEN, ENDED, NO_SESSION):
        own = 204 if session_id == OWN else 404
        at = {"session_id": session_id}
        yield _call(f"DELETE {own}", "/api/v1/sessions/{session_id}", **at)
        yield _call("POST 303", "/account/sessions/{session_id}/revoke", **at)
        managed = 404 if session_id == NO_SESSION else 303
        yield _call(f"POST {managed}", "/people/sessions/{session_id}/revoke", **at)


def _call(done: str, route: str, given: Mapping[str, Any] | None = None, **values: str) -> Call:
    method, _, status = done.partition(" ")
    return Call(method, route, "", values, int(status), given=given or {}, prepare=put_back)


def _form(**fields: Any) -> dict[str, Any]:
    return {"data": {"language": "en", "scope": ""} | fields}


def _put_session(session: Session, session_id: str, user_id: str, is_over: bool) -> None:
    now = utc_now()
    row = session.get(UserSession, session_id) or UserSession(
        id=session_id,
        user_id=user_id,
        token_hash=token_hash(session_id),
        expires_at=now + timedelta(days=1),
    )
    row.user_id, row.seen_at = user_id, now
    row.revoked_at = now if is_over else None
    session.add(row)


def _put_roles(session: Session) -> None:
    session.execute(delete(AccessRole).where(col(AccessRole.name).in_([*DEFAULT_ROLES, NO_ROLE])))
    for name in (CUSTOM, HELD):
        role = session.get(AccessRole, name) or AccessRole(name=name, permissions=[])
        role.permissions = ["articles.read"]
        session.add(role)
