"""What is being written: one's own texts, and who else is at the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Edit, Revision, Translation, utc_now
from kb.errors import NotFound
from kb.queries.names import names_of
from kb.queries.paging import Page, Paging

PRESENT = timedelta(minutes=10)  # since the last keystroke kept


@dataclass(frozen=True, slots=True)
class EditLine:
    """A text somebody has begun."""

    article_id: str
    language: str
    title: str
    base_number: int  # 0: a new text
    latest_number: int
    machine_model: str | None
    sequence: int
    updated_at: datetime

    @property
    def moved_on(self) -> bool:
        """Whether somebody saved another revision since."""
        return self.base_number != self.latest_number


@dataclass(frozen=True, slots=True)
class EditText:
    """One's own text as it was kept last."""

    line: EditLine
    summary: str
    keywords: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Editing:
    """Somebody who writes the same text now."""

    actor: str
    name: str
    language: str
    updated_at: datetime


def load_edit(session: Session, article_id: str, language: str, actor: str) -> EditText:
    """Raises NotFound when nothing is kept."""
    found = session.scalars(
        select(Edit).where(
            col(Edit.actor) == actor,
            col(Edit.article_id) == article_id,
            col(Edit.language) == language,
        )
    ).first()
    if found is None:
        raise NotFound(f"Nothing of yours is kept for {article_id[:120]} in {language[:35]}.")
    [line] = _lines(session, [found])
    return EditText(line, found.summary, tuple(found.keywords), found.body)


def list_edits(session: Session, actor: str, paging: Paging | None = None) -> Page[EditLine]:
    """What this person has begun and not saved, the newest first."""
    paging = paging or Paging()
    own = col(Edit.actor) == actor
    total = session.scalar(select(func.count()).select_from(Edit).where(own)) or 0
    query = select(Edit).where(own).order_by(col(Edit.updated_at).desc(), col(Edit.id))
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit)).all()
    return Page(tuple(_lines(session, rows)), total)


def who_edits(
    session: Session, article_id: str, but: str, now: datetime | None = None
) -> tuple[Editing, ...]:
    """Others who typed into this article a moment ago."""
    since = (now or utc_now()) - PRESENT
    rows = session.execute(
        select(col(Edit.actor), col(Edit.language), col(Edit.updated_at))
        .where(
            col(Edit.article_id) == article_id,
            col(Edit.actor) != but,
            col(Edit.updated_at) >= since,
        )
        .order_by(col(Edit.updated_at).desc())
    ).all()
    names = names_of(session, {actor for actor, _, _ in rows})
    return tuple(Editing(a, names.get(a, a), language, at) for a, language, at in rows)


def _lines(session: Session, edits: Sequence[Edit]) -> list[EditLine]:
    bases = {row.base_revision_id for row in edits if row.base_revision_id is not None}
    numbers: dict[int | None, int] = {
        found: number
        for found, number in session.execute(
            select(col(Revision.id), col(Revision.number)).where(col(Revision.id).in_(bases))
        )
    }
    latest = {
        (article_id, language): number
        for article_id, language, number in session.execute(
            select(col(Translation.article_id), col(Translation.language), col(Revision.number))
            .join(Revision, col(Revision.id) == col(Translation.revision_id))
            .where(col(Translation.article_id).in_({row.article_id for row in edits}))
        )
    }
    return [
        EditLine(
            article_id=row.article_id,
            language=row.language,
            title=row.title,
            base_number=numbers.get(row.base_revision_id, 0),
            latest_number=latest.get((row.article_id, row.language), 0),
            machine_model=row.machine_model,
            sequence=row.sequence,
            updated_at=row.updated_at,
        )
        for row in edits
    ]
