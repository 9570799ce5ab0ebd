"""From a request to a principal: API key or widget token, session cookie, or nobody known."""

from __future__ import annotations

from fastapi import Request

from api.state import services_of
from kb.domain import ANONYMOUS, EVERYTHING, Principal, PrincipalKind
from kb.queries.roles import load_roles


def identify(request: Request) -> Principal:
    """Who asks. Raises SignInNeeded when a credential is given that is not good any more."""
    services = services_of(request)
    if services.settings.open_access:
        return Principal(PrincipalKind.open_access, ANONYMOUS, EVERYTHING)
    with services.readers() as session:
        roles = load_roles(session)
    return Principal(PrincipalKind.anonymous, ANONYMOUS, roles[ANONYMOUS], roles=(ANONYMOUS,))
