"""From an API key to a principal."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import OperationalError

from api.state import Services
from kb.actions.keys import is_noted, note_key_use
from kb.domain import Principal, PrincipalKind, utc_now
from kb.domain.key_token import KeyToken
from kb.queries.keys import KeyView, check_key

log = structlog.get_logger("potica.keys")


def key_principal(services: Services, token: KeyToken) -> Principal | None:
    """Who speaks with this key; None when it is unknown, wrong, revoked or expired."""
    now = utc_now()
    with services.readers() as session:
        key = check_key(session, token, now)
    if key is None:
        return None
    if not is_noted(key, now):
        _note(services, key)
    return Principal(
        PrincipalKind.api_key,
        f"key:{key.id}",
        key.permissions,
        credential_id=key.id,
        name=key.name,
        scope=key.scope,
    )


def _note(services: Services, key: KeyView) -> None:
    """A database that takes no writes just now must not keep anybody from reading."""
    try:
        with services.engine.session_factory.begin() as session:
            note_key_use(session, key.id, utc_now())
    except OperationalError as error:
        log.warning("key_use_not_noted", key=key.id, kind=type(error.orig).__name__)
