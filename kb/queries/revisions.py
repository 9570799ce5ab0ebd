"""Every text an article ever had: listed, read, compared. For editors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from kb.domain import Article, Facets, Revision, Translation, in_scope
from kb.errors import NotFound
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging
from kb.text.diff import Block, Span, diff_blocks, diff_text, diff_words


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One revision in a list, the newest first."""

    id: int
    number: int
    title: str
    author: str
    author_name: str
    note: str  # why
    created_at: datetime
    source_number: int | None  # the original's revision it was made from
    machine_model: str | None  # proposed it; None: a person wrote it
    checked_by: str | None
    is_latest: bool
    is_published: bool


@dataclass(frozen=True, slots=True)
class RevisionText:
    """A revision to read."""

    line: RevisionLine
    language: str
    summary: str
    keywords: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class RevisionDiff:
    """Two revisions compared: spans word by word, the body paragraph by paragraph."""

    old: RevisionLine
    new: RevisionLine
    title: tuple[Span, ...]
    summary: tuple[Span, ...]
    keywords_removed: tuple[str, ...]
    keywords_added: tuple[str, ...]
    body: tuple[Block, ...]
    text: str  # the body's changes as plain text


def check_article(session: Session, article_id: str, scope: Facets) -> None:
    """Raises NotFound for an article that is not there or out of scope."""
    facets = session.execute(
        select(col(Article.facets)).where(col(Article.id) == article_id)
    ).scalar()
    if facets is None or not in_scope(facets, scope):
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")


def list_revisions(
    session: Session, article_id: str, language: str, paging: Paging | None = None
) -> Page[RevisionLine]:
    """The revisions of one language, the newest first. Raises NotFound."""
    paging = paging or Paging()
    translation = _translation(session, article_id, language)
    of_it = col(Revision.translation_id) == translation.id
    total = session.scalar(select(func.count()).select_from(Revision).where(of_it)) or 0
    rows = session.execute(
        _lines()
        .where(of_it)
        .order_by(col(Revision.number).desc())
        .offset(paging.offset)
        .limit(paging.limit)
    ).all()
    names = names_of(session, {row[0].author for row in rows})
    lines = tuple(_line(row[0], row[1], translation, names) for row in rows)
    return Page(lines, total)


def read_revision(session: Session, article_id: str, language: str, number: int) -> RevisionText:
    """One revision whole. Raises NotFound."""
    translation = _translation(session, article_id, language)
    found = session.execute(
        _lines().where(
            col(Revision.translation_id) == translation.id, col(Revision.number) == number
        )
    ).first()
    if found is None:
        raise NotFound(
            f"The article {article_id} has no revision {number} in {language}:"
            " look at the list of its revisions."
        )
    row = found[0]
    line = _line(row, found[1], translation, names_of(session, {row.author}))
    return RevisionText(line, language, row.summary, tuple(row.keywords), row.body)


def compare_revisions(
    session: Session, article_id: str, language: str, old: int, new: int
) -> RevisionDiff:
    """What changed from one revision to the other. Raises NotFound."""
    before = read_revision(session, article_id, language, old)
    after = read_revision(session, article_id, language, new)
    return RevisionDiff(
        old=before.line,
        new=after.line,
        title=diff_words(before.line.title, after.line.title),
        summary=diff_words(before.summary, after.summary),
        keywords_removed=tuple(k for k in before.keywords if k not in after.keywords),
        keywords_added=tuple(k for k in after.keywords if k not in before.keywords),
        body=diff_blocks(before.body, after.body),
        text=diff_text(before.body, after.body),
    )


_Source = aliased(Revision)


def latest_number(session: Session, article_id: str, language: str) -> int:
    """The number of the latest revision; 0 when there is no text in this language."""
    found = session.scalar(
        select(col(Revision.number))
        .join(Translation, col(Translation.revision_id) == col(Revision.id))
        .where(col(Translation.article_id) == article_id, col(Translation.language) == language)
    )
    return found or 0


def _lines() -> Select[Revision, int | None]:
    return select(Revision, col(_Source.number)).outerjoin(
        _Source, col(_Source.id) == col(Revision.source_revision_id)
    )


def _translation(session: Session, article_id: str, language: str) -> Translation:
    found = session.scalars(
        select(Translation).where(
            col(Translation.article_id) == article_id, col(Translation.language) == language
        )
    ).first()
    if found is None:
        raise NotFound(f"The article {article_id[:120]!r} has no text in {language[:35]}.")
    return found


def _line(
    row: Revision, source: int | None, translation: Translation, names: dict[str, str]
) -> RevisionLine:
    return RevisionLine(
        id=row.id or 0,
        number=row.number,
        title=row.title,
        author=row.author,
        author_name=names.get(row.author, row.author),
        note=row.note,
        created_at=row.created_at,
        source_number=source,
        machine_model=row.machine_model,
        checked_by=row.checked_by,
        is_latest=translation.revision_id == row.id,
        is_published=translation.published_revision_id == row.id,
    )
