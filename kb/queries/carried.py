"""What an export carries beside texts, and an import has to know before it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from kb.domain import (
    Article,
    Attachment,
    Redirect,
    RedirectKind,
    Revision,
    Schedule,
    ScheduledAction,
    ScheduleState,
    Translation,
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Where a revision comes from; the hashes are those of its text and of what it follows."""

    machine_model: str | None
    checked_by: str | None
    content_hash: str
    source_hash: str | None


@dataclass(frozen=True, slots=True)
class RedirectRow:
    """An old key of an article."""

    old_id: str
    kind: RedirectKind
    note: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan that waits; for publishing, language -> revision."""

    action: ScheduledAction
    at: datetime
    note: str
    revisions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of articles, and old keys with the articles they lead to."""

    articles: frozenset[str]
    redirects: Mapping[str, str]


def load_keys(session: Session) -> Keys:
    """All keys in use."""
    redirects = session.execute(select(col(Redirect.old_id), col(Redirect.article_id)))
    return Keys(
        frozenset(session.scalars(select(col(Article.id)))), {old: new for old, new in redirects}
    )


def kept_images(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the pictures that are there."""
    if not keys:
        return set()
    return set(session.scalars(select(col(Attachment.key)).where(col(Attachment.key).in_(keys))))


def load_marks(session: Session, revision_ids: Collection[int]) -> dict[int, Marks]:
    """By revision."""
    source = aliased(Revision)
    rows = session.execute(
        select(
            col(Revision.id),
            col(Revision.machine_model),
            col(Revision.checked_by),
            col(Revision.content_hash),
            col(source.content_hash),
        )
        .outerjoin(source, col(source.id) == col(Revision.source_revision_id))
        .where(col(Revision.id).in_(revision_ids))
    )
    return {
        number: Marks(model, checked_by, text, source)
        for number, model, checked_by, text, source in rows
        if number is not None
    }


def load_redirects(session: Session, article_ids: Collection[str]) -> dict[str, list[RedirectRow]]:
    """By the article they lead to, by old key."""
    found: dict[str, list[RedirectRow]] = defaultdict(list)
    for row in session.scalars(
        select(Redirect)
        .where(col(Redirect.article_id).in_(article_ids))
        .order_by(col(Redirect.old_id))
    ):
        found[row.article_id].append(RedirectRow(row.old_id, row.kind, row.note))
    return dict(found)


def load_plans(session: Session, article_ids: Collection[str]) -> dict[str, list[PlanRow]]:
    """Those that wait, by article, by moment."""
    found: dict[str, list[PlanRow]] = defaultdict(list)
    for row in session.scalars(
        select(Schedule)
        .where(
            col(Schedule.article_id).in_(article_ids),
            col(Schedule.state) == ScheduleState.waiting,
        )
        .order_by(col(Schedule.at), col(Schedule.action))
    ):
        found[row.article_id].append(PlanRow(row.action, row.at, row.note, row.revisions))
    return dict(found)


def readers_hashes(session: Session, article_id: str) -> dict[str, str]:
    """Language -> hash of the text that readers have."""
    rows = session.execute(
        select(col(Translation.language), col(Revision.content_hash))
        .join(Revision, col(Revision.id) == col(Translation.published_revision_id))
        .where(col(Translation.article_id) == article_id)
    )
    return {language: found for language, found in rows}
