"""The life of an article: review, trust, plans, history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from api.auth.rules import allow, require
from api.auth.saving import within_scope
from api.deps import App, PathKey, ReadSession
from api.schemas.articles import NoteIn
from api.schemas.common import SavedOut
from api.schemas.life import (
    ApproveIn,
    ChangeOut,
    ChangesIn,
    HistoryOut,
    PlannedOut,
    ReviewedIn,
    ReviewOut,
    ReviewsOut,
    ScheduleIn,
    ScheduleOut,
    SchedulesOut,
    SubmitIn,
    TrustIn,
)
from api.state import Services
from kb.actions.articles import set_trust, unpublish
from kb.actions.reviews import approve, ask_changes, submit, withdraw
from kb.actions.saved import SaveResult
from kb.actions.schedules import call_off, plan
from kb.actions.tasks import mark_reviewed
from kb.domain import Permission, Pool, Principal, ScheduledAction
from kb.queries.life import article_of_schedule, list_changes, list_reviews, list_schedules
from kb.queries.paging import Paging
from kb.queries.revisions import check_article

router = APIRouter(prefix="/api/v1", tags=["life of an article"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
Reviewer = Annotated[Principal, allow(Permission.review_articles)]
Publisher = Annotated[Principal, allow(Permission.publish_articles)]
Archivist = Annotated[Principal, allow(Permission.archive_articles)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Act = Callable[[Session], SaveResult]
ScheduleId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("/articles/{article_id}/submit", response_model=SavedOut)
def post_submit(app: App, writer: Writer, article_id: PathKey, given: SubmitIn) -> SavedOut:
    """Ask for a review. A draft is in review from then on; readers keep what they have."""

    def act(session: Session) -> SaveResult:
        return submit(
            session,
            article_id,
            writer.actor,
            note=given.note,
            asked_of=given.asked_of,
            expected_version=given.expected_version,
        )

    return _quiet(app, writer, article_id, act)


@router.post("/articles/{article_id}/withdraw", response_model=SavedOut)
def post_withdraw(
    app: App, writer: Writer, article_id: PathKey, why: NoteIn | None = None
) -> SavedOut:
    """Take a request for a review back."""

    def act(session: Session) -> SaveResult:
        return withdraw(session, article_id, writer.actor, note=why.note if why else "")

    return _quiet(app, writer, article_id, act)


@router.post("/articles/{article_id}/ask-changes", response_model=SavedOut)
def post_ask_changes(
    app: App, reviewer: Reviewer, article_id: PathKey, given: ChangesIn
) -> SavedOut:
    """Send an article back with what is to be changed."""

    def act(session: Session) -> SaveResult:
        return ask_changes(session, article_id, reviewer.actor, note=given.note)

    return _quiet(app, reviewer, article_id, act)


@router.post("/articles/{article_id}/approve", response_model=SavedOut)
def post_approve(
    app: App, reviewer: Reviewer, article_id: PathKey, given: ApproveIn | None = None
) -> SavedOut:
    """Approve the latest texts; publish them, too, if asked and allowed.

    Who wrote part of what is not published yet cannot approve an article under compliance (409).
    """
    what = given or ApproveIn()
    if what.publish:
        require(reviewer, Permission.publish_articles)

    def act(session: Session) -> SaveResult:
        return approve(
            session,
            article_id,
            reviewer.actor,
            note=what.note,
            publish=what.publish,
            validate=what.validated,
            expected_version=what.expected_version,
        )

    if what.publish:
        return app.write(Pool.article, within_scope(reviewer, Pool.article, article_id, act))
    return _quiet(app, reviewer, article_id, act)


@router.put("/articles/{article_id}/trust", response_model=SavedOut)
def put_trust(app: App, reviewer: Reviewer, article_id: PathKey, given: TrustIn) -> SavedOut:
    """Say how far an article can be trusted: for those who know the subject."""

    def act(session: Session) -> SaveResult:
        return set_trust(session, article_id, given.trust, reviewer.actor, note=given.note)

    return _quiet(app, reviewer, article_id, act)


@router.post("/articles/{article_id}/unpublish", response_model=SavedOut)
def post_unpublish(
    app: App, archivist: Archivist, article_id: PathKey, why: NoteIn | None = None
) -> SavedOut:
    """Back to draft: no reader finds it from this moment."""

    def act(session: Session) -> SaveResult:
        return unpublish(session, article_id, archivist.actor, note=why.note if why else "")

    return app.write(Pool.article, within_scope(archivist, Pool.article, article_id, act))


@router.post("/articles/{article_id}/reviewed", response_model=SavedOut)
def post_reviewed(
    app: App, reviewer: Reviewer, article_id: PathKey, given: ReviewedIn | None = None
) -> SavedOut:
    """It was looked over and stands: reviews that were due are done."""
    what = given or ReviewedIn()

    def act(session: Session) -> SaveResult:
        due = what.review_by
        return mark_reviewed(session, article_id, reviewer.actor, note=what.note, review_by=due)

    return _quiet(app, reviewer, article_id, act)


@router.get("/articles/{article_id}/reviews", response_model=ReviewsOut)
def get_reviews(session: ReadSession, reader: Reader, article_id: PathKey) -> ReviewsOut:
    """What reviews were asked for and what came of them."""
    check_article(session, article_id, reader.scope)
    found = list_reviews(session, article_id)
    return ReviewsOut(reviews=[ReviewOut.model_validate(x, from_attributes=True) for x in found])


@router.get("/articles/{article_id}/history", response_model=HistoryOut)
def get_history(
    session: ReadSession,
    reader: Reader,
    article_id: PathKey,
    limit: Limit = 50,
    offset: Offset = 0,
) -> HistoryOut:
    """Who changed an article and why."""
    check_article(session, article_id, reader.scope)
    page = list_changes(session, article_id, Paging(offset, limit))
    changes = [ChangeOut.model_validate(x, from_attributes=True) for x in page.items]
    return HistoryOut(changes=changes, total=page.total, offset=offset, limit=limit)


@router.get("/articles/{article_id}/schedules", response_model=SchedulesOut)
def get_schedules(session: ReadSession, reader: Reader, article_id: PathKey) -> SchedulesOut:
    """What is planned for an article, and what was."""
    check_article(session, article_id, reader.scope)
    found = list_schedules(session, article_id)
    plans = [ScheduleOut.model_validate(x, from_attributes=True) for x in found]
    return SchedulesOut(schedules=plans)


@router.post("/articles/{article_id}/schedules", response_model=PlannedOut, status_code=201)
def post_schedule(
    app: App, publisher: Publisher, article_id: PathKey, given: ScheduleIn
) -> PlannedOut:
    """Publish the texts as they are now, or archive, at a moment to come.

    What is planned is done at that moment, or as soon as a server runs again, once.
    """
    if given.action == ScheduledAction.archive:
        require(publisher, Permission.archive_articles)
    made = app.change(lambda session: _plan(session, publisher, article_id, given))
    app.scheduler.wake()
    return PlannedOut(id=made)


@router.delete("/schedules/{schedule_id}", response_model=SavedOut)
def delete_schedule(app: App, publisher: Publisher, schedule_id: ScheduleId) -> SavedOut:
    """It does not happen."""

    def act(session: Session) -> SaveResult:
        check_article(session, article_of_schedule(session, schedule_id), publisher.scope)
        return call_off(session, schedule_id, publisher.actor)

    return _saved(app.change(act))


def _plan(session: Session, publisher: Principal, article_id: str, given: ScheduleIn) -> int:
    check_article(session, article_id, publisher.scope)
    at: datetime = given.at
    names, note = given.languages, given.note
    return plan(session, article_id, given.action, at, publisher.actor, languages=names, note=note)


def _quiet(app: Services, principal: Principal, article_id: str, act: Act) -> SavedOut:
    """A change that the index need not follow."""
    return _saved(app.change(within_scope(principal, Pool.article, article_id, act)))


def _saved(saved: SaveResult) -> SavedOut:
    return SavedOut(id=saved.id, status=str(saved.status), version=saved.version)
