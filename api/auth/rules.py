"""Rules: every route names who may call it. A route without one fails a test."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from api.auth.csrf import GivenToken, check_session_token
from api.auth.identify import identify
from api.edge.rates import Rates
from kb.domain import READABLE_BY, Audience, Permission, Principal, PrincipalKind
from kb.errors import Forbidden, SignInNeeded


def get_principal(request: Request, csrf: GivenToken) -> Principal:
    """Who is asking; found out once per request.

    Raises SignInNeeded on a bad credential, TooMany above the caller's rate and CsrfRefused on a
    write in a session without the session's token: since every route has a rule, none can
    forget to look.
    """
    found: Principal | None = getattr(request.state, "principal", None)
    if found is None:
        rates: Rates = request.app.state.rates
        rates.check_refusals(request)
        try:
            found = request.state.principal = identify(request)
        except SignInNeeded:
            rates.count_refusal(request)
            raise
        rates.count(request, found)
        check_session_token(request, found, csrf)
    return found


class Rule:
    """What a caller needs: a permission, to be signed in, or (neither) nothing.

    Only a session is signed in: a widget token that speaks for a person is not that person.
    """

    def __init__(self, permission: Permission | None = None, *, signed_in: bool = False) -> None:
        self.permission = permission
        self.signed_in = signed_in

    def __call__(self, principal: Annotated[Principal, Depends(get_principal)]) -> Principal:
        """The caller. Raises SignInNeeded for strangers and Forbidden for others without it."""
        if self.permission is not None:
            require(principal, self.permission)
        elif self.signed_in and principal.kind != PrincipalKind.session:
            raise SignInNeeded("Sign in with an account of your own to do this.")
        return principal


def allow(permission: Permission) -> Any:
    """A dependency: the caller, who has this permission."""
    return Depends(Rule(permission))


def require(principal: Principal, permission: Permission) -> None:
    """Raises SignInNeeded for strangers and Forbidden for others without the permission."""
    if principal.may(permission):
        return
    if not principal.is_known:
        raise SignInNeeded(f"Sign in first: this needs the permission {permission}.")
    raise Forbidden(f"This needs the permission {permission}: ask an administrator for it.")


def read_as(principal: Principal, wanted: Audience | None) -> Audience:
    """The audience to read as: `wanted`, or the widest this one may see.

    Raises SignInNeeded or Forbidden when that would show more than this one may see.
    """
    wanted = principal.widest if wanted is None else wanted
    if READABLE_BY[wanted] <= READABLE_BY[principal.widest]:
        return wanted
    needed = {
        Audience.internal: Permission.read_internal_articles,
        Audience.customer: Permission.read_customer_articles,
    }
    require(principal, needed[wanted])
    return wanted


Everyone = Annotated[Principal, Depends(Rule())]
SignedIn = Annotated[Principal, Depends(Rule(signed_in=True))]
