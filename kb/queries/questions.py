"""Questions to colleagues: about one interaction, and those that wait for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import ColleagueQuestion, Suggestion, User
from kb.errors import NotFound
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question, who put it to whom, and the answer once there is one.

    `asked_by` is an actor, `asked_of` a person's id; `about` is what the customer asks, where a
    suggestion is cited. Texts are without what is personal.
    """

    id: str
    interaction_id: str
    suggestion_id: str | None
    language: str
    text: str
    about: str
    asked_by: str
    asked_by_name: str
    asked_of: str
    asked_of_name: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuestionFilters:
    """`asked_of` is a person's id, `asked_by` an actor; None for anybody's."""

    asked_of: str | None = None
    asked_by: str | None = None
    answered: bool | None = None
    interaction_id: str | None = None


def questions_about(session: Session, interaction_id: str) -> tuple[QuestionView, ...]:
    """What was asked of colleagues about an interaction, oldest first."""
    where = col(ColleagueQuestion.interaction_id) == interaction_id
    query = _query().where(where).order_by(col(ColleagueQuestion.asked_at), _ID)
    return _views(session, query)


def get_question(session: Session, question_id: str) -> QuestionView:
    """Raises NotFound."""
    found = _views(session, _query().where(col(ColleagueQuestion.id) == question_id))
    if not found:
        raise NotFound(
            f"There is no question {question_id[:60]!r}: look it up in your list of questions."
        )
    return found[0]


def list_questions(
    session: Session, filters: QuestionFilters, paging: Paging | None = None
) -> Page[QuestionView]:
    """Questions, the unanswered first, then the newest."""
    paging = paging or Paging()
    where = _conditions(filters)
    count = select(func.count()).select_from(ColleagueQuestion).where(*where)
    order = (
        col(ColleagueQuestion.answered_at).is_not(None),
        col(ColleagueQuestion.asked_at).desc(),
        _ID,
    )
    query = _query().where(*where).order_by(*order).offset(paging.offset).limit(paging.limit)
    return Page(_views(session, query), session.scalar(count) or 0)


def count_waiting(session: Session, user_id: str) -> int:
    """How many questions wait for this person's answer."""
    where = _conditions(QuestionFilters(asked_of=user_id, answered=False))
    return session.scalar(select(func.count()).select_from(ColleagueQuestion).where(*where)) or 0


_Rows = Select[ColleagueQuestion, str, str]
_ID = col(ColleagueQuestion.id)


def _query() -> _Rows:
    cited = col(Suggestion.id) == col(ColleagueQuestion.suggestion_id)
    return (
        select(ColleagueQuestion, col(User.name), col(Suggestion.query))
        .join(User, col(User.id) == col(ColleagueQuestion.asked_of))
        .outerjoin(Suggestion, cited)
    )


def _conditions(filters: QuestionFilters) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for column, value in (
        (col(ColleagueQuestion.asked_of), filters.asked_of),
        (col(ColleagueQuestion.asked_by), filters.asked_by),
        (col(ColleagueQuestion.interaction_id), filters.interaction_id),
    ):
        if value is not None:
            where.append(column == value)
    if filters.answered is not None:
        answered = col(ColleagueQuestion.answered_at)
        where.append(answered.is_not(None) if filters.answered else answered.is_(None))
    return where


def _views(session: Session, query: _Rows) -> tuple[QuestionView, ...]:
    rows = session.execute(query, execution_options={"populate_existing": True}).all()
    names = names_of(session, {row.asked_by for row, _, _ in rows})
    return tuple(
        QuestionView(
            id=row.id,
            interaction_id=row.interaction_id,
            suggestion_id=row.suggestion_id,
            language=row.language,
            text=row.text,
            about=about or "",
            asked_by=row.asked_by,
            asked_by_name=names.get(row.asked_by, row.asked_by),
            asked_of=row.asked_of,
            asked_of_name=name,
            asked_at=row.asked_at,
            answer=row.answer,
            answered_at=row.answered_at,
        )
        for row, name, about in rows
    )
