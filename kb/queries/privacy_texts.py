"""Texts in which a customer may be named, wherever they are: as places, to be masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.domain import (
    Case,
    CaseMessage,
    ColleagueQuestion,
    Contribution,
    Feedback,
    Flag,
    Interaction,
    InteractionMessage,
    Revision,
    Translation,
)

Place = tuple[str, str, str]
"""Table, key, field."""


@dataclass(frozen=True, slots=True)
class Without:
    """What goes as a whole, so that nothing in it needs masking."""

    cases: Collection[str] = ()
    interactions: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Texts:
    """The text fields of a table; `owner` is the column of what a row goes with."""

    fields: tuple[str, ...]
    owner: str | None = None
    number: bool = True  # the key is one


_IN_CASES: Mapping[type[Any], _Texts] = {
    Case: _Texts(("subject", "tried", "resolution"), "id", number=False),
    Revision: _Texts(("title", "summary", "body", "note")),
    Feedback: _Texts(("reason", "text")),
}
_IN_INTERACTIONS: Mapping[type[Any], _Texts] = {
    Interaction: _Texts(
        ("subject", "resolution", "handover_note", "customer_name"), "id", number=False
    ),
    InteractionMessage: _Texts(("text",), "interaction_id"),
    Flag: _Texts(("text",), "interaction_id", number=False),
    Contribution: _Texts(("title", "text"), "interaction_id", number=False),
    ColleagueQuestion: _Texts(("text", "answer"), "interaction_id", number=False),
}
_TABLES = {table.__tablename__: (table, texts) for table, texts in
           (*_IN_CASES.items(), *_IN_INTERACTIONS.items())}  # fmt: skip


def texts_but(session: Session, without: Without) -> Iterator[tuple[Place, str]]:
    """Every text of articles, cases, feedback and interactions, with its place."""
    yield from _columns(session, _IN_CASES, without.cases)
    yield from _columns(session, _IN_INTERACTIONS, without.interactions)
    messages = select(col(CaseMessage.case_id), col(CaseMessage.position), col(CaseMessage.text))
    for case_id, position, text in session.execute(messages):
        if case_id not in without.cases:
            yield ("case_message", f"{case_id}:{position}", "text"), text
    for key, words in session.execute(select(col(Revision.id), col(Revision.keywords))):
        for number, word in enumerate(words):
            yield ("revision", str(key), f"keywords:{number}"), word


def row_at(session: Session, place: Place) -> tuple[SQLModel, str] | None:
    """The row that a text is in, and the text as it is now; None when there is none."""
    table, key, field = place
    row: Any
    if table == "case_message":
        case_id, _, position = key.rpartition(":")
        query = select(CaseMessage).where(
            col(CaseMessage.case_id) == case_id, col(CaseMessage.position) == int(position)
        )
        row = session.scalars(query).first()
    elif table in _TABLES:
        kind, texts = _TABLES[table]
        row = session.get(kind, int(key) if texts.number else key)
    else:  # a place of a later version
        return None
    if row is None:
        return None
    if field.startswith("keywords:"):
        keywords, number = row.keywords, int(field.partition(":")[2])
        return (row, keywords[number]) if number < len(keywords) else None
    return row, getattr(row, field) or ""


def articles_of(session: Session, revisions: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Revision -> its article and language."""
    query = (
        select(col(Revision.id), col(Translation.article_id), col(Translation.language))
        .join(Translation, col(Translation.id) == col(Revision.translation_id))
        .where(col(Revision.id).in_(revisions))
    )
    return {row[0] or 0: (row[1], row[2]) for row in session.execute(query)}


def _columns(
    session: Session, tables: Mapping[type[Any], _Texts], without: Collection[str]
) -> Iterator[tuple[Place, str]]:
    for table, texts in tables.items():
        owner = getattr(table, texts.owner or "id")
        columns = [getattr(table, name) for name in texts.fields]
        for key, of, *found in session.execute(
            select(table.id, owner.label("owner"), *columns).order_by(table.id)
        ):
            if texts.owner is None or of not in without:
                for name, text in zip(texts.fields, found, strict=True):
                    if text:
                        yield (table.__tablename__, str(key), name), text
