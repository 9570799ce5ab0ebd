"""Review before publishing: asked for, taken back, sent back with a word, approved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_rows import (
    check_second_person,
    finish,
    latest_revisions,
    locked_article,
    move,
    pending_revisions,
    point_readers,
    translations_of,
    unchanged,
)
from kb.actions.checks import check_text
from kb.actions.saved import SaveResult
from kb.domain import (
    Article,
    ArticleState,
    Review,
    ReviewDecision,
    Revision,
    Translation,
    Trust,
    User,
    UserState,
    utc_now,
)
from kb.errors import Conflict, InvalidInput


def submit(
    session: Session,
    article_id: str,
    actor: str,
    *,
    note: str = "",
    asked_of: str | None = None,
    expected_version: int | None = None,
) -> SaveResult:
    """Ask for a review, of somebody or of anybody.

    A draft is in review from then on; of a published article readers keep what they have.
    Asking again with nothing new changes nothing. Raises NotFound, InvalidInput for an unknown
    reviewer, Conflict for an archived article and when there is nothing to review.
    """
    check_text(note, "note")
    _check_person(session, asked_of)
    row = locked_article(session, article_id, expected_version)
    if row.state == ArticleState.archived:
        raise Conflict(f"The article {row.id} is archived: restore it first.", state=row.state)
    translations = translations_of(session, row.id)
    latest = latest_revisions(translations)
    if row.state == ArticleState.published and not _pending(session, translations):
        raise Conflict(f"The article {row.id} has nothing unpublished: change it first.")
    review = waiting_review(session, row.id)
    if review is not None and (review.revisions, review.asked_of) == (latest, asked_of):
        return unchanged(row)
    if review is not None:
        _decide(review, ReviewDecision.withdrawn, actor, "")
    if row.state == ArticleState.draft:
        move(session, row, ArticleState.in_review, actor)
    values = {"article_id": row.id, "asked_by": actor, "asked_of": asked_of, "note": note}
    session.add(Review.model_validate(values | {"revisions": latest}))
    return finish(session, row, actor, "submit", index=False, note=note, asked_of=asked_of)


def withdraw(session: Session, article_id: str, actor: str, *, note: str = "") -> SaveResult:
    """Take the request back: an article in review is a draft again. Raises NotFound, Conflict."""
    return _send_back(session, article_id, ReviewDecision.withdrawn, (actor, "withdraw", note))


def ask_changes(session: Session, article_id: str, actor: str, *, note: str) -> SaveResult:
    """Send it back with what is to be changed. Raises NotFound, Conflict, InvalidInput."""
    check_text(note, "note", needed=True)
    decision = ReviewDecision.changes_asked
    return _send_back(session, article_id, decision, (actor, "ask_changes", note))


def approve(
    session: Session,
    article_id: str,
    actor: str,
    *,
    note: str = "",
    publish: bool = False,
    validate: bool = False,
    expected_version: int | None = None,
) -> SaveResult:
    """The latest texts may be published; with `publish` they are, with `validate` also trusted.

    What a machine proposed counts as read by this person. Raises NotFound, and Conflict when no
    review is asked for, the article has moved on, or needs somebody who wrote none of it.
    """
    check_text(note, "note")
    row = locked_article(session, article_id, expected_version)
    review = _open_review(session, row)
    translations = translations_of(session, row.id)
    pending = _pending(session, translations)
    check_second_person(row, pending, actor)
    for revision in pending:
        if revision.machine_model is not None:
            revision.checked_by = actor
    review.revisions = latest_revisions(translations)
    _decide(review, ReviewDecision.approved, actor, note)
    session.flush()
    old_trust = row.trust
    if validate:
        row.trust = Trust.validated
    published: list[str] = []
    if publish:
        move(session, row, ArticleState.published, actor)
        published = point_readers(session, row, None, actor)
    details: dict[str, Any] = {"published": published, "trust": row.trust, "was": old_trust}
    return finish(session, row, actor, "approve", index=publish, note=note, **details)


def waiting_review(session: Session, article_id: str) -> Review | None:
    """The review that waits, if there is one."""
    return session.scalars(
        select(Review)
        .where(col(Review.article_id) == article_id, col(Review.decision) == ReviewDecision.waiting)
        .order_by(col(Review.id).desc()),
        execution_options={"populate_existing": True},
    ).first()


def _pending(session: Session, translations: dict[str, Translation]) -> list[Revision]:
    return pending_revisions(session, translations, latest_revisions(translations))


def _open_review(session: Session, row: Article) -> Review:
    review = waiting_review(session, row.id)
    if review is None and row.state == ArticleState.in_review:  # approved before, or an old one
        review = Review.model_validate({"article_id": row.id, "asked_by": "system"})
        session.add(review)
    if review is None:
        raise Conflict(
            f"No review of the article {row.id} is asked for: submit it first.", state=row.state
        )
    return review


def _decide(review: Review, decision: ReviewDecision, actor: str, note: str) -> None:
    review.decision, review.decision_note = decision, note
    review.decided_by, review.decided_at = actor, utc_now()


def _send_back(
    session: Session, article_id: str, decision: ReviewDecision, change: tuple[str, str, str]
) -> SaveResult:
    actor, action, note = change
    check_text(note, "note")
    row = locked_article(session, article_id)
    _decide(_open_review(session, row), decision, actor, note)
    session.flush()
    if row.state == ArticleState.in_review:
        move(session, row, ArticleState.draft, actor)
    return finish(session, row, actor, action, index=False, note=note)


def _check_person(session: Session, user_id: str | None) -> None:
    if user_id is None:
        return
    user = session.get(User, user_id)
    if user is None or user.state == UserState.disabled:
        raise InvalidInput(f"Nobody active is {user_id[:60]!r}: choose somebody from the list.")
