"""Widget tokens: the sidebar inside another site speaks for a person or an API key.

A token says only who stands behind it. What that one may do is looked up at every use, so that
a revoked key, a session that ended or a role that was taken away counts at once.
"""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from fastapi.requests import HTTPConnection
from sqlalchemy.orm import Session

from api.auth.session_limits import limits_of
from api.auth.widget_token import WidgetGrant, WidgetSigner
from api.edge.names import origin_of, web_scheme
from api.state import Services
from api.ui import i18n
from kb.domain import Permission, Principal, PrincipalKind
from kb.domain.scope import narrowed
from kb.queries.credentials import active_user, session_owner
from kb.queries.keys import KeyView, active_key
from kb.queries.roles import load_roles, permissions_of
from kb.queries.users import UserView

SIDEBAR = frozenset(
    {
        Permission.ask,
        Permission.give_feedback,
        Permission.read_suggestions,
        Permission.read_articles,
        Permission.read_customer_articles,
        Permission.read_internal_articles,
        Permission.read_cases,
        Permission.read_interactions,
        Permission.write_interactions,
        Permission.contribute,
        Permission.embed,
    }
)
"""All that the sidebar needs; nobody can do more with a widget token, whoever stands behind it."""


def signer_of(services: Services) -> WidgetSigner:
    """Signs with a key of the installation that serves for nothing else."""
    return WidgetSigner.of(services.secret, services.settings.resolved_public_url)


def widget_principal(request: HTTPConnection, services: Services, token: str) -> Principal | None:
    """Who speaks through the sidebar; None when the token or what is behind it is not good."""
    grant = signer_of(services).read(token)
    if grant is None or not _may_come_from(request, services, grant.origin):
        return None
    request.state.widget_grant = grant
    with services.readers() as session:
        found = principal_of(session, services, grant)
    # The sidebar says which language it is shown in; that was chosen later than the account's.
    shown_in = i18n.wished(request.headers.get("accept-language"))
    return replace(found, language=shown_in) if found and shown_in else found


def granted(request: Request) -> WidgetGrant:
    """What the request's token says, in a request whose principal is a widget."""
    found: WidgetGrant = request.state.widget_grant
    return found


def principal_of(session: Session, services: Services, grant: WidgetGrant) -> Principal | None:
    """What the person and the key behind a grant may do now, cut to what the sidebar needs.

    None when the session or key is not good any more, the helpdesk is not the configured one, the
    person is not active, or what is left does not include showing the sidebar.
    """
    key: KeyView | None = None
    user: UserView | None = None
    if grant.key_id is not None:
        key = active_key(session, grant.key_id)
        user = None if grant.user_id is None else active_user(session, grant.user_id)
    elif grant.session_id is not None:
        user = session_owner(session, grant.session_id, limits_of(services.settings))
    elif grant.helpdesk is not None and grant.helpdesk == services.settings.zendesk_audience:
        user = None if grant.user_id is None else active_user(session, grant.user_id)
    has_key = key is not None or grant.key_id is None
    has_user = user is not None or (grant.user_id is None and grant.session_id is None)
    if not (has_key and has_user) or (key is None and user is None):
        return None
    permissions = SIDEBAR if key is None else SIDEBAR & key.permissions
    if user is not None:
        permissions &= permissions_of(load_roles(session), user.roles)
    scope = narrowed({} if key is None else key.scope, {} if user is None else user.scope)
    if scope is None or Permission.embed not in permissions:
        return None
    return Principal(
        PrincipalKind.widget,
        user.id if user is not None else f"key:{grant.key_id}",
        permissions,
        user_id=None if user is None else user.id,
        credential_id=grant.key_id or grant.session_id,
        name=user.name if user is not None else key.name if key is not None else "",
        roles=() if user is None else user.roles,
        scope=scope,
        language=None if user is None else user.language,
    )


def own_origins(request: HTTPConnection, services: Services) -> frozenset[str]:
    """This server's own: its public one, and the one that the request was sent to.

    The name in a request is one of those that the edge lets through.
    """
    sent_to = f"{web_scheme(request.url.scheme)}://{request.headers.get('host', '')}"
    return frozenset({origin_of(services.settings.resolved_public_url), origin_of(sent_to)})


def embedding_origins(request: HTTPConnection, services: Services) -> frozenset[str]:
    """Whose pages may show the sidebar: the configured ones and our own."""
    return own_origins(request, services).union(services.settings.embed_origins)


def _may_come_from(request: HTTPConnection, services: Services, origin: str) -> bool:
    """Whether the embedding site is still a configured one or ours, and no other page asks.

    The sidebar is a page of this server inside a frame: its requests carry this server's origin,
    if any. Only the page that embeds it may use the token beside it.
    """
    own = own_origins(request, services)
    if origin not in embedding_origins(request, services):
        return False
    return set(request.headers.getlist("origin")) <= own | {origin}
