"""Questions to colleagues, and who is worth asking."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_TEXT, Input, Output, Text
from api.schemas.flags import SuggestionRef
from kb.queries.questions import QuestionView

Question = Annotated[Text, StringConstraints(min_length=1, max_length=MAX_TEXT)]


class QuestionIn(Input):
    """A question to one colleague."""

    asked_of: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = Field(
        description="the id of a person, as among the experts"
    )
    text: Question
    suggestion_id: SuggestionRef | None = None


class AnswerIn(Input):
    text: Question


class QuestionOut(Output):
    """Who asked whom, and the answer once there is one."""

    id: str
    interaction_id: str
    suggestion_id: str | None
    language: str
    text: str
    about: str = Field(description="what the customer asks, where a suggestion was cited")
    asked_by: str = Field(description="a name")
    asked_by_actor: str
    asked_of: str = Field(description="a name")
    asked_of_id: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


class QuestionsOut(Output):
    """Questions, those that wait for an answer first, then the newest."""

    questions: list[QuestionOut]
    total: int
    offset: int
    limit: int


class ExpertOut(Output):
    """A colleague who may be asked, and what they did on this subject."""

    user_id: str
    name: str
    language: str
    score: float = Field(description="to rank by; no measure across questions")
    solved: int = Field(description="cases like this")
    wrote: int = Field(description="articles about it")
    contributed: int = Field(description="corrections and additions to it")
    answered: int = Field(description="questions of colleagues about it")


class ExpertsOut(Output):
    """The best first; empty when nobody did anything on the subject."""

    experts: list[ExpertOut]


def question_out(found: QuestionView) -> QuestionOut:
    """A question as the API gives it."""
    same = {
        name: getattr(found, name)
        for name in QuestionOut.model_fields
        if not name.startswith(("asked_by", "asked_of"))
    }
    return QuestionOut(
        **same,
        asked_by=found.asked_by_name,
        asked_by_actor=found.asked_by,
        asked_of=found.asked_of_name,
        asked_of_id=found.asked_of,
    )
