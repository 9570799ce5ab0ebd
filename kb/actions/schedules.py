"""What is to happen to an article at a moment: planned, called off, and done once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_rows import (
    check_move,
    check_publishable,
    finish,
    latest_revisions,
    locked_article,
    move,
    point_readers,
    translations_of,
)
from kb.actions.articles import archive
from kb.actions.checks import check_text, to_utc
from kb.actions.saved import SaveResult
from kb.actions.tasks import ARTICLE, NewTask, open_task
from kb.domain import (
    Article,
    ArticleState,
    Schedule,
    ScheduledAction,
    ScheduleState,
    TaskKind,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, KbError, NotFound


def plan(
    session: Session,
    article_id: str,
    action: ScheduledAction,
    at: datetime,
    actor: str,
    *,
    languages: Collection[str] | None = None,
    note: str = "",
) -> int:
    """Publish the texts as they are now, or archive, at `at`; gives the schedule's id.

    Another plan of the same kind for the article is replaced. Who plans to publish needs what
    publishing needs. Raises NotFound, InvalidInput for a moment that is over, Conflict.
    """
    check_text(note, "note")
    moment = to_utc(at, "at")
    if moment is None or moment <= utc_now():
        raise InvalidInput("The moment is over: do it now instead, or give a later one.")
    row = locked_article(session, article_id)
    revisions: dict[str, int] = {}
    if action == ScheduledAction.publish:
        revisions = _publishable(session, row, languages, actor)
    for old in session.scalars(
        select(Schedule).where(
            col(Schedule.article_id) == row.id,
            col(Schedule.action) == action,
            col(Schedule.state) == ScheduleState.waiting,
        )
    ):
        _settle(old, ScheduleState.cancelled)
    values = {"article_id": row.id, "action": action, "at": moment, "actor": actor, "note": note}
    new = Schedule.model_validate(values | {"revisions": revisions})
    session.add(new)
    when: dict[str, Any] = {"at": moment.isoformat(), "planned": action}
    finish(session, row, actor, "plan", index=False, note=note, **when)
    assert new.id is not None
    return new.id


def call_off(session: Session, schedule_id: int, actor: str, *, note: str = "") -> SaveResult:
    """It does not happen. Raises NotFound, Conflict when it has happened or was called off."""
    check_text(note, "note")
    found = session.get(Schedule, schedule_id)
    if found is None:
        raise NotFound(f"There is no plan {schedule_id}: look up the article's plans.")
    row = locked_article(session, found.article_id)
    session.refresh(found)
    if found.state != ScheduleState.waiting:
        raise Conflict(f"The plan {schedule_id} is {found.state} already.", state=found.state)
    _settle(found, ScheduleState.cancelled)
    return finish(session, row, actor, "call_off", index=False, note=note, planned=found.action)


def due_schedules(session: Session, now: datetime) -> list[int]:
    """Plans whose moment has come, the earliest first."""
    query = (
        select(col(Schedule.id))
        .where(col(Schedule.state) == ScheduleState.waiting, col(Schedule.at) <= now)
        .order_by(col(Schedule.at), col(Schedule.id))
    )
    return [found for found in session.scalars(query) if found is not None]


def next_moment(session: Session) -> datetime | None:
    """When the next plan falls due."""
    query = select(col(Schedule.at)).where(col(Schedule.state) == ScheduleState.waiting)
    return session.scalars(query.order_by(col(Schedule.at)).limit(1)).first()


def carry_out(session: Session, schedule_id: int, now: datetime) -> SaveResult | None:
    """Do what was planned, once, however many processes try; None when there is nothing to do.

    What cannot be done any more is marked as failed and becomes a task of the owner.
    """
    found = session.get(Schedule, schedule_id)
    if found is None:
        return None
    row = locked_article(session, found.article_id)  # before its state is read: one at a time
    session.refresh(found)
    if found.state != ScheduleState.waiting or found.at > now:
        return None
    try:
        with session.begin_nested():
            saved = _do(session, row, found)
    except KbError as error:
        session.refresh(row)
        _settle(found, ScheduleState.failed, error.message)
        audit.record(session, found.actor, "fail", "schedule", str(found.id), code=error.code)
        key, document = f"schedule:{found.id}", f"{ARTICLE}{row.id}"
        new = NewTask(TaskKind.schedule_failed, document, key, found.action, row.owner)
        open_task(session, new, found.actor)
        session.flush()
        return None
    session.refresh(found)
    _settle(found, ScheduleState.done)
    session.flush()
    return saved


def _do(session: Session, row: Article, found: Schedule) -> SaveResult:
    """In the name of who planned it."""
    if found.action == ScheduledAction.archive:
        _settle(found, ScheduleState.done)  # archiving calls off what still waits
        session.flush()
        return archive(session, row.id, found.actor, note=found.note)
    moved = move(session, row, ArticleState.published, found.actor)
    published = point_readers(session, row, None, found.actor, found.revisions)
    details: dict[str, Any] = {"moved": moved, "languages": published, "schedule": found.id}
    return finish(session, row, found.actor, "publish", index=True, note=found.note, **details)


def _publishable(
    session: Session, row: Article, languages: Collection[str] | None, actor: str
) -> dict[str, int]:
    translations = translations_of(session, row.id)
    unknown = sorted(set(languages or ()) - set(translations))
    if unknown:
        raise NotFound(
            f"The article {row.id} has no text in {', '.join(unknown)}: translate it first."
        )
    check_move(row, ArticleState.published)
    targets = {
        language: revision
        for language, revision in latest_revisions(translations).items()
        if languages is None or language in languages
    }
    check_publishable(session, row, translations, targets, actor)
    return targets


def _settle(row: Schedule, state: ScheduleState, error: str = "") -> None:
    row.state, row.settled_at, row.error = state, utc_now(), error
