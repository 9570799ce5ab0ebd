"""Lists of articles in every state; what is asked for stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from api.deps import App, ReadSession
from api.routes.desk.page import SHOWN, Asked, Offset, Reader, filled, one_of, show
from kb.domain import ArticleState, Audience, Permission, Principal, Trust, utc_now
from kb.queries.bulk import load_bulk
from kb.queries.colleagues import list_colleagues
from kb.queries.editor_counts import Choices, count_lists, load_choices
from kb.queries.editor_lists import EditorFilters, EditorOrder, list_for_editors
from kb.queries.paging import MAX_LIMIT, Paging

router = APIRouter(prefix="/editor")

LISTS: Mapping[str, EditorFilters] = {
    "all": EditorFilters(),
    "waiting": EditorFilters(waiting=True),
    "flagged": EditorFilters(flagged=True),
    "due": EditorFilters(due=True),
    "expired": EditorFilters(expired=True),
    "unpublished": EditorFilters(unpublished=True),
    "unused": EditorFilters(unused=True),
    "most_used": EditorFilters(states=frozenset({ArticleState.published})),
}
"""By what is to be done; the first is no narrower than all."""

MINE, NOBODY = "me", "nobody"
FREE = EditorOrder.updated


@dataclass(frozen=True, slots=True)
class AskedList:
    """A list as the address asks for it; what is not known counts as not asked for."""

    list: str
    state: str
    lang: str
    owner: str
    audience: str
    trust: str
    tag: str
    q: str
    order: str

    def filters(self, me: Principal) -> EditorFilters:
        """What the query takes."""
        found = LISTS.get(self.list, LISTS["all"])
        state = one_of(ArticleState, self.state)
        if state is not None:
            found = replace(found, states=frozenset({state}))
        return replace(
            found,
            language=self.lang or None,
            owner=me.actor if self.owner == MINE else self.owner or None,
            unowned=self.owner == NOBODY,
            audience=one_of(Audience, self.audience),
            trust=one_of(Trust, self.trust),
            tag=self.tag or None,
            text=self.q,
        )

    def sorting(self) -> EditorOrder:
        """As asked; else what is used most first, or what was changed last."""
        usual = {"most_used": EditorOrder.most_used, "due": EditorOrder.due}
        return one_of(EditorOrder, self.order) or usual.get(self.list, FREE)

    def address(self) -> dict[str, object]:
        """What of the address is to be kept."""
        names = ("list", "state", "lang", "owner", "audience", "trust", "tag", "q", "order")
        return filled({name: getattr(self, name) for name in names})

    @property
    def is_narrowed(self) -> bool:
        """Whether more than the list itself is asked for."""
        return bool(self.address().keys() - {"list", "order"})


def asked_list(
    list: Asked = "",
    state: Asked = "",
    lang: Asked = "",
    owner: Asked = "",
    audience: Asked = "",
    trust: Asked = "",
    tag: Asked = "",
    q: Asked = "",
    order: Asked = "",
) -> AskedList:
    """As it stands in the address."""
    return AskedList(list, state, lang, owner, audience, trust, tag, q, order)


@router.get("/articles")
def articles_page(
    request: Request,
    app: App,
    session: ReadSession,
    me: Reader,
    asked: Annotated[AskedList, Depends(asked_list)],
    offset: Offset = 0,
    done: Asked = "",
) -> HTMLResponse:
    """One page of a list, with how long the others are."""
    order = asked.sorting()
    page = list_for_editors(
        session, asked.filters(me), order=order, scope=me.scope, paging=Paging(offset, SHOWN)
    )
    choices = load_choices(session, me.scope)
    values = {
        "asked": asked,
        "kept": asked.address(),
        "back": urlencode(asked.address() | filled({"offset": offset})),
        "found": page,
        "offset": offset,
        "order": order,
        "counts": count_lists(session, LISTS, me.scope),
        "choices": choices,
        "people": people_for(session, me, choices),
        "languages": app.settings.languages,
        "bulk": load_bulk(session, done, me.actor) if done else None,
        "now": utc_now(),
    }
    return show(request, me, "desk_articles.html", values)


def people_for(session: Session, me: Principal, choices: Choices) -> dict[str, str]:
    """Whom articles can be given to: oneself first, who may write, and who has some already."""
    paging = Paging(limit=MAX_LIMIT)
    found = list_colleagues(session, may=Permission.write_articles, paging=paging)
    people = {one.id: one.name for one in found.items} | choices.owners
    people.pop(me.actor, None)
    first = {me.actor: me.name} if me.user_id else {}
    return first | people
