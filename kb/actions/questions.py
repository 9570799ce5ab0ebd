"""Questions to colleagues, and their answers. None of these commits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.events import record_event
from kb.actions.given import (
    About,
    check_about,
    check_words,
    kept_text,
    language_of,
    raise_sequence,
)
from kb.db import insert_into
from kb.domain import (
    ColleagueQuestion,
    Interaction,
    InteractionEventKind,
    Permission,
    Principal,
    User,
    UserState,
    in_scope,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.roles import load_roles, permissions_of


@dataclass(frozen=True, slots=True)
class QuestionInput:
    """`asked_of` is the id of a person."""

    about: About
    asked_of: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question's id, and whether it is new: then its owner is to be told."""

    id: str
    is_new: bool


def ask_colleague(session: Session, question: QuestionInput, by: Principal) -> Asked:
    """Put a question about an interaction to somebody who may see it.

    Also an event of the interaction. The same idempotency key again gives the same id and writes
    nothing. Raises NotFound for what `by` does not see and for people who are not there, are shut
    out or may not see the interaction; InvalidInput, Conflict when the key was used for something
    else.
    """
    about = question.about
    check_words(question.text, "text", needed=True)
    interaction = check_about(session, about, by)
    _check_colleague(session, question.asked_of, interaction, by)
    language = language_of(session, question.text, None, interaction)
    values = {
        "id": f"que_{secrets.token_hex(12)}",
        "interaction_id": about.interaction_id,
        "suggestion_id": about.suggestion_id,
        "language": language,
        "text": kept_text(session, question.text, language, interaction),
        "asked_by": by.actor,
        "asked_of": question.asked_of,
        "asked_at": utc_now(),
        "answer": "",
        "idempotency_key": about.idempotency_key,
    }
    insert = insert_into(session, ColleagueQuestion)
    insert = insert.on_conflict_do_nothing(index_elements=["idempotency_key"])
    new_id = session.execute(insert.returning(col(ColleagueQuestion.id)), values).scalar()
    if new_id is None:
        return Asked(_same(session, values), False)
    audit.record(session, by.actor, "ask", "question", new_id, asked_of=question.asked_of)
    record_event(
        session,
        about.interaction_id,
        InteractionEventKind.asked_colleague,
        by.actor,
        about.suggestion_id,
        question_id=new_id,
    )
    raise_sequence(session, about.interaction_id)
    return Asked(str(new_id), True)


def answer_question(session: Session, question_id: str, text: str, by: Principal) -> str | None:
    """Answer a question put to oneself, or mend one's answer; the answer goes back into the
    interaction, whose id is given: None when nothing changed.

    Raises NotFound, also for questions put to others, InvalidInput.
    """
    check_words(text, "text", needed=True)
    row = session.get(ColleagueQuestion, question_id, populate_existing=True, with_for_update=True)
    if row is None or by.user_id is None or row.asked_of != by.user_id:
        raise NotFound(
            f"There is no question {question_id[:60]!r} for you: look at the list of questions."
        )
    interaction = session.get_one(Interaction, row.interaction_id)
    language = language_of(session, text, None, interaction)
    answer = kept_text(session, text, language, interaction)
    if answer == row.answer:
        return None
    is_first = row.answered_at is None
    row.answer, row.answered_at = answer, utc_now()
    audit.record(session, by.actor, "answer", "question", row.id, first=is_first)
    record_event(
        session,
        row.interaction_id,
        InteractionEventKind.colleague_answered,
        by.actor,
        row.suggestion_id,
        question_id=row.id,
    )
    raise_sequence(session, row.interaction_id)
    return row.interaction_id


def _check_colleague(
    session: Session, user_id: str, interaction: Interaction, by: Principal
) -> None:
    if by.user_id is not None and by.user_id == user_id:
        raise InvalidInput("This is you: ask a colleague.")
    person = session.get(User, user_id)
    if person is None or person.state != UserState.active or not _may_answer(session, person):
        is_there = False
    else:
        is_there = in_scope(interaction.facets, person.scope)
    if not is_there:
        raise NotFound(
            "There is no such colleague who could answer this: ask one of those suggested."
        )


def _may_answer(session: Session, person: User) -> bool:
    return Permission.contribute in permissions_of(load_roles(session), person.roles)


def _same(session: Session, values: Mapping[str, object]) -> str:
    """The question that holds this idempotency key, if it says the same."""
    key = col(ColleagueQuestion.idempotency_key) == values["idempotency_key"]
    found = session.scalars(select(ColleagueQuestion).where(key)).one()
    said = ("interaction_id", "asked_of", "text", "asked_by")
    if any(getattr(found, name) != values[name] for name in said):
        raise Conflict(
            "This idempotency key was used for another question: send a new key with it."
        )
    return found.id
