"""What the administrators' pages share: navigation, paging, forms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Path, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from api.schemas.common import FacetsIn, Text
from api.ui import render
from api.ui.sections import OPENS_PERSONAL, sections_for
from kb.domain import Facets, Principal
from kb.errors import InvalidInput

SHOWN = 50  # rows on a page
MAX_OFFSET = 1_000_000

Typed = Annotated[str, Form(max_length=10_000)]
Ticked = Annotated[list[str], Form(max_length=100)]
Asked = Annotated[Text, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET)]
UserId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
RoleName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,60}$")]

_SCOPE: TypeAdapter[Facets] = TypeAdapter(FacetsIn)


def show(
    request: Request,
    me: Principal,
    template: str,
    values: dict[str, Any],
    status: int = 200,
) -> HTMLResponse:
    """One of the pages; `section` in the values says which entry of the navigation it is."""
    known = {
        "sections": sections_for(me.permissions),
        "me": me,
        "opens_personal": OPENS_PERSONAL,
        "shown": SHOWN,
        "done": "",
        "error": None,
    }
    return render.page(request, template, known | values, status)


def go(address: str) -> RedirectResponse:
    """To a page that can be loaded again without doing anything twice."""
    return RedirectResponse(address, 303)


def read_scope(text: str) -> Facets:
    """`facet=value, value` on each line. Raises InvalidInput."""
    scope: Facets = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, is_pair, values = line.partition("=")
        found = [value.strip() for value in values.split(",") if value.strip()]
        if not (name.strip() and is_pair and found):
            raise InvalidInput(
                "Write a facet, an equals sign and its values on each line, as country=SI, HR.",
                field="scope",
            )
        scope.setdefault(name.strip(), []).extend(found)
    try:
        return _SCOPE.validate_python(scope)
    except ValidationError:
        raise InvalidInput(
            "A scope has at most 20 facets of 50 values, each of at most 120 characters.",
            field="scope",
        ) from None


def write_scope(scope: Facets) -> str:
    """A scope as `read_scope` reads it."""
    return "\n".join(f"{name}={', '.join(values)}" for name, values in scope.items())
