"""The editors' pages in every state of what they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.importing import NEEDED
from kb.domain import Permission, TaskState
from tests.matrix.authoring import BULK, GAP, NO_ID, NOWHERE, TARGET, TASKS, put_back
from tests.matrix.call import Call, Needs

P = Permission
NONE: Needs = frozenset()


def calls() -> Iterator[Call]:
    """Every call of the editors' pages that names a task, a question or a change of many."""
    page = "/editor/tasks/{task_id}"
    for number in (*TASKS, NO_ID):
        at, is_open = {"task_id": str(number)}, TASKS.get(number) == TaskState.open
        there = 303 if number in TASKS else 404
        yield _call("GET", page, 200 if number in TASKS else 404, at)
        yield _call("POST", f"{page}/close", there, at)
        review = frozenset({P.review_articles})
        yield _call("POST", f"{page}/stands", there, at, review)
        changed = 303 if is_open else 409 if number in TASKS else 404
        yield _call("POST", f"{page}/change", changed, at, data={"owner": "eva", "days": "7"})
    reads = frozenset({P.read_gaps})
    for number, there in ((GAP, 303), (NO_ID, 404)):
        at = {"gap_id": str(number)}
        yield _call("POST", "/editor/gaps/{gap_id}/draft", there, at, reads)
        yield _call("POST", "/editor/gaps/{gap_id}/dismiss", there, at)
        yield _call("POST", "/editor/gaps/{gap_id}/reopen", there, at)
    yield from _many()
    file = "/editor/import/{file_id}"
    for method, route in (("GET", ""), ("GET", "/progress"), ("POST", "/run"), ("POST", "/drop")):
        yield _call(method, file + route, 404, {"file_id": "imp_m0"}, NEEDED)


def _many() -> Iterator[Call]:
    for bulk_id in (*BULK, "blk_m0"):
        there = 303 if bulk_id in BULK else 404
        yield _call("POST", "/editor/articles/undo", there, {}, data={"bulk": bulk_id})
    for action, needs in (
        ("owner", NONE),
        ("audience", frozenset({P.publish_articles})),
        ("archive", frozenset({P.archive_articles})),
    ):
        given = {"action": action, "audience": "public", "article": [NOWHERE]}
        yield _call("POST", "/editor/articles/preview", 200, {}, needs, data=given)
        given = {"action": action, "value": "public", "articles": NOWHERE}
        yield _call("POST", "/editor/articles/bulk", 303, {}, needs, data=given)
    for article, there in ((NOWHERE, 404), (TARGET, 409)):
        given = {"article": article, "into": TARGET}
        yield _call("POST", "/editor/duplicates/merge", there, {}, data=given)


def _call(
    method: str, route: str, status: int, at: dict[str, str], needs: Needs = NONE, **given: Any
) -> Call:
    return Call(method, route, "", at, status, needs, given=given, prepare=put_back)
