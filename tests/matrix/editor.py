"""The editing screen, and changes of an article's own fields, in every state of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kb.domain import ArticleState, Permission
from tests.matrix.authoring import NONE, NOWHERE, STATES, put_back
from tests.matrix.call import Call, Needs

PAGE = "/editor/articles/{article_id}/{language}"
API = "/api/v1/articles/{article_id}"


def calls() -> Iterator[Call]:
    """Pages of an article in both a language that it has and one that it does not; its fields."""
    for key in (*STATES, NOWHERE):
        there = 200 if key in STATES else 404
        for language in ("en", "hu"):
            at = {"article_id": key, "language": language}
            for route in (PAGE, f"{PAGE}/life"):
                yield Call("GET", route, "", at, there, prepare=put_back)
        yield from _fields(key, there)


def _fields(key: str, there: int) -> Iterator[Call]:
    shown = STATES.get(key) == ArticleState.published
    publish = frozenset({Permission.publish_articles})
    yield _patch(key, "tags", there, NONE, {"tags": ["new"]})
    yield _patch(key, "audience", there, publish if shown else NONE, {"audience": "internal"})
    moved = 409 if there == 200 else 404
    yield _patch(key, "too late", moved, NONE, {"tags": ["newer"], "expected_version": 999_999})


def _patch(key: str, label: str, status: int, needs: Needs, given: dict[str, Any]) -> Call:
    at = {"article_id": key}
    return Call("PATCH", API, label, at, status, needs, given={"json": given}, prepare=put_back)
