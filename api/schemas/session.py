"""Sessions of programs and tests: sign in, who am I, what is open."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import Facets, Input, Output, Text
from kb.domain import Permissions, PrincipalKind
from kb.queries.sessions import SessionView


class SignInIn(Input):
    email: Annotated[Text, StringConstraints(min_length=1, max_length=254)]
    password: Annotated[Text, StringConstraints(min_length=1, max_length=2000)]

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"email": "ana@lipa.example", "password": "four words of your own"}]
        },
    )


class WhoOut(Output):
    """Who the request came from, and what they may do."""

    kind: PrincipalKind
    user_id: str | None = None
    name: str = ""
    language: str | None = None
    roles: list[str]
    permissions: list[str]
    scope: Facets
    csrf: str | None = Field(
        None, description="send it as X-CSRF-Token with every write of this session"
    )


class SessionOut(Output):
    """One place where the person is signed in."""

    id: str
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool = Field(description="the session this request came in")


class SessionsOut(Output):
    sessions: list[SessionOut]


class RevokedOut(Output):
    revoked: int = Field(description="how many sessions ended")


def sorted_names(permissions: Permissions) -> list[str]:
    """Permissions as the API gives them."""
    return sorted(str(permission) for permission in permissions)


def sessions_out(views: tuple[SessionView, ...], current: str | None) -> SessionsOut:
    """Open sessions as the API gives them."""
    return SessionsOut(
        sessions=[
            SessionOut(
                id=view.id,
                device=view.device,
                address=view.address,
                created_at=view.created_at,
                seen_at=view.seen_at,
                expires_at=view.expires_at,
                current=view.id == current,
            )
            for view in views
        ]
    )
