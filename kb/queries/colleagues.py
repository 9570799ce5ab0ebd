"""Colleagues to name in a comment or to ask for a review: by name, never more than that."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Permission, User, UserState
from kb.queries.paging import Page, Paging
from kb.queries.roles import load_roles, permissions_of
from kb.text.fold import fold


@dataclass(frozen=True, slots=True)
class Colleague:
    """An active person."""

    id: str
    name: str


def list_colleagues(
    session: Session, *, text: str = "", may: Permission, paging: Paging | None = None
) -> Page[Colleague]:
    """Active people who have the permission, by name.

    `text` is what a word of the name begins with, with or without diacritics; several words are
    looked for in a row.
    """
    paging = paging or Paging()
    wanted = fold(" ".join(text.split())[:200])
    roles = load_roles(session)
    rows = session.execute(
        select(col(User.id), col(User.name), col(User.roles)).where(
            col(User.state) == UserState.active
        )
    )
    found = sorted(
        (fold(name), user_id, name)
        for user_id, name, names in rows
        if f" {wanted}" in f" {fold(name)}" and may in permissions_of(roles, names)
    )
    shown = found[paging.offset : paging.offset + paging.limit]
    return Page(tuple(Colleague(user_id, name) for _, user_id, name in shown), len(found))
