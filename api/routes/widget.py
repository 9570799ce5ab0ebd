"""Widget tokens: for the sidebar inside a helpdesk or CRM."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import cookies
from api.auth.rules import allow
from api.auth.widget import embedding_origins, granted, principal_of, signer_of
from api.auth.widget_token import WidgetGrant, WidgetToken
from api.deps import App, ReadSession
from api.schemas.keys import WidgetTokenIn, WidgetTokenOut
from kb.domain import Permission, Principal, PrincipalKind, UserState, utc_now
from kb.errors import Forbidden, InvalidInput, NotFound, SignInNeeded
from kb.queries.users import find_user

router = APIRouter(prefix="/api/v1/widget-tokens", tags=["widget"])
Embedder = Annotated[Principal, allow(Permission.embed)]
log = structlog.get_logger("potica.widget")


@router.post("", response_model=WidgetTokenOut, status_code=201)
def post_widget_token(
    request: Request, app: App, session: ReadSession, asker: Embedder, given: WidgetTokenIn
) -> WidgetTokenOut:
    """A token for the sidebar on one configured site, or on a page of this server.

    Ask with the session of an agent, or with an API key that names the agent. The token can do
    what both of them may, and of that only what the sidebar needs.
    """
    if given.origin not in embedding_origins(request, app):
        raise Forbidden(
            "The sidebar may not be shown on this origin: add it to POTICA_EMBED_ORIGINS, written"
            " as in https://helpdesk.example."
        )
    grant = _grant(session, asker, given)
    if principal_of(session, app, grant) is None:
        raise Forbidden(
            f"The agent lacks the permission {Permission.embed}, or sees nothing that the key may"
            " see: ask an administrator."
        )
    token = signer_of(app).sign(grant)
    assert token is not None  # the first one has its whole life before it
    log.info("widget_token", actor=asker.actor, origin=given.origin)
    return _out(token, given.origin)


@router.post("/renew", response_model=WidgetTokenOut, status_code=201)
def post_renew(request: Request, app: App, asker: Embedder) -> WidgetTokenOut:
    """Another five minutes; send the widget token itself. Twelve hours after the first, no more.

    The token that was sent stays good until it expires.
    """
    if asker.kind != PrincipalKind.widget:
        raise Forbidden("Only a widget token is renewed: ask /api/v1/widget-tokens for one first.")
    grant = granted(request)
    token = signer_of(app).sign(grant)
    if token is None:
        raise SignInNeeded(
            "This token has been renewed for as long as it may: ask /api/v1/widget-tokens for a"
            " new one."
        )
    return _out(token, grant.origin)


@router.post("/keep", status_code=204)
def post_keep(request: Request, app: App, asker: Embedder) -> Response:
    """Have the browser remember the sidebar inside this site, for the rest of the twelve hours.

    Send the widget token itself, from the page of the sidebar. Helpdesks make its frame anew for
    every conversation: the next one then gets its token with the page. The cookie is kept apart
    by the site at the top, no script can read it, and it opens nothing else.
    """
    if asker.kind != PrincipalKind.widget:
        raise Forbidden("Only a widget token is remembered: ask /api/v1/widget-tokens for one.")
    kept = signer_of(app).sign_kept(granted(request))
    if kept is not None:
        seconds = int((kept.expires_at - utc_now()).total_seconds())
        cookies.set_partitioned(request, cookies.WIDGET, kept.text, seconds)
    return Response(status_code=204)


def _grant(session: Session, asker: Principal, given: WidgetTokenIn) -> WidgetGrant:
    if asker.kind == PrincipalKind.session:
        if given.agent is not None:
            raise InvalidInput("Only an API key asks for somebody else: leave out agent.")
        return WidgetGrant(given.origin, session_id=asker.credential_id, user_id=asker.user_id)
    if asker.kind == PrincipalKind.api_key:
        return WidgetGrant(
            given.origin, key_id=asker.credential_id, user_id=_agent(session, given.agent)
        )
    if asker.kind == PrincipalKind.widget:
        raise Forbidden("A widget token makes no other tokens: renew it.")
    raise SignInNeeded("Widget tokens are for people who signed in and for API keys: be one.")


def _agent(session: Session, email: str | None) -> str | None:
    """The id of an active person. Raises NotFound for others, whatever the reason."""
    if email is None:
        return None
    user = find_user(session, email)
    if user is None or user.state != UserState.active:
        raise NotFound("No active person has this e-mail: let them sign in once, or leave it out.")
    return user.id


def _out(token: WidgetToken, origin: str) -> WidgetTokenOut:
    return WidgetTokenOut(
        token=token.text,
        origin=origin,
        expires_at=token.expires_at,
        renewable_until=token.renewable_until,
    )
