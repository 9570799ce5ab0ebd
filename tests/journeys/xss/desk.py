"""Payloads in whatever the editors' pages show, and those pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
from sqlalchemy.orm import Session
from starlette.datastructures import URL

from kb.actions.comments import CommentInput, add_comment
from kb.actions.edits import EditInput, keep_edit
from kb.actions.searches import UnansweredSearch, record_search
from kb.actions.tasks import NewTask, open_task
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import Audience, TaskKind, User, UserState
from kb.errors import InvalidInput
from tests.journeys.xss.corpus import LANGUAGES, LINE, NAME

LATER = "2099-01-01T00:00:00Z"


@dataclass(frozen=True)
class Desk:
    """Addresses that name an article or a case, by what they show."""

    texts: list[str]  # editing screens
    pasts: list[str]
    sources: list[str]
    drafts: list[str]
    lists: list[str]


def addresses(pages: Sequence[str]) -> Desk:
    """The editors' pages of what stands on these readers' pages."""
    found = Desk([], [], [], [], _LISTS)
    for page in pages:
        key = URL(page).path.rpartition("/")[2]
        if page.startswith("/c/"):
            found.drafts.append(f"/editor/cases/{key}/draft")
            continue
        language = page.rpartition("=")[2]
        found.texts.append(f"/editor/articles/{key}/{language}")
        view = "inline" if len(found.pasts) % 2 else "side"
        found.pasts.append(f"/editor/articles/{key}/history?lang={language}&view={view}")
        if language != LANGUAGES[0]:
            found.sources.append(f"/editor/articles/{key}/{language}/source")
    return found


_LISTS = [
    "/editor",
    "/editor/articles?order=key",
    "/editor/articles?q=canary",
    "/editor/duplicates",
    "/editor/board",
    "/editor/board?status=outdated",
    "/editor/tasks?owner=all",
    "/editor/groups?fewest=2&answered=true",
    "/editor/gaps?kind=search",
]


def fill(settings: Settings, client: httpx.Client, texts: Sequence[str], groups: int) -> None:
    """Second revisions, reviews, plans, old keys; then what people said, asked and left to do."""
    lines = [" ".join(text.split()) for text in texts]
    keys = [f"xss-{n}" for n in range((groups + 4) // 5)]
    keys = [key for key in keys if client.get(f"/api/v1/articles/{key}?view=latest").is_success]
    for number, key in enumerate(keys):
        note = lines[number % len(lines)][:LINE]
        body = {"title": note[:200], "body": "\n\n".join(reversed(texts[:8])), "note": note}
        path = f"/api/v1/articles/{key}"
        client.put(f"{path}/translations/en", json=body | {"base_number": 1}).raise_for_status()
        client.post(f"{path}/submit", json={"note": note}).raise_for_status()
        if number % 2:
            client.post(f"{path}/ask-changes", json={"note": note}).raise_for_status()
        plan = {"action": "archive", "at": LATER, "note": note}
        client.post(f"{path}/schedules", json=plan).raise_for_status()
        old = {"into": key, "note": note}
        client.put(f"/api/v1/redirects/old-{key}", json=old).raise_for_status()
    engine = create_engine_for(settings)
    with session_factory(engine).begin() as session:
        for number, line in enumerate(lines):
            if line and "\x00" not in line:
                _said(session, number, line, keys[number % len(keys)])
    engine.dispose()


def _said(session: Session, number: int, line: str, key: str) -> None:
    """Of somebody whose name is a payload: a comment, a task, a text begun, a search."""
    word = f"usr_x{number}"
    session.add(
        User(
            id=word,
            email=f"x{number}@evil.example",
            name=line[:NAME],
            language="en",
            state=UserState.active,
            roles=["publisher"],
            scope={},
        )
    )
    session.flush()
    steps = (
        lambda: add_comment(session, key, CommentInput(line, "en", 1, quote=line[:LINE]), word),
        lambda: open_task(
            session,
            NewTask(TaskKind.review_due, f"article:{key}", word, line[:LINE], owner=word),
            word,
        ),
        lambda: keep_edit(session, EditInput(key, "en", line[:LINE], line, (), line), word),
        lambda: record_search(
            session, UnansweredSearch(line[:NAME], "en", Audience.public, "nothing_found")
        ),
    )
    for step in steps:
        try:
            step()
        except InvalidInput:  # characters that nobody can give there
            continue


def tasks(client: httpx.Client) -> Iterator[str]:
    """Pages of a few tasks."""
    found = client.get("/api/v1/tasks?limit=3").raise_for_status().json()
    for one in found["tasks"]:
        yield f"/editor/tasks/{one['id']}"
