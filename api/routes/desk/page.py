"""What the editors' pages share: addresses of lists, paging, forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse

from api.auth.rules import allow
from api.schemas.common import Text
from api.ui import render
from kb.domain import Permission, Principal

SHOWN = 50  # rows on a page
MAX_OFFSET = 1_000_000
MOST_BACK = 4000  # characters of an address to come back to

Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
Asked = Annotated[Text, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET)]
Typed = Annotated[str, Form(max_length=2000)]
Back = Annotated[str, Form(max_length=MOST_BACK)]

Value = TypeVar("Value")


def show(
    request: Request,
    me: Principal,
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """One of the pages, for whoever looks."""
    known = {"me": me, "shown": SHOWN, "error": None, "done": ""}
    return render.page(request, template, known | dict(values), status)


def go(path: str, back: str = "", **more: object) -> RedirectResponse:
    """To a list as it was, with what was done; a page that can be loaded again."""
    asked = dict(parse_qsl(back)) | {key: str(value) for key, value in more.items()}
    return RedirectResponse(f"{path}?{urlencode(asked)}" if asked else path, 303)


def one_of(kind: type[Value], value: str) -> Value | None:
    """The member of an enum that this is; None for anything else, such as nothing."""
    try:
        return kind(value)  # type: ignore[call-arg]
    except ValueError:
        return None


def filled(asked: Mapping[str, object]) -> dict[str, object]:
    """Those that are not empty: what an address needs to say."""
    return {name: value for name, value in asked.items() if value}
