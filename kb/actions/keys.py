"""API keys of integrations: made, revoked, and their use noted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_text, to_utc
from kb.db import advisory_lock
from kb.domain import ApiKey, Facets, Permission, Permissions, Principal, PrincipalKind, utc_now
from kb.domain.key_token import KeyToken
from kb.domain.scope import is_within
from kb.errors import Forbidden, InvalidInput, NotFound, SignInNeeded
from kb.queries.keys import KeyView, active_key, key_view
from kb.queries.roles import load_roles

MAX_NAME = 200
_LOCK = "keys"
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyInput:
    """What a key is for. `scope` confines it to facet values; no `expires_at`: until revoked."""

    name: str
    permissions: Permissions
    scope: Facets = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """`token` is shown once: nobody can find it out later."""

    token: str
    key: KeyView


def create_key(session: Session, given: KeyInput, creator: Principal) -> NewKey:
    """Make a key that may do no more, and see no more, than its creator.

    Raises InvalidInput for a key without name or permissions or one that is expired already,
    Forbidden for one that would be wider than its creator, SignInNeeded when the creator is a
    key that was revoked meanwhile.
    """
    _check_creator(session, creator)
    check_text(given.name, "name", needed=True)
    if len(given.name) > MAX_NAME:
        raise InvalidInput(
            f"The name of a key has at most {MAX_NAME} characters: shorten it.", field="name"
        )
    expires_at = to_utc(given.expires_at, "expires_at")
    if expires_at is not None and expires_at <= utc_now():
        raise InvalidInput(
            "expires_at is past already: give a moment to come, or leave it out.",
            field="expires_at",
        )
    token = KeyToken.new()
    row = ApiKey(
        id=token.key_id,
        name=given.name.strip(),
        secret_hash=token.secret_hash,
        permissions=_allowed(given.permissions, creator),
        scope=confined(given.scope, creator),
        created_by=creator.actor,
        expires_at=expires_at,
    )
    session.add(row)
    audit.record(
        session,
        creator.actor,
        "create",
        "key",
        row.id,
        permissions=row.permissions,
        expires_at=None if expires_at is None else expires_at.isoformat(),
    )
    session.flush()
    return NewKey(token.text, key_view(row))


def revoke_key(session: Session, key_id: str, *, actor: str) -> None:
    """Nobody gets in with it, or with a key that it made, from the commit on. Raises NotFound.

    Revoking it again changes nothing.
    """
    advisory_lock(session, _LOCK)
    row = session.get(ApiKey, key_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no key {key_id[:40]!r}: look up the list of keys.")
    if row.revoked_at is not None:
        return
    row.revoked_at = utc_now()
    audit.record(session, actor, "revoke", "key", row.id)
    session.flush()
    made = select(col(ApiKey.id)).where(col(ApiKey.created_by) == f"key:{row.id}")
    for child in session.scalars(made).all():
        revoke_key(session, child, actor=actor)


def note_key_use(session: Session, key_id: str, now: datetime) -> None:
    """Remember when it was last used, to the minute: not every call needs to write."""
    stale = or_(col(ApiKey.used_at).is_(None), col(ApiKey.used_at) <= now - NOTED_EVERY)
    session.execute(
        update(ApiKey).where(col(ApiKey.id) == key_id, stale).values(used_at=now),
        execution_options={"synchronize_session": False},
    )


def is_noted(key: KeyView, now: datetime) -> bool:
    """Whether the key's use was noted less than a minute ago."""
    return key.used_at is not None and key.used_at > now - NOTED_EVERY


def confined(wanted: Facets, creator: Principal) -> Facets:
    """The scope given, within the creator's; facets that it does not name stay as theirs are.

    Raises InvalidInput for a facet without a value, Forbidden for a scope wider than theirs.
    """
    for name, values in wanted.items():
        if not values:
            raise InvalidInput(
                f"The facet {name[:60]!r} has no value: name one or leave it out.", field="scope"
            )
    if not is_within(creator.scope, wanted):
        raise Forbidden("You do not see all of this scope yourself: choose from your own.")
    return {**creator.scope, **wanted}


def choose_permissions(session: Session, names: Iterable[str], like: str | None) -> Permissions:
    """Those named, and those of the role that the key should be like. Raises InvalidInput."""
    known = {str(permission): permission for permission in Permission}
    names = list(names)
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise InvalidInput(
            f"There is no permission {unknown[0][:60]!r}: choose from {', '.join(known)}.",
            field="permissions",
        )
    chosen = frozenset(known[name] for name in names)
    if like is None:
        return chosen
    roles = load_roles(session)
    if like not in roles:
        raise InvalidInput(f"There is no role {like[:60]!r}: choose from {', '.join(roles)}.")
    return chosen | roles[like]


def _check_creator(session: Session, creator: Principal) -> None:
    """What a revoked key had made is revoked with it: nothing may slip in after that."""
    if creator.kind != PrincipalKind.api_key:
        return
    advisory_lock(session, _LOCK)
    if active_key(session, creator.credential_id or "") is None:
        raise SignInNeeded("This key is not good any more: use another.")


def _allowed(wanted: Permissions, creator: Principal) -> list[str]:
    if not wanted:
        raise InvalidInput(
            "A key without permissions can do nothing: name at least one.", field="permissions"
        )
    missing = sorted(wanted - creator.permissions)
    if missing:
        raise Forbidden(
            f"You lack {', '.join(missing)} yourself: leave it out, or ask somebody who has it."
        )
    return sorted(str(permission) for permission in wanted)
