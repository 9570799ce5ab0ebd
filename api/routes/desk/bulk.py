"""Many articles at once: shown first, done, undone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from api.deps import App
from api.routes.desk.articles import AskedList, people_for
from api.routes.desk.page import Back, Typed, Writer, go, show
from api.routes.editor_lists import allowed_for, check_bulk
from api.schemas.common import KEY
from api.ui import render
from kb.actions.bulk import MOST, BulkAction, BulkInput, BulkResult, apply, preview, undo
from kb.domain import Principal
from kb.errors import Conflict
from kb.queries.editor_counts import load_choices
from kb.queries.editor_lists import matching_keys
from kb.queries.titles import article_titles

router = APIRouter(prefix="/editor/articles")
LIST = "/editor/articles"
MOST_KEYS = MOST * 121  # characters of so many keys
Keys = Annotated[str, Form(max_length=MOST_KEYS)]
BulkId = Annotated[str, Form(pattern=r"^blk_[a-z0-9]{1,36}$", max_length=40)]
Ticked = Annotated[list[str], Form(max_length=100)]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is ticked in a list, and what is to be written into it."""

    articles: tuple[str, ...]
    everything: bool
    owner: str
    tag: str
    audience: str

    def value_for(self, action: BulkAction) -> str:
        """That of the field which belongs to the action."""
        if action in (BulkAction.add_tag, BulkAction.remove_tag):
            return self.tag.strip()
        return {"owner": self.owner, "audience": self.audience}.get(action, "")


def chosen(
    article: Ticked | None = None,
    everything: Typed = "",
    owner: Typed = "",
    tag: Typed = "",
    audience: Typed = "",
) -> Chosen:
    """As it was sent."""
    return Chosen(_keys(article or ()), bool(everything), owner, tag, audience)


def _keys(given: Iterable[str]) -> tuple[str, ...]:
    """What is no key names no article, and cannot even be asked for everywhere."""
    return tuple(key for key in given if re.fullmatch(KEY, key))


@router.post("/preview")
def post_preview(
    request: Request,
    app: App,
    me: Writer,
    action: Annotated[BulkAction, Form()],
    change: Annotated[Chosen, Depends(chosen)],
    back: Back = "",
) -> Response:
    """What each of them has and would get; nothing is written."""
    check_bulk(me, action)
    with app.readers() as session:
        keys = _found_by(session, me, back) if change.everything else list(change.articles)
        if not keys:
            return go(LIST, back, told="none")
        if len(keys) > MOST:
            return go(LIST, back, told="many")
        value = change.value_for(action)
        if not value and action in (BulkAction.add_tag, BulkAction.remove_tag, BulkAction.audience):
            return go(LIST, back, told="value")
        return _preview(request, session, me, BulkInput(action, keys, value), back)


@router.post("/bulk")
def post_bulk(
    app: App,
    me: Writer,
    action: Annotated[BulkAction, Form()],
    articles: Keys = "",
    value: Typed = "",
    note: Typed = "",
    back: Back = "",
) -> Response:
    """Do what was shown."""
    check_bulk(me, action)
    given = BulkInput(action, _keys(articles.split()), value, note)
    done = app.change(lambda session: apply(session, given, me.actor, allowed_for(me)))
    app.worker.wake()
    return go(LIST, back, done=done.id) if done.id else go(LIST, back, told="same")


@router.post("/undo")
def post_undo(app: App, me: Writer, bulk: BulkId, back: Back = "") -> Response:
    """Put back what nobody changed since."""

    def check(action: str) -> None:
        check_bulk(me, BulkAction(action))

    def act(session: Session) -> BulkResult:
        return undo(session, bulk, me.actor, allowed_for(me), check)

    try:
        items = app.change(act).items
    except Conflict:  # pressed twice
        return go(LIST, back, done=bulk)
    app.worker.wake()
    left = sum(item.problem is not None for item in items)
    return go(LIST, back, done=bulk, **({"left": left} if left else {}))


def _found_by(session: Session, me: Principal, back: str) -> list[str]:
    """All that the list finds from which one came."""
    asked = {name: value[:200] for name, value in parse_qsl(back) if value.isprintable()}
    wanted = AskedList(**{name: asked.get(name, "") for name in AskedList.__dataclass_fields__})
    return matching_keys(session, wanted.filters(me), order=wanted.sorting(), scope=me.scope)


def _preview(
    request: Request, session: Session, me: Principal, given: BulkInput, back: str
) -> HTMLResponse:
    items = preview(session, given, allowed_for(me))
    people = people_for(session, me, load_choices(session, me.scope))
    values = {
        "given": given,
        "changes": [item for item in items if item.changes],
        "problems": [item for item in items if item.problem is not None],
        "same": [item for item in items if not item.changes and item.problem is None],
        "titles": article_titles(session, [item.id for item in items], render.ui_language(request)),
        "people": people,
        "back": back,
    }
    return show(request, me, "desk_bulk.html", values)
