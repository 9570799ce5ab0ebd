"""Asking a colleague, and answering."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.actions.given import About
from kb.actions.questions import QuestionInput, answer_question, ask_colleague
from kb.domain import ColleagueQuestion, Interaction, UserState
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.questions import get_question, questions_about
from tests.kb.builders import audited
from tests.kb.live import by, events, interaction, person, suggested

WHICH = QuestionInput(About("int_1", idempotency_key="k1"), "usr_ana", "Which depot takes it?")


@pytest.fixture(autouse=True)
def _there(session: Session) -> None:
    interaction(session, customer_ref="Anna Novak")
    person(session, "usr_ana", "Ana Kos")
    person(session, "usr_eva", "Eva Horvat")


def test_a_question_and_its_answer_go_into_the_interaction(session: Session) -> None:
    about = replace(WHICH.about, suggestion_id=suggested(session, "int_1"))
    asked = ask_colleague(session, replace(WHICH, about=about), by("usr_eva"))
    assert asked.is_new
    assert answer_question(session, asked.id, " The one in Hull. ", by("usr_ana")) == "int_1"
    [view] = questions_about(session, "int_1")
    assert (view.asked_by_name, view.asked_of_name) == ("Eva Horvat", "Ana Kos")
    assert (view.text, view.answer) == ("Which depot takes it?", "The one in Hull.")
    assert events(session) == [
        ("asked_colleague", {"question_id": asked.id}),
        ("colleague_answered", {"question_id": asked.id}),
    ]
    assert audited(session)[-2:] == [("ask", asked.id), ("answer", asked.id)]
    session.expire_all()
    assert session.get_one(Interaction, "int_1").sequence == 3


def test_nothing_personal_is_kept(session: Session) -> None:
    asked = ask_colleague(session, replace(WHICH, text="Anna Novak, anna@example.com?"), by())
    answer_question(session, asked.id, "Call Anna Novak on anna@example.com", by("usr_ana"))
    view = get_question(session, asked.id)
    assert "Novak" not in view.text + view.answer
    assert "anna@" not in view.text + view.answer


def test_the_same_key_again_asks_nothing(session: Session) -> None:
    first = ask_colleague(session, WHICH, by("usr_eva"))
    again = ask_colleague(session, WHICH, by("usr_eva"))
    assert (again.id, again.is_new) == (first.id, False)
    with pytest.raises(Conflict, match="new key"):
        ask_colleague(session, replace(WHICH, text="Another?"), by("usr_eva"))
    assert len(events(session)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"state": UserState.disabled},
        {"state": UserState.invited},
        {"scope": {"country": ["PL"]}},
        {"roles": ["customer"]},
    ],
)
def test_who_could_not_answer_is_as_good_as_not_there(
    session: Session, changes: dict[str, Any]
) -> None:
    person(session, "usr_jan", "Jan Nowak", **changes)
    messages = set()
    for user_id in ("usr_jan", "usr_never"):
        with pytest.raises(NotFound) as caught:
            ask_colleague(session, replace(WHICH, asked_of=user_id), by("usr_eva"))
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_what_cannot_be_is_refused(session: Session) -> None:
    for bad in (replace(WHICH, text=" "), replace(WHICH, asked_of="usr_eva")):
        with pytest.raises(InvalidInput):
            ask_colleague(session, bad, by("usr_eva"))
    for scope in ({"country": ["PL"]}, {}):
        about = About("int_1" if scope else "int_never")
        with pytest.raises(NotFound):
            ask_colleague(session, replace(WHICH, about=about), by("usr_eva", scope=scope))


def test_only_who_was_asked_answers(session: Session) -> None:
    asked = ask_colleague(session, WHICH, by("usr_eva"))
    stranger = replace(by("usr_ana"), user_id=None)
    for who in (by("usr_eva"), by("usr_jan", "administrator"), stranger):
        with pytest.raises(NotFound):
            answer_question(session, asked.id, "Hull.", who)
    with pytest.raises(NotFound):
        answer_question(session, "que_never", "Hull.", by("usr_ana"))
    with pytest.raises(InvalidInput):
        answer_question(session, asked.id, " ", by("usr_ana"))


def test_an_answer_may_be_mended(session: Session) -> None:
    asked = ask_colleague(session, WHICH, by("usr_eva"))
    assert answer_question(session, asked.id, "Hull.", by("usr_ana")) == "int_1"
    assert answer_question(session, asked.id, "Hull.", by("usr_ana")) is None
    assert answer_question(session, asked.id, "Leeds.", by("usr_ana")) == "int_1"
    row = session.get_one(ColleagueQuestion, asked.id)
    assert row.answer == "Leeds."
