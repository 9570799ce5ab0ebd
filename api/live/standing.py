"""Whether who opened a stream would still be let in, with the same eyes."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from api.auth.session_limits import limits_of
from api.auth.widget import principal_of, signer_of
from api.live.subscription import Standing
from api.state import Services
from kb.domain import ANONYMOUS, Principal, PrincipalKind
from kb.queries.credentials import session_owner
from kb.queries.keys import active_key
from kb.queries.roles import load_roles, permissions_of


def standing_of(services: Services, principal: Principal, token: str | None) -> Standing:
    """A look at the credential that `principal` was known by; `token` is what a widget showed.

    False, too, when the permissions or the scope are others by now: then what is shown is no
    longer what this one may see, and the stream begins anew.
    """

    def is_good(session: Session) -> bool:
        now = _now(session, services, principal, token)
        return now is not None and (now.permissions, now.scope) == (
            principal.permissions,
            principal.scope,
        )

    return is_good


def _now(
    session: Session, services: Services, was: Principal, token: str | None
) -> Principal | None:
    """Who the credential makes one now; None when it is not good any more."""
    kind, credential = was.kind, was.credential_id
    if kind == PrincipalKind.open_access:
        return was
    if kind == PrincipalKind.widget:
        grant = signer_of(services).read(token or "")
        return None if grant is None else principal_of(session, services, grant)
    if kind == PrincipalKind.api_key and credential is not None:
        key = active_key(session, credential)
        return None if key is None else replace(was, permissions=key.permissions, scope=key.scope)
    roles = load_roles(session)
    if kind == PrincipalKind.session and credential is not None:
        user = session_owner(session, credential, limits_of(services.settings))
        if user is None:
            return None
        return replace(was, permissions=permissions_of(roles, user.roles), scope=user.scope)
    if kind == PrincipalKind.anonymous:
        return replace(was, permissions=roles[ANONYMOUS])
    return None
