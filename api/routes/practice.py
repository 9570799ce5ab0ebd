"""The practice desk: a helpdesk that is none, with real-looking conversations and the sidebar."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from api.auth.rules import allow
from api.ui import render
from api.ui.conversations import conversations, languages
from kb.domain import Permission, Principal

router = APIRouter(include_in_schema=False)
Agent = Annotated[Principal, allow(Permission.write_interactions)]


@router.get("/practice")
def practice_page(
    request: Request, _agent: Agent, lang: Annotated[str | None, Query(max_length=35)] = None
) -> HTMLResponse:
    """Conversations in one language to replay; the sidebar beside them is the real one."""
    known = languages()
    spoken = render.ui_language(request)
    wanted = lang or spoken
    language = wanted if wanted in known else spoken if spoken in known else known[0]
    found = conversations(language)
    values = {
        "language": language,
        "languages": known,
        "conversations": found,
        "data": json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False),
    }
    return render.page(request, "practice.html", values)
