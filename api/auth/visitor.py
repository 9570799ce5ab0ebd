"""Who looks at a page: what its header and its forms need to know."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from api.auth.csrf import form_token, session_token
from api.auth.identify import identify
from api.state import services_of
from api.ui.sections import Section, desk_for, sections_for
from kb.domain import Permission, Principal, PrincipalKind
from kb.errors import KbError


@dataclass(frozen=True, slots=True)
class Visitor:
    """`csrf` goes into every form and script that writes; empty when nobody is signed in."""

    name: str = ""
    csrf: str = ""
    language: str | None = None
    people: str = ""  # the first of the administrators' pages that they may open
    desk: tuple[Section, ...] = ()  # the editors' pages that they may open
    may_write: bool = False  # articles
    is_asked: bool = False  # colleagues may ask them: they have a page of questions

    @property
    def is_signed_in(self) -> bool:
        return bool(self.csrf)


def visitor_of(request: Request) -> Visitor:
    """Whoever the request came from; nobody when that cannot be found out.

    Error pages ask too, of requests that no rule has looked at.
    """
    found: Principal | None = getattr(request.state, "principal", None)
    if found is None:
        try:
            found = request.state.principal = identify(request)
        except (KbError, SQLAlchemyError):
            return Visitor()
    open_to_all = Visitor(
        language=found.language,
        people=_people(found),
        desk=desk_for(found.permissions, is_scoped=bool(found.scope)),
        may_write=found.may(Permission.write_articles),
    )
    if found.kind != PrincipalKind.session or found.credential_id is None:
        return open_to_all
    csrf = session_token(services_of(request), found.credential_id)
    is_asked = found.may(Permission.contribute)
    return replace(open_to_all, name=found.name, csrf=csrf, is_asked=is_asked)


def csrf_for_form(request: Request, principal: Principal) -> str:
    """The token for a form that needs nobody to be signed in."""
    if principal.kind == PrincipalKind.session and principal.credential_id is not None:
        return session_token(services_of(request), principal.credential_id)
    return form_token(request)


def _people(principal: Principal) -> str:
    found = sections_for(principal.permissions)
    return found[0].address if found else ""
