"""Permalinks of articles that went into another one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.responses import RedirectResponse

from kb.errors import NotFound


def lead_on(request: Request, article_id: str | None) -> RedirectResponse:
    """301 to the same address with the other key. Raises NotFound when there is none to see.

    In the words of an article that never was: who may not see the target learns nothing.
    """
    asked = str(request.path_params["article_id"])
    if article_id is None:
        raise NotFound(f"There is no article {asked[:120]!r} to read.")
    path = request.url.path[: -len(asked)] + article_id
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(path + query, status_code=301)


def lead_editor_on(
    request: Request, article_id: str, *, merged: str | None = None
) -> RedirectResponse:
    """To the same of the editors' pages of the article that it went into.

    `merged`: the key of the one that was put away, for the page to tell of; it is no 301, since
    whoever has a text of theirs begun there still comes to it.
    """
    asked = str(request.path_params["article_id"])
    path = request.url.path.replace(f"/articles/{asked}", f"/articles/{article_id}", 1)
    query = parse_qsl(request.url.query) + ([("merged", merged)] if merged else [])
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)
