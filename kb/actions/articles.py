"""Articles: save, publish, take back, change who may read and how far to trust.

Every function locks the article, writes one audit entry per change, and enqueues index work
when what readers see may have changed. None commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_input import (
    ArticleFields,
    ArticleInput,
    TranslationInput,
    checked,
    field_values,
    hash_text,
)
from kb.actions.outbox import enqueue
from kb.actions.saved import SaveResult, SaveStatus
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Pool,
    Revision,
    Translation,
    Trust,
    may_move,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "ArticleFields",
    "ArticleInput",
    "TranslationInput",
    "archive",
    "publish",
    "restore",
    "save_article",
    "set_audience",
    "set_trust",
    "unpublish",
]


def save_article(
    session: Session, article: ArticleInput, actor: str, *, expected_version: int | None = None
) -> SaveResult:
    """Create or change an article; a new revision only where a text changed.

    Saving the same again changes nothing. Raises InvalidInput on fields that cannot be,
    Conflict when the article is not at `expected_version` or may not move to the state given,
    NotFound when `expected_version` or no `fields` are given and there is no such article.
    """
    article = checked(article)
    row = _find(session, article.id)
    created = row is None
    if row is None:
        row = _create(session, article, expected_version)
    elif expected_version is not None and row.version != expected_version:
        raise Conflict(
            f"The article {row.id} is at version {row.version}, not {expected_version}:"
            " load it again and repeat the change.",
            version=row.version,
        )
    if article.state is not None:
        _check_move(row, article.state)
    was_published = row.state == ArticleState.published
    changes = [] if created or article.fields is None else _change_fields(row, article.fields)
    revised = _revise(session, row, article.translations, actor)
    moved = [] if article.state is None else _move(session, row, article.state)
    published = []
    if article.state == ArticleState.published:
        published = _publish_latest(session, row, {t.language for t in article.translations})
    if not (created or changes or revised or moved or published):
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    details = {"fields": changes + moved, "revised": revised, "published": published}
    index = was_published or row.state == ArticleState.published
    return _finish(session, row, actor, "save", index=index, created=created, **details)


def publish(
    session: Session, article_id: str, languages: Collection[str] | None, actor: str
) -> SaveResult:
    """Show readers the latest revision, in these languages or, with None, in all.

    Raises NotFound for an unknown article or language, Conflict for an archived article.
    """
    row = _locked(session, article_id)
    moved = _move(session, row, ArticleState.published)
    published = _publish_latest(session, row, languages)
    if not moved and not published:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    return _finish(session, row, actor, "publish", index=True, languages=published)


def unpublish(session: Session, article_id: str, actor: str) -> SaveResult:
    """Back to draft: gone for readers with the commit. Raises NotFound, Conflict."""
    allowed = {ArticleState.published, ArticleState.in_review}
    return _take(session, article_id, ArticleState.draft, allowed, actor, "unpublish")


def archive(session: Session, article_id: str, actor: str) -> SaveResult:
    """Put away: gone for readers with the commit. Raises NotFound."""
    allowed = set(ArticleState)
    return _take(session, article_id, ArticleState.archived, allowed, actor, "archive")


def restore(session: Session, article_id: str, actor: str) -> SaveResult:
    """An archived article is a draft again. Raises NotFound, Conflict."""
    allowed = {ArticleState.archived}
    return _take(session, article_id, ArticleState.draft, allowed, actor, "restore")


def set_audience(session: Session, article_id: str, audience: Audience, actor: str) -> SaveResult:
    """Change who may read, effective with the commit. Raises NotFound."""
    row = _locked(session, article_id)
    old, row.audience = row.audience, audience
    if old == audience:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    index = row.state == ArticleState.published
    return _finish(session, row, actor, "set_audience", index=index, old=old, new=audience)


def set_trust(session: Session, article_id: str, trust: Trust, actor: str) -> SaveResult:
    """Say how far the article can be trusted. Raises NotFound."""
    row = _locked(session, article_id)
    old, row.trust = row.trust, trust
    if old == trust:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    # Trust is read from SQL with every answer: the index does not hold it.
    return _finish(session, row, actor, "set_trust", index=False, old=old, new=trust)


def _find(session: Session, article_id: str) -> Article | None:
    advisory_lock(session, f"article:{article_id}")
    return session.get(Article, article_id, populate_existing=True)


def _locked(session: Session, article_id: str) -> Article:
    row = _find(session, article_id)
    if row is None:
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    return row


def _create(session: Session, article: ArticleInput, expected_version: int | None) -> Article:
    if expected_version is not None or article.fields is None:
        raise NotFound(
            f"There is no article {article.id}: save it first with its own fields and the text"
            " in its original language."
        )
    original = article.fields.original_language
    if original not in {t.language for t in article.translations}:
        raise InvalidInput(
            f"The article {article.id} has no text in its original language {original}: give it."
        )
    values = {"id": article.id, "state": article.state or ArticleState.draft}
    row = Article.model_validate(values | field_values(article.fields))
    session.add(row)
    session.flush()
    return row


def _change_fields(row: Article, fields: ArticleFields) -> list[str]:
    """Set what differs; gives the names."""
    values = field_values(fields)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _revise(
    session: Session, row: Article, inputs: Sequence[TranslationInput], actor: str
) -> list[str]:
    """Add a revision for each text that changed; gives the languages."""
    translations = _translations(session, row.id)
    revised = []
    # The original first: revisions of the others note which of its revisions they follow.
    for given in sorted(inputs, key=lambda t: t.language != row.original_language):
        translation = translations.get(given.language)
        if translation is None:
            translation = Translation(article_id=row.id, language=given.language)
            session.add(translation)
            session.flush()
            translations[given.language] = translation
        content_hash = hash_text(given)
        latest = session.get(Revision, translation.revision_id or 0)
        if latest is not None and latest.content_hash == content_hash:
            continue
        original = translations.get(row.original_language, translation)
        source = None if original is translation else original.revision_id
        _add_revision(session, translation, given, (content_hash, source, actor))
        revised.append(given.language)
    return revised


def _add_revision(
    session: Session,
    translation: Translation,
    given: TranslationInput,
    origin: tuple[str, int | None, str],
) -> None:
    content_hash, source_revision_id, author = origin
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
        "source_revision_id": source_revision_id,
        "content_hash": content_hash,
        "author": author,
        "note": given.note,
    }
    revision = Revision.model_validate(values)
    session.add(revision)
    session.flush()
    translation.revision_id = revision.id


def _move(session: Session, row: Article, state: ArticleState) -> list[str]:
    """Change the state; gives what changed, for the audit."""
    if row.state == state:
        return []
    _check_move(row, state)
    row.state = state
    if state != ArticleState.published:
        # So that publishing one language later does not bring old texts of others back.
        for translation in _translations(session, row.id).values():
            translation.published_revision_id = None
    return ["state"]


def _check_move(row: Article, state: ArticleState) -> None:
    if not may_move(row.state, state):
        first = "restore" if row.state == ArticleState.archived else "unpublish"
        raise Conflict(
            f"The article {row.id} is {row.state} and cannot become {state}: {first} it first.",
            state=row.state,
        )


def _publish_latest(session: Session, row: Article, languages: Collection[str] | None) -> list[str]:
    """Point readers at the latest revisions; gives the languages where that is news."""
    translations = _translations(session, row.id)
    unknown = sorted(set(languages or ()) - set(translations))
    if unknown:
        raise NotFound(
            f"The article {row.id} has no text in {', '.join(unknown)}: translate it first."
        )
    news = []
    for language, translation in translations.items():
        wanted = languages is None or language in languages
        if wanted and translation.published_revision_id != translation.revision_id:
            translation.published_revision_id = translation.revision_id
            news.append(language)
    return news


def _take(
    session: Session,
    article_id: str,
    state: ArticleState,
    allowed: Collection[ArticleState],
    actor: str,
    action: str,
) -> SaveResult:
    row = _locked(session, article_id)
    old = row.state
    if old == state:
        return SaveResult(row.id, SaveStatus.unchanged, row.version)
    if old not in allowed:
        raise Conflict(f"The article {row.id} is {old}: {action} does not apply.", state=old)
    _move(session, row, state)
    index = old == ArticleState.published
    return _finish(session, row, actor, action, index=index, old=old)


def _translations(session: Session, article_id: str) -> dict[str, Translation]:
    rows = session.scalars(
        select(Translation)
        .where(col(Translation.article_id) == article_id)
        .order_by(col(Translation.id)),
        execution_options={"populate_existing": True},  # seen under the lock
    )
    return {row.language: row for row in rows}


def _finish(
    session: Session,
    row: Article,
    actor: str,
    action: str,
    *,
    index: bool,
    created: bool = False,
    **details: Any,
) -> SaveResult:
    if not created:
        row.version += 1
        row.updated_at = utc_now()
    details = {"version": row.version, "state": row.state, **details}
    name = "create" if created else action
    audit.record(session, actor, name, "article", row.id, **details)
    if index:
        enqueue(session, Pool.article, row.id)
    session.flush()
    status = SaveStatus.created if created else SaveStatus.changed
    return SaveResult(row.id, status, row.version)
