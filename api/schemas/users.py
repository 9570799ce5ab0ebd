"""People and roles."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.common import Count, Facets, FacetsIn, Input, Language, Name, Output, Text
from kb.actions.people import PersonChange
from kb.domain import Permission, UserState
from kb.queries.roles import RoleView
from kb.queries.users import UserView

Email = Annotated[Text, StringConstraints(min_length=3, max_length=254)]
PersonName = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Roles = Annotated[list[Name], Field(max_length=100)]


class UserIn(Input):
    """Somebody to invite."""

    email: Email = Field(examples=["ana@lipa.example"])
    name: PersonName = Field(examples=["Ana Kos"])
    roles: Roles = Field(examples=[["agent"]])
    language: Language = "en"
    scope: FacetsIn = Field(default_factory=dict, description="see no other values of these facets")


class WantedState(StrEnum):
    """What an account can be set to; `active` is `invited` until its owner chose a password."""

    active = "active"
    disabled = "disabled"


class UserPatch(Input):
    """What is left out, or null, stays as it is."""

    name: PersonName | None = None
    language: Language | None = None
    roles: Roles | None = None
    scope: FacetsIn | None = None
    state: WantedState | None = None
    expected_version: Count | None = Field(
        None, description="refused with 409 when the account is at another"
    )

    def to_change(self) -> PersonChange:
        """What the action takes."""
        return PersonChange(
            name=self.name,
            language=self.language,
            roles=None if self.roles is None else tuple(self.roles),
            scope=None if self.scope is None else dict(self.scope),
            state=None if self.state is None else UserState(self.state),
            version=self.expected_version,
        )


class UserOut(Output):
    """An account."""

    id: str
    email: str
    name: str
    language: str
    state: UserState
    roles: list[str]
    scope: Facets
    has_password: bool
    has_provider: bool = Field(description="signs in through an identity provider")
    created_at: datetime
    signed_in_at: datetime | None
    version: int


class UsersOut(Output):
    """People by name."""

    users: list[UserOut]
    total: int
    offset: int
    limit: int


class LinkOut(Output):
    """A one-time link that was made for somebody."""

    purpose: str = Field(description="invitation or reset")
    expires_at: datetime
    mailed: bool = Field(description="a mail server took it")
    address: str | None = Field(description="null when it was mailed; else shown this once")


class InvitedOut(UserOut):
    """The new account, and the link for its owner."""

    link: LinkOut


class PermissionsIn(Input):
    """All that a role shall allow."""

    permissions: Annotated[list[Name], Field(max_length=100)] = Field(
        examples=[["suggestions.ask", "articles.read"]]
    )


class RoleOut(Output):
    """A role and what it allows."""

    name: str
    permissions: list[Permission]
    is_default: bool = Field(description="one that Potica comes with")
    is_changed: bool = Field(description="it allows other things than at first")
    people: int = Field(description="how many have it")


class RolesOut(Output):
    roles: list[RoleOut]


def user_out(view: UserView) -> UserOut:
    """An account as the API gives it."""
    return UserOut.model_validate(view, from_attributes=True)


def role_out(view: RoleView) -> RoleOut:
    """A role as the API gives it."""
    return RoleOut(
        name=view.name,
        permissions=sorted(view.permissions),
        is_default=view.is_default,
        is_changed=view.is_changed,
        people=view.people,
    )
