"""The routes of the application, however they were put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute

from api.auth.rules import Rule
from api.auth.socket import SocketRule


def every_route(routes: Sequence[BaseRoute]) -> Iterator[Any]:
    """Each route once; routers that were included are opened."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from every_route(inner.routes)


def rules_of(dependant: Dependant) -> list[Rule | SocketRule]:
    """The rules among a route's dependencies, at any depth."""
    is_rule = isinstance(dependant.call, Rule | SocketRule)
    found: list[Any] = [dependant.call] if is_rule else []
    return found + [rule for inner in dependant.dependencies for rule in rules_of(inner)]
