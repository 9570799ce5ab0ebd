"""Comments on articles in the making; whoever is named in one is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.checks import check_language, check_text
from kb.domain import Comment, Mention, User, UserState, utc_now
from kb.errors import InvalidInput, NotFound

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class CommentInput:
    """What is said; `quote` the words it is about, `parent_id` the comment it answers."""

    text: str
    language: str | None = None
    revision_number: int | None = None
    quote: str = ""
    parent_id: int | None = None
    mentions: Sequence[str] = ()  # ids of people


def add_comment(session: Session, article_id: str, given: CommentInput, actor: str) -> int:
    """Say something about an article that is there; gives the comment's id.

    Raises InvalidInput for somebody unknown, NotFound for a comment to answer that is not there.
    """
    check_text(given.text, "text", needed=True)
    check_text(given.quote, "quote")
    if given.language is not None:
        check_language(given.language)
    people = list(dict.fromkeys(given.mentions))
    _check_people(session, people)
    if given.parent_id is not None:
        parent = session.get(Comment, given.parent_id)
        if parent is None or parent.article_id != article_id:
            raise NotFound(f"There is no comment {given.parent_id} to answer.")
    values = {
        "article_id": article_id,
        "parent_id": given.parent_id,
        "language": given.language,
        "revision_number": given.revision_number,
        "quote": given.quote,
        "text": given.text,
        "author": actor,
    }
    row = Comment.model_validate(values)
    session.add(row)
    session.flush()
    assert row.id is not None
    session.add_all(Mention(comment_id=row.id, user_id=person) for person in people)
    audit.record(
        session, actor, "comment", "article", article_id, comment=row.id, named=len(people)
    )
    session.flush()
    return row.id


def resolve_comment(session: Session, comment_id: int, actor: str) -> None:
    """It is dealt with; again changes nothing. Raises NotFound."""
    row = session.get(Comment, comment_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no comment {comment_id}: look at the article's comments.")
    if row.resolved_at is not None:
        return
    row.resolved_at, row.resolved_by = utc_now(), actor
    audit.record(session, actor, "resolve", "comment", str(comment_id), article=row.article_id)
    session.flush()


def see_mentions(session: Session, user_id: str, comments: Sequence[int]) -> None:
    """The person has read these comments."""
    session.execute(
        update(Mention)
        .where(
            col(Mention.user_id) == user_id,
            col(Mention.comment_id).in_(comments),
            col(Mention.seen_at).is_(None),
        )
        .values(seen_at=utc_now())
    )


def _check_people(session: Session, people: Sequence[str]) -> None:
    if len(people) > MOST_NAMED:
        raise InvalidInput(f"Name at most {MOST_NAMED} people in one comment.")
    known = set(
        session.scalars(
            select(col(User.id)).where(
                col(User.id).in_(people), col(User.state) != UserState.disabled
            )
        )
    )
    unknown = [person for person in people if person not in known]
    if unknown:
        raise InvalidInput(f"Nobody active is {unknown[0][:60]!r}: choose people from the list.")
