"""Questions to colleagues: who knows, asking, answering."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Path, Query

from api.auth.mail import tell_of_question
from api.deps import App, ReadSession
from api.routes.flags import Giver, InteractionId, Limit, Offset
from api.routes.suggest import IdempotencyKey
from api.schemas.flags import GivenOut
from api.schemas.questions import (
    AnswerIn,
    ExpertOut,
    ExpertsOut,
    QuestionIn,
    QuestionOut,
    QuestionsOut,
    question_out,
)
from kb.actions.given import About
from kb.actions.questions import QuestionInput, answer_question, ask_colleague
from kb.assist.experts import experts_on
from kb.queries.paging import Paging
from kb.queries.questions import QuestionFilters, get_question, list_questions
from kb.queries.users import get_user

router = APIRouter(prefix="/api/v1", tags=["knowledge flow"])
QuestionId = Annotated[str, Path(pattern=r"^que_[a-z0-9]{1,36}$", max_length=40)]


@router.get("/interactions/{interaction_id}/experts", response_model=ExpertsOut)
def read_experts(
    app: App,
    reader: Giver,
    interaction_id: InteractionId,
    limit: Annotated[int, Query(ge=1, le=20)] = 5,
) -> ExpertsOut:
    """Colleagues who know: ranked by what they solved and wrote on the subject of a conversation.

    Only those who may be asked: active, and with this conversation in their scope.
    """
    found = experts_on(app.engine, interaction_id, reader, limit)
    return ExpertsOut(
        experts=[ExpertOut.model_validate(one, from_attributes=True) for one in found]
    )


@router.post("/interactions/{interaction_id}/questions", response_model=GivenOut, status_code=201)
def post_question(
    app: App,
    asker: Giver,
    later: BackgroundTasks,
    interaction_id: InteractionId,
    given: QuestionIn,
    idempotency_key: IdempotencyKey = None,
) -> GivenOut:
    """Ask a colleague. They find it under their questions, and a link to it in their mail.

    The answer comes back into the conversation. Nothing personal of the texts is kept.
    """
    about = About(interaction_id, given.suggestion_id, idempotency_key=idempotency_key)
    with app.engine.session_factory.begin() as session:
        question = QuestionInput(about, given.asked_of, given.text)
        asked = ask_colleague(session, question, asker)
        colleague = get_user(session, given.asked_of)
    if asked.is_new:
        app.live.touched(interaction_id)
        later.add_task(tell_of_question, app.settings, colleague, asked.id)
    return GivenOut(id=asked.id)


@router.get("/questions", response_model=QuestionsOut)
def read_questions(
    session: ReadSession,
    reader: Giver,
    of: Annotated[Literal["me"] | None, Query(description="put to oneself")] = None,
    by: Annotated[Literal["me"] | None, Query(description="put by oneself")] = None,
    answered: bool | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> QuestionsOut:
    """One's questions, those that wait for an answer first: put to oneself unless `by=me`."""
    mine = reader.user_id or ""
    filters = QuestionFilters(
        asked_of=mine if of == "me" or by is None else None,
        asked_by=reader.actor if by == "me" else None,
        answered=answered,
    )
    page = list_questions(session, filters, Paging(offset, limit))
    questions = [question_out(one) for one in page.items]
    return QuestionsOut(questions=questions, total=page.total, offset=offset, limit=limit)


@router.post("/questions/{question_id}/answer", response_model=QuestionOut)
def post_answer(app: App, answerer: Giver, question_id: QuestionId, given: AnswerIn) -> QuestionOut:
    """Answer a question put to oneself, or mend the answer; the asker sees it at once."""
    with app.engine.session_factory.begin() as session:
        interaction_id = answer_question(session, question_id, given.text, answerer)
        question = get_question(session, question_id)
    if interaction_id is not None:
        app.live.touched(interaction_id)
    return question_out(question)
