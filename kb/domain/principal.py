"""Principal: who is asking, and what this one may do and see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kb.domain.article import Audience
from kb.domain.permission import Permission, Permissions
from kb.domain.types import Facets


class PrincipalKind(StrEnum):
    """How somebody became known."""

    anonymous = "anonymous"
    open_access = "open_access"
    session = "session"
    api_key = "api_key"
    widget = "widget"
    webhook = "webhook"  # another system, by its signature


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `actor` is what writes are noted under; `scope` narrows what is seen.

    `credential_id` names the session or API key that spoke, so that it can be revoked.
    """

    kind: PrincipalKind
    actor: str
    permissions: Permissions
    user_id: str | None = None
    credential_id: str | None = None
    name: str = ""
    roles: tuple[str, ...] = ()
    scope: Facets = field(default_factory=dict)
    language: str | None = None  # the interface's, as the person chose it

    @property
    def is_known(self) -> bool:
        """Whether somebody signed in, a key or a widget speaks."""
        return self.kind != PrincipalKind.anonymous

    @property
    def widest(self) -> Audience:
        """The most this one may read."""
        if Permission.read_internal_articles in self.permissions:
            return Audience.internal
        if Permission.read_customer_articles in self.permissions:
            return Audience.customer
        return Audience.public

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
