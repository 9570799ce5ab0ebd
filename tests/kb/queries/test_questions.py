"""Questions to colleagues as they are listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.domain import ColleagueQuestion, utc_now
from kb.errors import NotFound
from kb.queries.paging import Paging
from kb.queries.questions import (
    QuestionFilters,
    count_waiting,
    get_question,
    list_questions,
    questions_about,
)
from tests.kb.live import interaction, person


def _ask(session: Session, key: str, minutes: int = 0, **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": key,
        "interaction_id": "int_1",
        "language": "en",
        "text": "Which depot?",
        "asked_by": "usr_eva",
        "asked_of": "usr_ana",
        "asked_at": utc_now() + timedelta(minutes=minutes),
    }
    session.add(ColleagueQuestion.model_validate(values | changes))
    session.flush()


@pytest.fixture(autouse=True)
def _asked(session: Session) -> None:
    for key, name in (("usr_ana", "Ana Novak"), ("usr_eva", "Eva Kos")):
        person(session, key, name)
    for key in ("int_1", "int_2"):
        interaction(session, key)
    answered = {"answer": "Leeds.", "answered_at": utc_now()}
    _ask(session, "q_1", 0, **answered)
    _ask(session, "q_2", 1)
    _ask(session, "q_3", 2, interaction_id="int_2")
    _ask(session, "q_4", 3, asked_of="usr_eva", asked_by="key:7", interaction_id="int_2")


def test_an_interaction_has_its_questions_oldest_first(session: Session) -> None:
    found = questions_about(session, "int_1")
    assert [question.id for question in found] == ["q_1", "q_2"]
    assert (found[0].answer, found[0].asked_of_name, found[0].asked_by_name) == (
        "Leeds.",
        "Ana Novak",
        "Eva Kos",
    )
    assert questions_about(session, "int_never") == ()


def test_what_waits_comes_first(session: Session) -> None:
    mine = QuestionFilters(asked_of="usr_ana")
    found = list_questions(session, mine)
    assert [question.id for question in found.items] == ["q_3", "q_2", "q_1"]
    page = list_questions(session, mine, Paging(1, 1))
    assert ([question.id for question in page.items], page.total) == (["q_2"], 3)
    assert count_waiting(session, "usr_ana") == 2


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (QuestionFilters(asked_by="usr_eva"), ["q_3", "q_2", "q_1"]),
        (QuestionFilters(answered=True), ["q_1"]),
        (QuestionFilters(answered=False, interaction_id="int_2"), ["q_4", "q_3"]),
        (QuestionFilters(asked_of="usr_never"), []),
    ],
)
def test_filters(session: Session, filters: QuestionFilters, ids: list[str]) -> None:
    assert [question.id for question in list_questions(session, filters).items] == ids


def test_an_asker_who_is_no_person_keeps_the_noted_name(session: Session) -> None:
    assert get_question(session, "q_4").asked_by_name == "key:7"
    with pytest.raises(NotFound):
        get_question(session, "q_never")
