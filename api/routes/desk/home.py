"""What awaits an editor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.auth.rules import allow
from api.deps import ReadSession
from api.ui import render
from kb.domain import Permission, Principal
from kb.queries.home import load_home

router = APIRouter(prefix="/editor")
Reader = Annotated[Principal, allow(Permission.read_drafts)]


@router.get("")
def home_page(request: Request, session: ReadSession, me: Reader) -> HTMLResponse:
    """Tasks, reviews, articles sent back, words to them, texts begun."""
    return render.page(request, "desk_home.html", {"home": load_home(session, me)})
