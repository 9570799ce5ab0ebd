"""What the page of the sidebar is told by its server: its first token, and who may be around it."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from fastapi import Request

from api.auth import cookies
from api.auth.bearer import MAX_TOKEN
from api.auth.widget import embedding_origins, principal_of, signer_of
from api.auth.widget_token import WidgetGrant
from api.edge.names import origin_of
from api.state import Services
from kb.domain import Principal, PrincipalKind


def embed_values(
    request: Request, services: Services, visitor: Principal, token: str | None = None
) -> str:
    """For `<meta name="potica-embed" content="…">`, where `hosts/frame.js` and `token.js` read it.

    `token` is one that the host's signed request has earned; without it, whoever is signed in on
    this server gets one for the page around the sidebar, where that is known, or whom this
    browser remembers there. The page must not be stored: it may hold a credential of five minutes.
    """
    given = token
    if given is None and (origin := _embedder(request, services)) is not None:
        grant = _by_session(visitor, origin) or _by_cookie(request, services, origin)
        given = None if grant is None else _signed(services, grant)
    values: dict[str, object] = {"origins": list(services.settings.embed_origins)}
    if given is not None:
        values["token"] = given
    return json.dumps(values)


def _by_session(visitor: Principal, origin: str) -> WidgetGrant | None:
    if visitor.kind != PrincipalKind.session:
        return None
    return WidgetGrant(origin, session_id=visitor.credential_id, user_id=visitor.user_id)


def _by_cookie(request: Request, services: Services, origin: str) -> WidgetGrant | None:
    kept = request.cookies.get(cookies.WIDGET, "")
    grant = signer_of(services).read_kept(kept) if 0 < len(kept) <= MAX_TOKEN else None
    return grant if grant is not None and grant.origin == origin else None


def _signed(services: Services, grant: WidgetGrant) -> str | None:
    with services.readers() as session:
        if principal_of(session, services, grant) is None:
            return None
    token = signer_of(services).sign(grant)
    return None if token is None else token.text


def _embedder(request: Request, services: Services) -> str | None:
    """The origin of the page that shows the sidebar, as the browser says; None when it does not.

    A page opened by itself, in a tab of its own, is its own embedder.
    """
    site = request.headers.get("sec-fetch-site")
    if site == "same-origin" or request.headers.get("sec-fetch-dest") == "document":
        sent_to = f"{request.url.scheme}://{request.headers.get('host', '')}"
        return origin_of(sent_to)
    try:
        told = urlsplit(request.headers.get("referer", ""))
        referrer = origin_of(told.geturl()) if told.scheme and told.hostname else ""
    except ValueError:
        return None
    return referrer if referrer in embedding_origins(request, services) else None
