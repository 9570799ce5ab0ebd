"""API keys and widget tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.common import FacetsIn, Input, Moment, Name, Output, Text
from kb.actions.keys import MAX_NAME
from kb.domain import Facets
from kb.queries.keys import KeyState, KeyView


class KeyIn(Input):
    """A key for an integration. It can do no more than whoever makes it."""

    name: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_NAME)]
    permissions: Annotated[list[Name], Field(max_length=100)] = Field(
        default_factory=list, examples=[["suggestions.ask", "cases.read"]]
    )
    like: Name | None = Field(None, description="all that this role may, too", examples=["agent"])
    scope: FacetsIn = Field(default_factory=dict, description="see no other values of these facets")
    expires_at: Moment | None = Field(None, description="left out: good until it is revoked")


class KeyOut(Output):
    """A key without its secret."""

    id: str
    name: str
    state: KeyState
    permissions: list[str]
    scope: Facets
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """The one time that the whole key is shown."""

    token: str = Field(description="potica_<id>_<secret>, for `Authorization: Bearer`")


class KeysOut(Output):
    """Keys, the newest first."""

    keys: list[KeyOut]
    total: int
    offset: int
    limit: int


class WidgetTokenIn(Input):
    """For which page the sidebar is, and whose eyes it reads with."""

    origin: Annotated[str, StringConstraints(max_length=300)] = Field(
        description="one of POTICA_EMBED_ORIGINS, or this server's own",
        examples=["https://helpdesk.example"],
    )
    agent: Annotated[Text, StringConstraints(min_length=3, max_length=254)] | None = Field(
        None, description="with an API key: e-mail of the agent who sits there"
    )


class WidgetTokenOut(Output):
    """Good for five minutes; renew it before it expires, until `renewable_until`."""

    token: str
    origin: str
    expires_at: datetime
    renewable_until: datetime


def key_out(view: KeyView, now: datetime) -> KeyOut:
    """A key as the API gives it."""
    values = {name: getattr(view, name) for name in KeyOut.model_fields if name != "state"}
    values["permissions"] = sorted(view.permissions)
    return KeyOut.model_validate(values | {"state": view.state_at(now)})
