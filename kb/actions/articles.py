"""Articles: save, publish, take back, change who may read and how far to trust.

Every function locks the article, writes one audit entry per change, keeps who and why, and
enqueues index work when what readers see may have changed. None commits.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from kb.actions.article_input import (
    ArticleFields,
    ArticleInput,
    TranslationInput,
    checked,
    field_values,
)
from kb.actions.article_rows import (
    check_move,
    check_second_person,
    check_version,
    find_article,
    finish,
    latest_revisions,
    locked_article,
    move,
    pending_revisions,
    point_readers,
    revise,
    translations_of,
    unchanged,
)
from kb.actions.checks import check_text
from kb.actions.redirect_rows import check_free
from kb.actions.saved import SaveResult
from kb.domain import Article, ArticleState, Audience, Governance, Revision, Trust
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
    Conflict when the article is not at `expected_version`, may not move to the state given, went
    into another article or needs a second person, NotFound when `expected_version` or no
    `fields` are given and there is no such article.
    """
    article = checked(article)
    row = find_article(session, article.id)
    created = row is None
    if row is None:
        row = _create(session, article, expected_version)
    check_version(row, None if created else expected_version)
    if article.state is not None:
        check_move(row, article.state)
    was_published, governance = row.state == ArticleState.published, row.governance
    changes = [] if created or article.fields is None else _change_fields(row, article.fields)
    revised = revise(session, row, article.translations, actor)
    if governance != row.governance:
        _check_lowered(session, row, governance, actor)
    moved = [] if article.state is None else move(session, row, article.state, actor)
    published = []
    if article.state == ArticleState.published:
        published = point_readers(session, row, {t.language for t in article.translations}, actor)
    if not (created or changes or revised or moved or published):
        return unchanged(row)
    details = {"fields": changes + moved, "revised": revised, "published": published}
    index = was_published or row.state == ArticleState.published
    note = next((t.note for t in article.translations if t.note), "")
    return finish(session, row, actor, "save", index=index, created=created, note=note, **details)


def publish(
    session: Session,
    article_id: str,
    languages: Collection[str] | None,
    actor: str,
    *,
    note: str = "",
    expected_version: int | None = None,
) -> SaveResult:
    """Show readers the latest revision, in these languages or, with None, in all.

    Raises NotFound for an unknown article or language, Conflict for an archived article, at
    another version, when a second person is needed, and for unread machine texts.
    """
    check_text(note, "note")
    row = locked_article(session, article_id, expected_version)
    moved = move(session, row, ArticleState.published, actor)
    published = point_readers(session, row, languages, actor)
    if not moved and not published:
        return unchanged(row)
    return finish(session, row, actor, "publish", index=True, note=note, languages=published)


def unpublish(session: Session, article_id: str, actor: str, *, note: str = "") -> SaveResult:
    """Back to draft: gone for readers with the commit. Raises NotFound, Conflict."""
    allowed = {ArticleState.published, ArticleState.in_review}
    return _take(session, article_id, ArticleState.draft, allowed, (actor, "unpublish", note))


def archive(session: Session, article_id: str, actor: str, *, note: str = "") -> SaveResult:
    """Put away: gone for readers with the commit. Raises NotFound."""
    allowed = set(ArticleState)
    return _take(session, article_id, ArticleState.archived, allowed, (actor, "archive", note))


def restore(session: Session, article_id: str, actor: str, *, note: str = "") -> SaveResult:
    """An archived article is a draft again. Raises NotFound, Conflict (also when it was merged)."""
    allowed = {ArticleState.archived}
    return _take(session, article_id, ArticleState.draft, allowed, (actor, "restore", note))


def set_audience(
    session: Session, article_id: str, audience: Audience, actor: str, *, note: str = ""
) -> SaveResult:
    """Change who may read, effective with the commit. Raises NotFound."""
    row = locked_article(session, article_id)
    old, row.audience = row.audience, audience
    if old == audience:
        return unchanged(row)
    index = row.state == ArticleState.published
    return finish(
        session, row, actor, "set_audience", index=index, note=note, old=old, new=audience
    )


def set_trust(
    session: Session, article_id: str, trust: Trust, actor: str, *, note: str = ""
) -> SaveResult:
    """Say how far the article can be trusted. Raises NotFound."""
    check_text(note, "note")
    row = locked_article(session, article_id)
    old, row.trust = row.trust, trust
    if old == trust:
        return unchanged(row)
    # Trust is read from SQL with every answer: the index does not hold it.
    return finish(session, row, actor, "set_trust", index=False, note=note, old=old, new=trust)


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
    check_free(session, article.id)
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


def _check_lowered(session: Session, row: Article, before: Governance, actor: str) -> None:
    """Who wrote what waits for a second person cannot decide that none is needed."""
    if before != Governance.compliance:
        return
    translations = translations_of(session, row.id)
    pending: list[Revision] = pending_revisions(
        session, translations, latest_revisions(translations)
    )
    wanted, row.governance = row.governance, before
    check_second_person(row, pending, actor)
    row.governance = wanted


def _take(
    session: Session,
    article_id: str,
    state: ArticleState,
    allowed: Collection[ArticleState],
    change: tuple[str, str, str],
) -> SaveResult:
    actor, action, note = change
    check_text(note, "note")
    row = locked_article(session, article_id)
    old = row.state
    if old == state:
        return unchanged(row)
    if old not in allowed:
        raise Conflict(f"The article {row.id} is {old}: {action} does not apply.", state=old)
    move(session, row, state, actor)
    index = old == ArticleState.published
    return finish(session, row, actor, action, index=index, note=note, old=old)
