"""Groups of solved cases that no article answers."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import Output
from api.schemas.drafts import DuplicateOut, duplicate_out
from kb.assist.groups import CaseGroup


class CaseLineOut(Output):
    id: str
    language: str
    subject: str = Field(description="as it may be shown")


class GroupOut(Output):
    """Cases with the same problem; make a draft of the first, with the others as `cases`."""

    size: int
    languages: list[str]
    cases: list[CaseLineOut] = Field(description="the middle one first, then the nearest to it")
    closeness: float = Field(description="mean cosine to the middle, at most 1")
    articles: list[DuplicateOut] = Field(description="what comes nearest among articles")


class GroupsOut(Output):
    groups: list[GroupOut] = Field(description="the largest first")
    unlinked: int = Field(description="solved cases that no article is linked with")


def groups_out(groups: list[CaseGroup], unlinked: int, public_url: str) -> GroupsOut:
    """Groups as the API gives them."""
    return GroupsOut(
        groups=[
            GroupOut(
                size=len(group.cases),
                languages=list(group.languages),
                cases=[CaseLineOut.model_validate(c, from_attributes=True) for c in group.cases],
                closeness=round(group.closeness, 4),
                articles=[duplicate_out(one, public_url) for one in group.articles],
            )
            for group in groups
        ],
        unlinked=unlinked,
    )
