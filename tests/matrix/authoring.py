"""Articles in the making in every state, their plans and tasks, and the calls that name them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    BulkChange,
    Comment,
    Edit,
    Gap,
    Permission,
    Redirect,
    Review,
    Schedule,
    ScheduledAction,
    ScheduleState,
    Task,
    TaskKind,
    TaskState,
    Translation,
    utc_now,
)
from tests.matrix.call import Call, Needs

P = Permission
STATES = {
    "w-draft": ArticleState.draft,
    "w-review": ArticleState.in_review,
    "w-shown": ArticleState.published,
    "w-away": ArticleState.archived,
}
TARGET, NOWHERE = "w-target", "never-was"
PLANS = {
    900_001: ScheduleState.waiting,
    900_002: ScheduleState.done,
    900_003: ScheduleState.cancelled,
}
TASKS = {900_001: TaskState.open, 900_002: TaskState.done}
COMMENTS = {900_001: False, 900_002: True}  # id -> whether it is resolved
BULK = {"blk_m1": False, "blk_m2": True}  # id -> whether it is undone
GAP, NO_ID = 900_001, 2_000_000
LATER = datetime(2099, 1, 1, tzinfo=UTC)
API = "/api/v1/articles/{article_id}"
TEXT = "/api/v1/articles/{article_id}/translations/{language}"
SAID = {"title": "About it", "body": "Ask the depot to relabel it."}
NONE: Needs = frozenset()


def put_back(session: Session, _caller: str | None) -> None:
    """Everything as it was, whatever the last call made of it."""
    for table in (Redirect, Review, Edit):
        session.execute(delete(table))
    for key in (*STATES, TARGET):
        if session.get(Article, key) is None:
            texts = [
                TranslationInput(language, SAID["title"], SAID["body"]) for language in ("en", "sl")
            ]
            fields = ArticleFields("en", Audience.public)
            save_article(session, ArticleInput(key, texts, fields), "matrix")
        row = session.get_one(Article, key, populate_existing=True)
        row.state = STATES.get(key, ArticleState.published)
        shown = row.state == ArticleState.published
        for text in session.scalars(select(Translation).where(col(Translation.article_id) == key)):
            text.published_revision_id = text.revision_id if shown else None
    session.flush()
    _put_plans(session)
    _put_said(session)


def calls() -> Iterator[Call]:
    """Every call on an article in the making, a plan or a task."""
    for key, state in STATES.items():
        yield from _moves(key, state)
        yield from _texts(key, 200)
        yield from _ways(key)
    yield from _nowhere()
    yield from _plans_and_tasks()
    yield from _said_and_done()


def _moves(key: str, state: ArticleState) -> Iterator[Call]:
    draft, review = state == ArticleState.draft, state == ArticleState.in_review
    away = state == ArticleState.archived
    yield _on(key, "POST", f"{API}/submit", 200 if draft or review else 409, json={})
    for verb in ("withdraw", "ask-changes"):
        yield _on(key, "POST", f"{API}/{verb}", 200 if review else 409, json={"note": "why"})
    yield _on(key, "POST", f"{API}/approve", 200 if review else 409, json={})
    publish = frozenset({P.publish_articles})
    shown = {"publish": True}
    yield _on(key, "POST", f"{API}/approve", 200 if review else 409, publish, json=shown)
    yield _on(key, "PUT", f"{API}/trust", 200, json={"trust": "validated"})
    yield _on(key, "POST", f"{API}/unpublish", 409 if away else 200, json={})
    yield _on(key, "POST", f"{API}/reviewed", 200, json={})
    for name in ("reviews", "history", "schedules", "editing"):
        yield _on(key, "GET", f"{API}/{name}", 200)
    plan = {"action": "publish", "at": "2099-01-01T00:00:00Z"}
    yield _on(key, "POST", f"{API}/schedules", 409 if away else 201, json=plan)
    archive = frozenset({P.archive_articles})
    given = plan | {"action": "archive"}
    yield _on(key, "POST", f"{API}/schedules", 201, archive, json=given)


def _texts(key: str, there: int) -> Iterator[Call]:
    """`there`: 200, or 404 for an article that never was."""
    moved_on = 409 if there == 200 else 404
    for language, status in (("en", there), ("hu", 404)):
        yield _in(key, language, "GET", f"{TEXT}/revisions", status)
        yield _in(key, language, "GET", f"{TEXT}/diff", status, params={"old": 1, "new": 1})
        for number, found in ((1, status), (99, 404)):
            at = {"number": str(number)}
            route = f"{TEXT}/revisions/{{number}}"
            yield _in(key, language, "GET", route, found, at)
            yield _in(key, language, "POST", f"{route}/restore", found, at, json={})
        yield _in(key, language, "GET", f"{TEXT}/source", status)
    yield _in(key, "en", "PUT", TEXT, there, json=SAID | {"base_number": 1})
    yield _in(key, "en", "PUT", TEXT, moved_on, json=SAID | {"body": "New", "base_number": 9})
    for language, status in (("sl", 200), ("en", 422), ("hu", 404)):
        found = status if there == 200 else 404
        yield _in(key, language, "POST", f"{TEXT}/confirm", found, json={"number": 1})
    for language, status in (("hu", 409), ("en", 422)):  # no language model is configured
        found = status if there == 200 else 404
        yield _in(key, language, "POST", f"{TEXT}/proposal", found)
    edit = "/api/v1/edits/{article_id}/{language}"
    yield _in(key, "en", "GET", edit, 404)
    yield _in(key, "en", "PUT", edit, 200, json={"body": "Ask"})
    yield _in(key, "en", "DELETE", edit, 204)


def _ways(key: str) -> Iterator[Call]:
    yield _on(key, "POST", f"{API}/merge", 200, json={"into": TARGET})
    yield _on(key, "POST", f"{API}/merge", 404, json={"into": NOWHERE})
    yield _on(key, "POST", f"{API}/merge", 409, json={"into": key})
    yield _on(key, "POST", f"{API}/rename", 409, json={"key": TARGET})
    part = {"key": TARGET, "translations": [SAID | {"language": "en"}]}
    yield _on(key, "POST", f"{API}/split", 409, json={"parts": [part]})
    route = "/api/v1/redirects/{old_id}"
    for old, status in ((key, 200), ("other-system", 200), (TARGET, 409)):
        yield _call("PUT", route, status, {"old_id": old}, json={"into": TARGET})


def _nowhere() -> Iterator[Call]:
    yield from _texts(NOWHERE, 404)
    for verb in ("submit", "withdraw", "approve", "unpublish", "reviewed"):
        yield _on(NOWHERE, "POST", f"{API}/{verb}", 404, json={})
    yield _on(NOWHERE, "POST", f"{API}/ask-changes", 404, json={"note": "why"})
    yield _on(NOWHERE, "PUT", f"{API}/trust", 404, json={"trust": "validated"})
    for name in ("reviews", "history", "schedules", "editing"):
        yield _on(NOWHERE, "GET", f"{API}/{name}", 404)
    plan = {"action": "publish", "at": "2099-01-01T00:00:00Z"}
    yield _on(NOWHERE, "POST", f"{API}/schedules", 404, json=plan)
    yield _on(NOWHERE, "POST", f"{API}/merge", 404, json={"into": TARGET})
    yield _on(NOWHERE, "POST", f"{API}/rename", 404, json={"key": "w-other"})
    part = {"key": "w-part", "translations": [SAID | {"language": "en"}]}
    yield _on(NOWHERE, "POST", f"{API}/split", 404, json={"parts": [part]})


def _plans_and_tasks() -> Iterator[Call]:
    route = "/api/v1/schedules/{schedule_id}"
    for number, state in PLANS.items():
        status = 200 if state == ScheduleState.waiting else 409
        yield _call("DELETE", route, status, {"schedule_id": str(number)})
    yield _call("DELETE", route, 404, {"schedule_id": str(NO_ID)})
    route = "/api/v1/tasks/{task_id}"
    given = {"owner": "eva", "due_at": "2099-01-01T00:00:00Z"}
    for number in (*TASKS, NO_ID):
        at, there = {"task_id": str(number)}, 200 if number in TASKS else 404
        open_ = TASKS.get(number) == TaskState.open
        yield _call("GET", route, there, at)
        yield _call("PATCH", route, 200 if open_ else 409 if there == 200 else 404, at, json=given)
        yield _call("POST", f"{route}/close", there, at, json={})


def _said_and_done() -> Iterator[Call]:
    for key in (*STATES, NOWHERE):
        there = key in STATES
        yield _on(key, "GET", f"{API}/comments", 200 if there else 404)
        said = {"text": "why?"}
        yield _on(key, "POST", f"{API}/comments", 201 if there else 404, json=said)
    for number in (*COMMENTS, NO_ID):
        at = {"comment_id": str(number)}
        status = 200 if number in COMMENTS else 404
        yield _call("POST", "/api/v1/comments/{comment_id}/resolve", status, at)
    for bulk_id, status in (*((key, 409 if over else 200) for key, over in BULK.items()),
                            ("blk_m0", 404)):  # fmt: skip
        yield _call("POST", "/api/v1/editor/bulk/{bulk_id}/undo", status, {"bulk_id": bulk_id})
    reads = frozenset({P.read_gaps})
    for number, status in ((GAP, 201), (NO_ID, 404)):
        yield _call("POST", "/api/v1/gaps/{gap_id}/draft", status, {"gap_id": str(number)}, reads)
    for number, status in ((GAP, 200), (NO_ID, 404)):
        yield _call("POST", "/api/v1/gaps/{gap_id}/close", status, {"gap_id": str(number)})
        yield _call("POST", "/api/v1/gaps/{gap_id}/reopen", status, {"gap_id": str(number)})
    for route in ("/api/v1/editor/bulk/preview", "/api/v1/editor/bulk"):
        for action, needs in (
            ("owner", NONE),
            ("audience", frozenset({P.publish_articles})),
            ("archive", frozenset({P.archive_articles})),
        ):
            given = {"action": action, "value": "public", "articles": [NOWHERE]}
            yield _call("POST", route, 200, {}, needs, json=given)


def _put_said(session: Session) -> None:
    for number, over in COMMENTS.items():
        said = session.get(Comment, number) or Comment(
            id=number, article_id=TARGET, text="why?", author="matrix"
        )
        said.resolved_at = utc_now() if over else None
        session.add(said)
    for bulk_id, over in BULK.items():
        bulk = session.get(BulkChange, bulk_id) or BulkChange(
            id=bulk_id, actor="matrix", action="owner", items=[]
        )
        bulk.undone_at = utc_now() if over else None
        session.add(bulk)
    if session.get(Gap, GAP) is None:
        record = SuggestionRecord("en", "internal", "why", {"messages": []}, {"articles": []})
        found = record_suggestion(session, record)
        session.add(
            Gap(
                id=GAP,
                question="why?",
                question_hash="matrix",
                language="en",
                reason="nothing",
                suggestion_id=found,
            )
        )
        session.flush()


def _put_plans(session: Session) -> None:
    for number, state in PLANS.items():
        row = session.get(Schedule, number) or Schedule(
            id=number, article_id=TARGET, action=ScheduledAction.archive, at=LATER, actor="matrix"
        )
        row.state = state
        session.add(row)
    for number, done in TASKS.items():
        task = session.get(Task, number) or Task(
            id=number,
            kind=TaskKind.review_due,
            document=f"article:{TARGET}",
            key=f"matrix:{number}",
            due_at=utc_now() + timedelta(days=1),
        )
        task.state, task.document = done, f"article:{TARGET}"
        session.add(task)


def _on(key: str, method: str, route: str, status: int, needs: Needs = NONE, **given: Any) -> Call:
    return _call(method, route, status, {"article_id": key}, needs, **given)


def _in(
    key: str,
    language: str,
    method: str,
    route: str,
    status: int,
    at: dict[str, str] | None = None,
    **given: Any,
) -> Call:
    values = {"article_id": key, "language": language} | (at or {})
    return _call(method, route, status, values, **given)


def _call(
    method: str,
    route: str,
    status: int,
    values: dict[str, str],
    needs: Needs = NONE,
    **given: Any,
) -> Call:
    label = str(given.get("json", ""))
    return Call(method, route, label, values, status, needs, given=given, prepare=put_back)
