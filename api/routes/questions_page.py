"""The page on which people find what colleagues ask them, and answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.deps import App, ReadSession
from api.routes.flags import Giver, Offset
from api.routes.questions import QuestionId
from api.schemas.common import MAX_TEXT
from api.ui import render
from kb.actions.questions import answer_question
from kb.domain import Principal
from kb.errors import InvalidInput
from kb.queries.paging import Paging
from kb.queries.questions import QuestionFilters, count_waiting, list_questions

SHOWN = 20  # questions on a page
router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=MAX_TEXT)]


@router.get("/questions")
def questions_page(
    request: Request, session: ReadSession, me: Giver, offset: Offset = 0, done: str = ""
) -> HTMLResponse:
    """What was asked of whoever looks, those that wait first."""
    return _page(request, session, me, {"offset": offset, "done": done})


@router.post("/questions/{question_id}/answer")
def post_answer_form(
    request: Request, app: App, me: Giver, question_id: QuestionId, text: Typed = ""
) -> Response:
    """Send the answer into the conversation, or say what is wrong with it."""
    try:
        with app.engine.session_factory.begin() as session:
            interaction_id = answer_question(session, question_id, text, me)
    except InvalidInput as error:
        wrong = {"error": error, "wrong_id": question_id, "typed": text}
        with app.readers() as reading:
            return _page(request, reading, me, wrong, error.status)
    if interaction_id is not None:
        app.live.touched(interaction_id)
    return RedirectResponse(f"/questions?done={question_id}#{question_id}", 303)


def _page(
    request: Request,
    session: Session,
    me: Principal,
    values: dict[str, object],
    status: int = 200,
) -> HTMLResponse:
    known: dict[str, object] = {"offset": 0, "done": "", "error": None, "wrong_id": "", "typed": ""}
    known |= values
    offset = known["offset"]
    paging = Paging(offset if isinstance(offset, int) else 0, SHOWN)
    mine = me.user_id or ""
    known["found"] = list_questions(session, QuestionFilters(asked_of=mine), paging)
    known["waiting"] = count_waiting(session, mine)
    known["shown"] = SHOWN
    return render.page(request, "questions.html", known, status)
