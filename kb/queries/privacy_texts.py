"""Texts in which a customer may be named, wherever they are: as places, to be masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.domain import (
    ArticleChange,
    BulkChange,
    Case,
    CaseMessage,
    ColleagueQuestion,
    Comment,
    Contribution,
    Edit,
    Feedback,
    Flag,
    Interaction,
    InteractionMessage,
    Redirect,
    Review,
    Revision,
    Schedule,
    Task,
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
class AuthoringText:
    """A text that people wrote; `article` is what it is about, where it is about one."""

    place: Place
    text: str
    article: str | None


@dataclass(frozen=True, slots=True)
class _Texts:
    """The text fields of a table; `owner` is the column of what a row goes with, `article` the
    one that names what it is about."""

    fields: tuple[str, ...]
    owner: str | None = None
    number: bool = True  # the key is one
    key: str = "id"
    article: str | None = None


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
    Flag: _Texts(("text",), "interaction_id", number=False, article="document"),
    Contribution: _Texts(("title", "text"), "interaction_id", number=False, article="document"),
    ColleagueQuestion: _Texts(("text", "answer"), "interaction_id", number=False),
}
_IN_AUTHORING: Mapping[type[Any], _Texts] = {
    Edit: _Texts(("title", "summary", "body"), article="article_id"),
    Comment: _Texts(("text", "quote"), article="article_id"),
    ArticleChange: _Texts(("note",), article="article_id"),
    Review: _Texts(("note", "decision_note"), article="article_id"),
    Redirect: _Texts(("note",), number=False, key="old_id", article="article_id"),
    Task: _Texts(("note",), article="document"),
    Schedule: _Texts(("note", "error"), article="article_id"),
    BulkChange: _Texts(("note",), number=False),
}
_TABLES = {table.__tablename__: (table, texts) for table, texts in
           (*_IN_CASES.items(), *_IN_INTERACTIONS.items(), *_IN_AUTHORING.items())}  # fmt: skip
_ARTICLE = "article:"


def texts_but(session: Session, without: Without) -> Iterator[tuple[Place, str]]:
    """Every text of articles, authoring, cases, feedback and interactions, with its place."""
    yield from _columns(session, _IN_CASES, without.cases)
    yield from _columns(session, _IN_INTERACTIONS, without.interactions)
    yield from _columns(session, _IN_AUTHORING, ())
    messages = select(col(CaseMessage.case_id), col(CaseMessage.position), col(CaseMessage.text))
    for case_id, position, text in session.execute(messages):
        if case_id not in without.cases:
            yield ("case_message", f"{case_id}:{position}", "text"), text
    for table in (Revision, Edit):
        for key, words in session.execute(select(col(table.id), col(table.keywords))):
            yield from _keywords(table, key, words)


def authoring_texts(session: Session, without: Collection[str] = ()) -> Iterator[AuthoringText]:
    """What people wrote in articles and about them, but what goes with these interactions."""
    texts = ("title", "summary", "body", "note")
    columns = [getattr(Revision, name) for name in texts]
    revisions = select(
        col(Revision.id), col(Translation.article_id), col(Revision.keywords), *columns
    ).join(Translation, col(Translation.id) == col(Revision.translation_id))
    for key, article, words, *found in session.execute(revisions):
        for name, text in zip(texts, found, strict=True):
            yield AuthoringText(("revision", str(key), name), text, article)
        for place, word in _keywords(Revision, key, words):
            yield AuthoringText(place, word, article)
    edits = select(col(Edit.id), col(Edit.article_id), col(Edit.keywords))
    for key, article, words in session.execute(edits):
        for place, word in _keywords(Edit, key, words):
            yield AuthoringText(place, word, article)
    tables: tuple[type[Any], ...] = (*_IN_AUTHORING, Flag, Contribution)
    for table in tables:
        yield from _authored(session, table, without)


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
        key_of = getattr(table, texts.key)
        owner = getattr(table, texts.owner or texts.key)
        columns = [getattr(table, name) for name in texts.fields]
        for key, of, *found in session.execute(
            select(key_of, owner.label("owner"), *columns).order_by(key_of)
        ):
            if texts.owner is None or of not in without:
                for name, text in zip(texts.fields, found, strict=True):
                    if text:
                        yield (table.__tablename__, str(key), name), text


def _authored(
    session: Session, table: type[Any], without: Collection[str]
) -> Iterator[AuthoringText]:
    _, texts = _TABLES[table.__tablename__]
    owner = getattr(table, texts.owner or texts.key)
    about = getattr(table, texts.article or texts.key)
    columns = [getattr(table, name) for name in texts.fields]
    query = select(getattr(table, texts.key), owner.label("owner"), about.label("about"), *columns)
    for key, of, document, *found in session.execute(query):
        article = (document or "").removeprefix(_ARTICLE) if texts.article else None
        if texts.owner is None or of not in without:
            for name, text in zip(texts.fields, found, strict=True):
                if text:
                    yield AuthoringText((table.__tablename__, str(key), name), text, article)


def _keywords(
    table: type[Any], key: int | None, words: Sequence[str]
) -> Iterator[tuple[Place, str]]:
    for number, word in enumerate(words):
        yield (table.__tablename__, str(key), f"keywords:{number}"), word
