"""Articles x languages: what is missing, outdated or unchecked."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.deps import App, ReadSession
from api.routes.desk.page import SHOWN, Asked, Offset, Reader, filled, one_of, show
from kb.queries.languages import BoardFilters, LanguageStatus, load_board
from kb.queries.paging import Paging

router = APIRouter(prefix="/editor")
DRAFT = "draft"  # beside the statuses: a text that readers do not have


@router.get("/board")
def board_page(
    request: Request,
    app: App,
    session: ReadSession,
    me: Reader,
    status: Asked = "",
    lang: Asked = "",
    offset: Offset = 0,
) -> HTMLResponse:
    """Each article in each language, with how many of each there are."""
    languages = app.settings.languages
    language = lang if lang in languages else None
    wanted = BoardFilters(one_of(LanguageStatus, status), language, drafts=status == DRAFT)
    board = load_board(session, languages, wanted, scope=me.scope, paging=Paging(offset, SHOWN))
    asked = filled({"status": status if status == DRAFT else wanted.status, "lang": language})
    values = {"board": board, "languages": languages, "asked": asked, "offset": offset}
    return show(request, me, "desk_board.html", values)
