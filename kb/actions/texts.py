"""The text of one language: saved on what it was made from, restored, proposed by a machine."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import ArticleInput, TranslationInput, checked, hash_text
from kb.actions.article_rows import (
    add_revision,
    finish,
    locked_article,
    revise,
    translations_of,
    unchanged,
)
from kb.actions.saved import SaveResult
from kb.domain import Article, Edit, Revision, Translation
from kb.errors import Conflict, NotFound
from kb.text.merge import merge


def save_text(
    session: Session,
    article_id: str,
    given: TranslationInput,
    actor: str,
    *,
    base_number: int,
    source_number: int | None = None,
) -> SaveResult:
    """Save the text of one language, made from its revision `base_number` (0: a new language).

    What was kept of this person's typing is done with. `source_number`: the original's revision
    that a translation was made from; the latest, if it is not told. When somebody saved
    meanwhile, nothing is written: the Conflict holds both texts and a proposal that merges them.
    Raises NotFound, InvalidInput.
    """
    given = checked(ArticleInput(article_id, [given])).translations[0]
    row = locked_article(session, article_id)
    translation = translations_of(session, row.id).get(given.language)
    latest = None if translation is None else session.get(Revision, translation.revision_id or 0)
    current = 0 if latest is None else latest.number
    same = latest is not None and latest.content_hash == hash_text(given)
    if current != base_number and not same:
        raise _moved_on(session, translation, latest, given, base_number)
    model = _machine_model(session, article_id, given.language, actor)
    revised = revise(session, row, [given], actor, model)
    if revised:
        _note_source(session, row, given.language, source_number)
    drop_edit(session, article_id, given.language, actor)
    if not revised:
        return unchanged(row)
    details: dict[str, Any] = {"revised": revised, "machine": model is not None}
    return finish(session, row, actor, "save", index=False, note=given.note, **details)


def restore_text(
    session: Session, article_id: str, language: str, number: int, actor: str, *, note: str = ""
) -> SaveResult:
    """A new revision equal to an old one; readers see it once it is published. Raises NotFound."""
    row = locked_article(session, article_id)
    translation = translations_of(session, row.id).get(language)
    if translation is None:
        raise NotFound(f"The article {row.id} has no text in {language[:35]}.")
    old = session.scalars(
        select(Revision).where(
            col(Revision.translation_id) == translation.id, col(Revision.number) == number
        )
    ).first()
    if old is None:
        raise NotFound(f"The article {row.id} has no revision {number} in {language}.")
    latest = session.get(Revision, translation.revision_id or 0)
    if latest is not None and latest.content_hash == old.content_hash:
        return unchanged(row)
    given = replace(_text(language, old), note=note)
    given = checked(ArticleInput(article_id, [given])).translations[0]
    model = None if old.checked_by else old.machine_model
    add_revision(
        session, translation, given, actor, source=old.source_revision_id, machine_model=model
    )
    details: dict[str, Any] = {"language": language, "number": number}
    return finish(session, row, actor, "restore_text", index=False, note=note, **details)


def drop_edit(session: Session, article_id: str, language: str, actor: str) -> bool:
    """Forget what this person was typing; gives whether there was anything."""
    dropped = session.execute(
        delete(Edit)
        .where(
            col(Edit.actor) == actor,
            col(Edit.article_id) == article_id,
            col(Edit.language) == language,
        )
        .returning(col(Edit.id))
    ).scalar()
    return dropped is not None


def text_conflict(
    base: TranslationInput | None, yours: TranslationInput, saved: TranslationInput
) -> dict[str, Any]:
    """Both texts, what they came from and a proposal that holds both, for a Conflict."""
    empty = TranslationInput(yours.language, "", "")
    names = ("title", "summary", "body")
    merged = {
        name: merge(*(getattr(side, name) for side in (base or empty, yours, saved)))
        for name in names
    }
    return {
        "reason": "text",
        "base": None if base is None else _plain(base),
        "yours": _plain(yours),
        "saved": _plain(saved),
        "merged": {name: found.text for name, found in merged.items()}
        | {"keywords": _keywords(base or empty, yours, saved)},
        "conflicts": sum(found.conflicts for found in merged.values()),
        "pieces": [asdict(piece) for piece in merged["body"].pieces],
    }


def _keywords(
    base: TranslationInput, yours: TranslationInput, saved: TranslationInput
) -> list[str]:
    """Those that a side added, and those that neither took away."""
    every = dict.fromkeys([*saved.keywords, *yours.keywords])
    gone = {k for k in base.keywords if k not in yours.keywords or k not in saved.keywords}
    return [keyword for keyword in every if keyword not in gone]


def _plain(text: TranslationInput) -> dict[str, Any]:
    return {
        "title": text.title,
        "summary": text.summary,
        "keywords": list(text.keywords),
        "body": text.body,
    }


def _moved_on(
    session: Session,
    translation: Translation | None,
    latest: Revision | None,
    given: TranslationInput,
    base_number: int,
) -> Conflict:
    if translation is None or latest is None:
        return Conflict(
            f"There is no text in {given.language} that this could be made from: save it as new.",
            reason="text",
            number=0,
        )
    base = session.scalars(
        select(Revision).where(
            col(Revision.translation_id) == translation.id, col(Revision.number) == base_number
        )
    ).first()
    told = text_conflict(
        None if base is None else _text(given.language, base),
        given,
        _text(given.language, latest),
    )
    return Conflict(
        f"Somebody saved revision {latest.number} meanwhile: merge the two texts and save again"
        f" with base_number {latest.number}.",
        number=latest.number,
        author=latest.author,
        **told,
    )


def _text(language: str, row: Revision) -> TranslationInput:
    return TranslationInput(language, row.title, row.body, row.summary, tuple(row.keywords))


def _machine_model(session: Session, article_id: str, language: str, actor: str) -> str | None:
    """Who proposed the words that this person corrected, if no person did."""
    return session.scalar(
        select(col(Edit.machine_model)).where(
            col(Edit.actor) == actor,
            col(Edit.article_id) == article_id,
            col(Edit.language) == language,
        )
    )


def _note_source(session: Session, row: Article, language: str, number: int | None) -> None:
    """A translation follows the revision that it was made from, which may not be the latest."""
    if number is None or language == row.original_language:
        return
    rows = translations_of(session, row.id)
    original, translation = rows.get(row.original_language), rows[language]
    source = None
    if original is not None:
        source = session.scalar(
            select(col(Revision.id)).where(
                col(Revision.translation_id) == original.id, col(Revision.number) == number
            )
        )
    if source is None:
        raise NotFound(
            f"The original of {row.id} has no revision {number}: look at the list of them."
        )
    session.get_one(Revision, translation.revision_id).source_revision_id = source
    session.flush()
