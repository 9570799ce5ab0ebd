"""What somebody is typing, kept with every pause: nothing is lost, nothing overwritten unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import TranslationInput
from kb.actions.checks import check_key, check_language, check_text
from kb.actions.texts import text_conflict
from kb.db import advisory_lock
from kb.domain import Edit, Revision, Translation, utc_now
from kb.errors import Conflict, InvalidInput

MOST = 500  # texts in the making that one person has at a time


@dataclass(frozen=True, slots=True)
class EditInput:
    """A text as it stands on somebody's screen. `after`: the sequence it goes on from (0: none)."""

    article_id: str
    language: str
    title: str = ""
    summary: str = ""
    keywords: Sequence[str] = ()
    body: str = ""
    base_number: int = 0  # the revision it was made from; 0: a new text
    after: int = 0


@dataclass(frozen=True, slots=True)
class EditKept:
    """`moved_on`: somebody saved another revision since; saving will ask to merge."""

    sequence: int
    moved_on: bool


def keep_edit(
    session: Session, given: EditInput, actor: str, *, machine_model: str | None = None
) -> EditKept:
    """Keep the text; the same again changes nothing, so that it may be sent twice.

    Raises Conflict, with both texts and a merge, when another tab went on from the same state.
    """
    _check(given)
    advisory_lock(session, f"edit:{actor}:{given.article_id}:{given.language}")
    row = session.scalars(
        select(Edit).where(
            col(Edit.actor) == actor,
            col(Edit.article_id) == given.article_id,
            col(Edit.language) == given.language,
        ),
        execution_options={"populate_existing": True},
    ).first()
    latest, base = _revisions(session, given)
    moved_on = (0 if latest is None else latest.number) != given.base_number
    if row is None:
        row = _begin(session, given, actor)
    elif _same(row, given):
        return EditKept(row.sequence, moved_on)
    elif row.sequence != given.after or _is_behind(session, row, given):
        raise _two_tabs(session, row, given)
    row.base_revision_id = None if base is None else base.id
    row.title, row.summary, row.body = given.title, given.summary, given.body
    row.keywords = list(given.keywords)
    row.machine_model = machine_model or row.machine_model
    row.sequence = max(row.sequence, given.after) + 1
    row.updated_at = utc_now()
    session.flush()
    return EditKept(row.sequence, moved_on)


def _check(given: EditInput) -> None:
    check_key(given.article_id, "an article")
    check_language(given.language)
    for name in ("title", "summary", "body"):
        check_text(getattr(given, name), name)
    for keyword in given.keywords:
        check_text(keyword, "keywords")


def _begin(session: Session, given: EditInput, actor: str) -> Edit:
    kept = len(session.scalars(select(col(Edit.id)).where(col(Edit.actor) == actor)).all())
    if kept >= MOST:
        raise InvalidInput(f"You have {kept} texts begun: save or discard some first.")
    row = Edit(actor=actor, article_id=given.article_id, language=given.language)
    session.add(row)
    return row


def _revisions(session: Session, given: EditInput) -> tuple[Revision | None, Revision | None]:
    """The latest of the text, and the one that it was made from."""
    translation = session.scalars(
        select(Translation).where(
            col(Translation.article_id) == given.article_id,
            col(Translation.language) == given.language,
        )
    ).first()
    if translation is None:
        return None, None
    latest = session.get(Revision, translation.revision_id or 0)
    base = session.scalars(
        select(Revision).where(
            col(Revision.translation_id) == translation.id,
            col(Revision.number) == given.base_number,
        )
    ).first()
    return latest, base


def _same(row: Edit, given: EditInput) -> bool:
    return (row.title, row.summary, row.body, list(row.keywords)) == (
        given.title,
        given.summary,
        given.body,
        list(given.keywords),
    )


def _is_behind(session: Session, row: Edit, given: EditInput) -> bool:
    """Whether it goes on from an older revision than the text that is kept.

    Saving ends a text in the making; the next one begins to count anew, and could come by the
    number that a tab remembers which has not seen that revision.
    """
    kept = session.get(Revision, row.base_revision_id or 0)
    return kept is not None and given.base_number < kept.number


def _two_tabs(session: Session, row: Edit, given: EditInput) -> Conflict:
    base = session.get(Revision, row.base_revision_id or 0)
    told = text_conflict(
        None
        if base is None
        else TranslationInput(
            row.language, base.title, base.body, base.summary, tuple(base.keywords)
        ),
        TranslationInput(
            given.language, given.title, given.body, given.summary, tuple(given.keywords)
        ),
        TranslationInput(row.language, row.title, row.body, row.summary, tuple(row.keywords)),
    )
    return Conflict(
        "You went on writing this in another tab: merge the two texts and send them with"
        f" after {row.sequence}.",
        sequence=row.sequence,
        base_number=0 if base is None else base.number,
        **told,
    )
