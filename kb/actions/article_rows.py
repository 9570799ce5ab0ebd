"""The rows of an article under its lock: what every action on articles shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_input import Origin, TranslationInput, hash_text
from kb.actions.attachments import note_uses
from kb.actions.outbox import enqueue
from kb.actions.redirect_rows import check_free
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleChange,
    ArticleState,
    Governance,
    Pool,
    Review,
    ReviewDecision,
    Revision,
    Schedule,
    ScheduleState,
    Translation,
    may_move,
    utc_now,
)
from kb.errors import Conflict, NotFound

UNATTENDED = frozenset({"import", "cli", "system"})
"""Actors that carry over what was decided elsewhere: a second person has looked there.

`cli` is who imports a content folder on the machine itself.
"""


def find_article(session: Session, article_id: str) -> Article | None:
    """The article, with its lock taken."""
    advisory_lock(session, f"article:{article_id}")
    return session.get(Article, article_id, populate_existing=True)


def locked_article(
    session: Session, article_id: str, expected_version: int | None = None
) -> Article:
    """The article, with its lock taken. Raises NotFound; Conflict at another version."""
    row = find_article(session, article_id)
    if row is None:
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    check_version(row, expected_version)
    return row


def check_version(row: Article, expected_version: int | None) -> None:
    """Raises Conflict when the article has moved on."""
    if expected_version is not None and row.version != expected_version:
        raise Conflict(
            f"The article {row.id} is at version {row.version}, not {expected_version}:"
            " load it again and repeat the change.",
            version=row.version,
        )


def translations_of(session: Session, article_id: str) -> dict[str, Translation]:
    """By language, as they are under the lock."""
    rows = session.scalars(
        select(Translation)
        .where(col(Translation.article_id) == article_id)
        .order_by(col(Translation.id)),
        execution_options={"populate_existing": True},  # seen under the lock
    )
    return {row.language: row for row in rows}


def latest_revisions(translations: Mapping[str, Translation]) -> dict[str, int]:
    """Language -> id of the latest revision."""
    return {
        language: row.revision_id
        for language, row in translations.items()
        if row.revision_id is not None
    }


def revise(
    session: Session,
    row: Article,
    inputs: Sequence[TranslationInput],
    actor: str,
    machine_model: str | None = None,
) -> list[str]:
    """Add a revision for each text that changed; gives the languages."""
    translations = translations_of(session, row.id)
    revised = []
    # The original first: revisions of the others note which of its revisions they follow.
    for given in sorted(inputs, key=lambda t: t.language != row.original_language):
        translation = translations.get(given.language)
        if translation is None:
            translation = Translation(article_id=row.id, language=given.language)
            session.add(translation)
            session.flush()
            translations[given.language] = translation
        latest = session.get(Revision, translation.revision_id or 0)
        original = translations.get(row.original_language, translation)
        source = None if original is translation else original.revision_id
        if latest is not None and latest.content_hash == hash_text(given):
            continue
        if row.state == ArticleState.archived:
            check_free(session, row.id)
        add_revision(session, translation, given, actor, source=source, machine_model=machine_model)
        revised.append(given.language)
    return revised


def add_revision(
    session: Session,
    translation: Translation,
    given: TranslationInput,
    author: str,
    *,
    source: int | None,
    machine_model: str | None = None,
) -> Revision:
    """A new latest revision of a translation."""
    origin = given.origin or Origin()
    last = session.scalar(
        select(func.max(col(Revision.number))).where(col(Revision.translation_id) == translation.id)
    )
    values = {
        "translation_id": translation.id,
        "number": (last or 0) + 1,
        "title": given.title,
        "summary": given.summary,
        "keywords": list(given.keywords),
        "body": given.body,
        "source_revision_id": None if origin.is_outdated else source,
        "content_hash": hash_text(given),
        "author": author,
        "note": given.note,
        "machine_model": origin.machine_model or machine_model,
        "checked_by": origin.checked_by,
    }
    revision = Revision.model_validate(values)
    session.add(revision)
    session.flush()
    translation.revision_id = revision.id
    note_uses(session, revision)
    return revision


def move(session: Session, row: Article, state: ArticleState, actor: str) -> list[str]:
    """Change the state; gives what changed, for the audit. Raises Conflict."""
    if row.state == state:
        return []
    check_move(row, state)
    if row.state == ArticleState.archived:
        check_free(session, row.id)
    row.state = state
    if state != ArticleState.published:
        # So that publishing one language later does not bring old texts of others back.
        for translation in translations_of(session, row.id).values():
            translation.published_revision_id = None
    if state != ArticleState.in_review:
        end_review(session, row.id, actor)
    if state == ArticleState.archived:
        _end_schedules(session, row.id)
    return ["state"]


def check_move(row: Article, state: ArticleState) -> None:
    """Raises Conflict when the article may not go there from where it is."""
    if not may_move(row.state, state):
        first = "restore" if row.state == ArticleState.archived else "unpublish"
        raise Conflict(
            f"The article {row.id} is {row.state} and cannot become {state}: {first} it first.",
            state=row.state,
        )


def point_readers(
    session: Session,
    row: Article,
    languages: Collection[str] | None,
    actor: str,
    revisions: Mapping[str, int] | None = None,
) -> list[str]:
    """Show readers the latest revisions, or those given; gives the languages where that is news.

    Raises NotFound for a language that is not there, Conflict when a second person is needed or
    nobody has read what a machine proposed.
    """
    translations = translations_of(session, row.id)
    unknown = sorted(set(languages or ()) - set(translations))
    if unknown:
        raise NotFound(
            f"The article {row.id} has no text in {', '.join(unknown)}: translate it first."
        )
    wanted = latest_revisions(translations)
    if revisions is not None:
        wanted = _not_older(session, translations, revisions)
    news = {
        language: target
        for language, target in wanted.items()
        if (languages is None or language in languages)
        and translations[language].published_revision_id != target
    }
    check_publishable(session, row, translations, news, actor)
    for language, target in news.items():
        translations[language].published_revision_id = target
    if news:
        end_review(session, row.id, actor)
    return list(news)


def _not_older(
    session: Session, translations: Mapping[str, Translation], revisions: Mapping[str, int]
) -> dict[str, int]:
    """Without those that readers have newer texts of by now."""
    found = {}
    for language, target in revisions.items():
        row = translations[language]
        shown = session.get(Revision, row.published_revision_id or 0)
        if shown is None or shown.number < session.get_one(Revision, target).number:
            found[language] = target
    return found


def check_publishable(
    session: Session,
    row: Article,
    translations: Mapping[str, Translation],
    targets: Mapping[str, int],
    actor: str,
) -> None:
    """Raises Conflict when a second person is needed or a machine's text is unread."""
    check_second_person(row, pending_revisions(session, translations, targets), actor)
    _check_machine(row, [session.get_one(Revision, target) for target in targets.values()])


def pending_revisions(
    session: Session, translations: Mapping[str, Translation], targets: Mapping[str, int]
) -> list[Revision]:
    """What readers have not seen yet of these languages, up to the revisions given."""
    found: list[Revision] = []
    for language, target in targets.items():
        row = translations[language]
        shown = session.get(Revision, row.published_revision_id or 0)
        last = session.get_one(Revision, target)
        after = 0 if shown is None or shown.number > last.number else shown.number
        found += session.scalars(
            select(Revision).where(
                col(Revision.translation_id) == row.id,
                col(Revision.number) > after,
                col(Revision.number) <= last.number,
            )
        )
    return found


def check_second_person(row: Article, pending: Sequence[Revision], actor: str) -> None:
    """Raises Conflict when the article needs a second person and this one wrote part of it."""
    if row.governance != Governance.compliance or actor in UNATTENDED:
        return
    if any(revision.author == actor for revision in pending):
        raise Conflict(
            f"The article {row.id} needs a second person: somebody who wrote none of what is not"
            " published yet has to approve it.",
            reason="second_person",
        )


def _check_machine(row: Article, revisions: Sequence[Revision]) -> None:
    unread = [r for r in revisions if r.machine_model is not None and r.checked_by is None]
    if unread:
        raise Conflict(
            f"The article {row.id} has a text that a machine proposed and nobody has confirmed:"
            " read it and approve it first.",
            reason="machine",
        )


def end_review(session: Session, article_id: str, actor: str) -> None:
    """A review that still waits is overtaken."""
    for review in session.scalars(
        select(Review).where(
            col(Review.article_id) == article_id,
            col(Review.decision) == ReviewDecision.waiting,
        )
    ):
        review.decision = ReviewDecision.withdrawn
        review.decided_by, review.decided_at = actor, utc_now()


def _end_schedules(session: Session, article_id: str) -> None:
    for plan in session.scalars(
        select(Schedule).where(
            col(Schedule.article_id) == article_id,
            col(Schedule.state) == ScheduleState.waiting,
        )
    ):
        plan.state, plan.settled_at = ScheduleState.cancelled, utc_now()


def finish(
    session: Session,
    row: Article,
    actor: str,
    action: str,
    *,
    index: bool,
    created: bool = False,
    note: str = "",
    **details: Any,
) -> SaveResult:
    """A new version, with the audit entry, the history and, where `index`, the index work."""
    if not created:
        row.version += 1
        row.updated_at = utc_now()
    details = {"version": row.version, "state": row.state, **details}
    name = "create" if created else action
    audit.record(session, actor, name, "article", row.id, **details)
    values = {"article_id": row.id, "action": name, "actor": actor, "note": note}
    session.add(ArticleChange.model_validate(values | {"version": row.version}))
    if index:
        enqueue(session, Pool.article, row.id)
    session.flush()
    status = SaveStatus.created if created else SaveStatus.changed
    return SaveResult(row.id, status, row.version)


def unchanged(row: Article) -> SaveResult:
    """Nothing was to be done."""
    return SaveResult(row.id, SaveStatus.unchanged, row.version)
