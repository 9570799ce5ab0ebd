"""Articles by language: what is missing, what no longer follows its original. For editors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Case, ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from kb.domain import Article, ArticleState, Facets, Revision, Translation, in_scope
from kb.errors import NotFound
from kb.queries.paging import Page, Paging
from kb.queries.revisions import RevisionDiff, compare_revisions
from kb.text.diff import blocks_of


class LanguageStatus(StrEnum):
    original = "original"
    current = "current"
    outdated = "outdated"  # the original has another text by now
    unchecked = "unchecked"  # a machine's proposal that nobody has confirmed
    missing = "missing"


@dataclass(frozen=True, slots=True)
class BoardCell:
    """One language of one article."""

    language: str
    status: LanguageStatus
    number: int | None  # of the latest revision
    source_number: int | None  # the original's revision it was made from
    is_published: bool  # readers have the latest


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One article in all languages asked for."""

    id: str
    title: str
    state: ArticleState
    original_language: str
    original_number: int
    cells: tuple[BoardCell, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A page of articles; how many texts there are by language and status, and in each language
    how many that readers do not have."""

    page: Page[BoardRow]
    counts: dict[str, dict[LanguageStatus, int]]
    drafts: dict[str, int]


@dataclass(frozen=True, slots=True)
class BoardFilters:
    """Which articles: those with the status in any language, or in the one given.

    `drafts`: those with a text that readers do not have.
    """

    status: LanguageStatus | None = None
    language: str | None = None
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class SourceChange:
    """What changed in the original since a translation was made, beside the translation."""

    status: LanguageStatus
    diff: RevisionDiff | None  # of the original; None while nothing moved on
    translated: tuple[str | None, ...]  # the translation's paragraph beside each block of the diff


def load_board(
    session: Session,
    languages: Sequence[str],
    filters: BoardFilters | None = None,
    *,
    scope: Facets | None = None,
    paging: Paging | None = None,
) -> Board:
    """Articles that are not archived, by key."""
    filters, paging = filters or BoardFilters(), paging or Paging()
    statuses = load_statuses(session, languages)
    if scope:
        rows = session.execute(select(col(Article.id), col(Article.facets)))
        allowed = {key for key, facets in rows if in_scope(facets, scope)}
        statuses = {key: found for key, found in statuses.items() if key in allowed}
    counts: dict[str, dict[LanguageStatus, int]] = {
        language: dict.fromkeys(LanguageStatus, 0) for language in languages
    }
    for found in statuses.values():
        for language in languages:
            counts[language][found.get(language, LanguageStatus.missing)] += 1
    drafts = _drafts(session)
    looked_at = [x for x in languages if filters.language in (None, x)] or languages
    wanted = sorted(
        key
        for key, found in statuses.items()
        if any(_fits(filters, found.get(x), (key, x) in drafts) for x in looked_at)
    )
    keys = wanted[paging.offset : paging.offset + paging.limit]
    rows_ = _rows(session, keys, languages, statuses)
    of_drafts = {x: sum(key in statuses for key, y in drafts if x == y) for x in languages}
    return Board(Page(rows_, len(wanted)), counts, of_drafts)


def _fits(filters: BoardFilters, status: LanguageStatus | None, is_draft: bool) -> bool:
    if filters.drafts and not is_draft:
        return False
    return filters.status in (None, status or LanguageStatus.missing)


def _drafts(session: Session) -> set[tuple[str, str]]:
    """Texts (article, language) that readers do not have."""
    newer = col(Translation.revision_id).is_distinct_from(col(Translation.published_revision_id))
    rows = session.execute(
        select(col(Translation.article_id), col(Translation.language)).where(newer)
    )
    return {(key, language) for key, language in rows}


def load_source_change(session: Session, article_id: str, language: str) -> SourceChange:
    """What to look at to bring a translation up to date. Raises NotFound."""
    article = session.get(Article, article_id)
    if article is None:
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    texts = {
        row.language: revision
        for row, revision in session.execute(
            select(Translation, Revision)
            .join(Revision, col(Revision.id) == col(Translation.revision_id))
            .where(col(Translation.article_id) == article_id)
        )
    }
    found, original = texts.get(language), texts.get(article.original_language)
    if found is None or original is None:
        raise NotFound(f"The article {article_id} has no text in {language[:35]}.")
    status = load_statuses(session, [language], {article_id})[article_id][language]
    source = session.get(Revision, found.source_revision_id or 0)
    if status == LanguageStatus.original or source is None or source.id == original.id:
        return SourceChange(status, None, ())
    diff = compare_revisions(
        session, article_id, article.original_language, source.number, original.number
    )
    return SourceChange(status, diff, _beside(diff, source.body, found.body))


def _beside(diff: RevisionDiff, source: str, translated: str) -> tuple[str | None, ...]:
    """Paragraphs by their place: only when both texts have as many of them."""
    paragraphs = blocks_of(translated)
    if len(paragraphs) != len(blocks_of(source)):
        return (None,) * len(diff.body)
    found: list[str | None] = []
    place = 0
    for block in diff.body:
        if block.kind == "added":
            found.append(None)
            continue
        found.append(paragraphs[place])
        place += 1
    return tuple(found)


_Own = aliased(Translation)  # the original's
_Original = aliased(Revision)
_Source = aliased(Revision)


def _status() -> Case[Any]:
    """Of a translation beside its original, as load_statuses joins them."""
    is_outdated: ColumnElement[bool] = func.coalesce(
        col(_Source.content_hash) != col(_Original.content_hash), True
    )
    return case(
        (col(Translation.language) == col(Article.original_language), LanguageStatus.original),
        (
            and_(col(Revision.machine_model).is_not(None), col(Revision.checked_by).is_(None)),
            LanguageStatus.unchecked,
        ),
        # The hashes stand behind the texts in a row: they are read only where it matters.
        (
            col(Revision.source_revision_id) == col(_Own.revision_id),
            LanguageStatus.current,
        ),
        (is_outdated, LanguageStatus.outdated),
        else_=LanguageStatus.current,
    )


def load_statuses(
    session: Session, languages: Sequence[str], keys: Collection[str] | None = None
) -> dict[str, dict[str, LanguageStatus]]:
    """Article -> language -> status; languages that have no text are left out.

    Of these articles, or (None) of all that are not archived.
    """
    of_articles: ColumnElement[bool] = col(Article.state) != ArticleState.archived
    if keys is not None:
        of_articles = col(Article.id).in_(keys)
    rows = session.execute(
        select(col(Article.id), col(Translation.language), _status())
        .outerjoin(
            Translation,
            and_(
                col(Translation.article_id) == col(Article.id),
                col(Translation.language).in_(languages),
            ),
        )
        .outerjoin(Revision, col(Revision.id) == col(Translation.revision_id))
        .outerjoin(
            _Own,
            and_(
                col(_Own.article_id) == col(Article.id),
                col(_Own.language) == col(Article.original_language),
            ),
        )
        .outerjoin(_Original, col(_Original.id) == col(_Own.revision_id))
        .outerjoin(_Source, col(_Source.id) == col(Revision.source_revision_id))
        .where(of_articles)
    )
    found: dict[str, dict[str, LanguageStatus]] = {}
    for key, language, value in rows:
        texts = found.setdefault(key, {})
        if language is not None:
            texts[language] = LanguageStatus(value)
    return found


def _rows(
    session: Session,
    keys: Sequence[str],
    languages: Sequence[str],
    statuses: dict[str, dict[str, LanguageStatus]],
) -> tuple[BoardRow, ...]:
    articles = {
        row.id: row for row in session.scalars(select(Article).where(col(Article.id).in_(keys)))
    }
    numbers: dict[tuple[str, str], tuple[int, str, int | None, bool]] = {
        (key, language): (number, title, source, revision == published)
        for key, language, number, title, source, revision, published in session.execute(
            select(
                col(Translation.article_id),
                col(Translation.language),
                col(Revision.number),
                col(Revision.title),
                col(_Source.number),
                col(Translation.revision_id),
                col(Translation.published_revision_id),
            )
            .join(Revision, col(Revision.id) == col(Translation.revision_id))
            .outerjoin(_Source, col(_Source.id) == col(Revision.source_revision_id))
            .where(col(Translation.article_id).in_(keys))
        )
    }
    found = []
    for key in keys:
        article = articles[key]
        original = numbers.get((key, article.original_language), (0, key, None, False))
        cells = []
        for language in languages:
            text = numbers.get((key, language))
            status = statuses[key].get(language, LanguageStatus.missing)
            number, source, shown = (
                (None, None, False) if text is None else (text[0], text[2], text[3])
            )
            cells.append(BoardCell(language, status, number, source, shown))
        row = (key, original[1], article.state, article.original_language, original[0])
        found.append(BoardRow(*row, tuple(cells)))
    return tuple(found)
