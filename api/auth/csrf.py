"""Writes that a browser sends with its cookie carry a token that no other site knows."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Annotated

from fastapi import Depends, Request

from api.auth import cookies
from api.auth.upload import may_send, read_upload, takes_file
from api.state import Services, services_of
from kb.domain import Principal, PrincipalKind
from kb.domain.session_rules import new_token
from kb.errors import CsrfRefused
from kb.secret_key import derived_key

HEADER = "x-csrf-token"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_HEADER_HINT = "send the token of GET /api/v1/session in the header X-CSRF-Token"


async def given_token(request: Request) -> str | None:
    """The token in the header or in the form's field `csrf`; None where there is none to look for.

    Reading the form here takes nothing away from the route: the request keeps what was read.
    """
    if request.method in SAFE:
        return None
    header = request.headers.get(HEADER)
    if header is not None:
        return header
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_cookie = cookies.SESSION in request.cookies or cookies.FORM in request.cookies
    if not has_cookie or kind not in (_FORMS[1:] if takes_file(request) else _FORMS):
        return None
    if takes_file(request):
        form = await read_upload(request) if await may_send(request) else {}
    else:
        form = await request.form()
    field = form.get(FIELD)
    return field if isinstance(field, str) else None


GivenToken = Annotated[str | None, Depends(given_token)]


def session_token(services: Services, session_id: str) -> str:
    """The token of a session; the same as long as the session lives."""
    return _signed(services, f"session:{session_id}")


def form_token(request: Request) -> str:
    """The token for a form of somebody who is not signed in; its other half is a cookie."""
    half = cookies.shown_token(request, cookies.FORM) or new_token()
    cookies.set_cookie(request, cookies.FORM, half)
    return _signed(services_of(request), f"form:{half}")


def check_session_token(request: Request, principal: Principal, given: str | None) -> None:
    """Raises CsrfRefused for a write in a session without the session's token."""
    if request.method in SAFE or principal.kind != PrincipalKind.session:
        return
    assert principal.credential_id is not None
    if not _same(given, session_token(services_of(request), principal.credential_id)):
        raise CsrfRefused(
            "The form is out of date or came from another site: load the page again and repeat"
            f" what you did. Programs {_HEADER_HINT}."
        )


def check_form_token(request: Request, principal: Principal, given: str | None) -> None:
    """The same for forms that need nobody to be signed in. Raises CsrfRefused."""
    if principal.kind == PrincipalKind.session:
        return  # checked already
    half = cookies.shown_token(request, cookies.FORM)
    if not half or not _same(given, _signed(services_of(request), f"form:{half}")):
        raise CsrfRefused(
            "The form was open too long, or the browser keeps no cookies: load the page again and"
            " repeat what you did."
        )


def _signed(services: Services, text: str) -> str:
    key = derived_key(services.secret, "csrf")
    digest = hmac.digest(key, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "replace"), wanted.encode()
    )
