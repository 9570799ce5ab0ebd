"""What awaits an editor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from api.deps import App, ReadSession
from api.routes.desk.page import Reader, go, show
from api.ui import render
from kb.actions.comments import see_mentions
from kb.domain import utc_now
from kb.queries.desk import load_in_hand
from kb.queries.home import load_home
from kb.queries.titles import article_titles, document_titles

router = APIRouter(prefix="/editor")


@router.get("")
def home_page(
    request: Request, app: App, session: ReadSession, me: Reader, done: str = ""
) -> HTMLResponse:
    """Tasks, reviews, articles sent back, words to them, texts begun; drafts, plans."""
    home = load_home(session, me)
    in_hand = load_in_hand(session, me, app.settings.languages)
    language = render.ui_language(request)
    lists = (home.reviews, home.sent_back, home.mentions, home.edits)
    held = (in_hand.drafts, in_hand.behind, in_hand.plans)
    keys = {line.article_id for page in (*lists, *held) for line in page.items}
    documents = {task.document for task in home.tasks.items}
    titles = document_titles(session, documents, language)
    titles |= {f"article:{k}": v for k, v in article_titles(session, keys, language).items()}
    values = {"home": home, "in_hand": in_hand, "titles": titles, "now": utc_now(), "done": done}
    return show(request, me, "desk_home.html", values)


@router.post("/seen")
def post_seen(app: App, me: Reader, comment: Annotated[int, Form(ge=1, le=2**31 - 1)]) -> Response:
    """One word to them was read: it leaves their page."""
    app.change(lambda session: see_mentions(session, me.user_id or "", [comment]))
    return go("/editor", done="seen")
