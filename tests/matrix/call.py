"""One call of the matrix: what it needs beyond its route's rule, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from kb.domain import Permission
from tests.matrix.objects import ArticleObject

Needs = frozenset[Permission]
PutBack = Callable[[Session, str | None], None]
"""Puts objects back as they were; also given the id of whoever is about to call."""


@dataclass(frozen=True)
class Call:
    """One cell but for the role: a call on an object in a state, and what is right."""

    method: str
    route: str
    label: str
    values: Mapping[str, str]
    status: int
    needs: Needs = frozenset()
    article: ArticleObject | None = None
    case: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    prepare: PutBack | None = None

    @property
    def path(self) -> str:
        return self.route.format(**self.values)
