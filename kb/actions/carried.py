"""What an import carries over beside texts: old keys and plans. The same again changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_rows import latest_revisions, locked_article, translations_of
from kb.actions.checks import check_key, check_text, to_utc
from kb.actions.redirects import redirect
from kb.actions.schedules import plan
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleState,
    Redirect,
    RedirectKind,
    Schedule,
    ScheduledAction,
    ScheduleState,
)
from kb.errors import Conflict


def carry_redirect(
    session: Session, old_id: str, article_id: str, actor: str, kind: RedirectKind, note: str = ""
) -> bool:
    """Lead an old key, mostly one of another system, to an article; whether that is news.

    Unlike `redirect` it takes no living article away and may lead to an archived one, as the
    place that it comes from had it. Raises Conflict when the key leads elsewhere or names a
    living article, InvalidInput, NotFound.
    """
    check_key(old_id, "an article")
    check_text(note, "note")
    for key in sorted({old_id, article_id}):
        advisory_lock(session, f"article:{key}")
    ahead = session.get(Redirect, article_id, populate_existing=True)
    target = locked_article(session, article_id if ahead is None else ahead.article_id)
    known = session.get(Redirect, old_id, populate_existing=True)
    if target.id == old_id or (known is not None and known.article_id == target.id):
        return False
    if known is not None:
        raise Conflict(
            f"{old_id} leads to {known.article_id} already, not to {target.id}: it stays so.",
            article=known.article_id,
        )
    old = session.get(Article, old_id)
    if old is not None and old.state != ArticleState.archived:
        raise Conflict(
            f"There is an article {old_id}: merge it into {target.id} by hand, if it is the same."
        )
    if old is not None and target.state != ArticleState.archived:
        redirect(session, old_id, target.id, actor, note=note, kind=kind)
        return True
    session.execute(
        update(Redirect).where(col(Redirect.article_id) == old_id).values(article_id=target.id)
    )
    values = {"old_id": old_id, "article_id": target.id, "kind": kind, "actor": actor}
    session.add(Redirect.model_validate(values | {"note": note}))
    audit.record(session, actor, "redirect", "article", old_id, target=target.id, kind=kind)
    session.flush()
    return True


@dataclass(frozen=True, slots=True)
class CarriedPlan:
    """What is to happen to an article at a moment; `languages`: those to publish, None: all."""

    action: ScheduledAction
    at: datetime
    languages: tuple[str, ...] | None = None
    note: str = ""


def carry_plan(session: Session, article_id: str, given: CarriedPlan, actor: str) -> bool:
    """Plan the same as it was planned elsewhere; whether that is news. Raises as `plan`."""
    row = locked_article(session, article_id)
    wanted: dict[str, int] = {}
    if given.action == ScheduledAction.publish:
        latest = latest_revisions(translations_of(session, row.id))
        wanted = {x: latest[x] for x in latest if given.languages is None or x in given.languages}
    waiting: dict[str, Any] = {
        "action": given.action,
        "at": to_utc(given.at, "at"),
        "note": given.note,
    }
    for found in session.scalars(
        select(Schedule).where(
            col(Schedule.article_id) == row.id, col(Schedule.state) == ScheduleState.waiting
        )
    ):
        same = all(getattr(found, name) == value for name, value in waiting.items())
        if same and found.revisions == wanted:
            return False
    more: dict[str, Any] = {"languages": given.languages, "note": given.note}
    plan(session, row.id, given.action, given.at, actor, **more)
    return True
