"""Translations that were looked over: still right as they are, or proposed by a machine."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from kb.actions.article_rows import (
    check_second_person,
    finish,
    locked_article,
    translations_of,
    unchanged,
)
from kb.actions.checks import check_text
from kb.actions.saved import SaveResult
from kb.domain import Article, Revision, Translation
from kb.errors import Conflict, InvalidInput, NotFound


def confirm_translation(
    session: Session, article_id: str, language: str, actor: str, *, number: int, note: str = ""
) -> SaveResult:
    """The translation's revision `number` is right for the original's latest text as it is.

    Also confirms what a machine proposed; for compliance that takes a second person. Raises
    NotFound, InvalidInput for the original, Conflict when the text has moved on.
    """
    check_text(note, "note")
    row = locked_article(session, article_id)
    if language == row.original_language:
        raise InvalidInput(f"{language} is the original of {row.id}: it follows nothing.")
    revision, source = _latest(session, row, translations_of(session, row.id), language)
    if revision.number != number:
        raise Conflict(
            f"The text in {language} is at revision {revision.number}, not {number}:"
            " read it first.",
            number=revision.number,
        )
    unread = revision.machine_model is not None and revision.checked_by is None
    if revision.source_revision_id == source and not unread:
        return unchanged(row)
    if unread:
        check_second_person(row, [revision], actor)
        revision.checked_by = actor
    revision.source_revision_id = source
    details: dict[str, Any] = {"language": language, "number": number, "machine": unread}
    return finish(session, row, actor, "confirm_translation", index=False, note=note, **details)


def _latest(
    session: Session, row: Article, texts: dict[str, Translation], language: str
) -> tuple[Revision, int | None]:
    found, original = texts.get(language), texts.get(row.original_language)
    revision = None if found is None else session.get(Revision, found.revision_id or 0)
    if revision is None or original is None:
        raise NotFound(f"The article {row.id} has no text in {language[:35]}: translate it first.")
    return revision, original.revision_id
