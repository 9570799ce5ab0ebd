"""Pictures of articles, for those who may see an article that shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    Attachment,
    AttachmentGiver,
    AttachmentUse,
    Permission,
    Pool,
    Principal,
    Revision,
    Translation,
    in_scope,
    utc_now,
)
from kb.errors import NotFound
from kb.queries.passages import visible_documents


@dataclass(frozen=True, slots=True)
class ImageView:
    """A picture as it is kept."""

    key: str
    media_type: str
    width: int
    height: int
    data: bytes


def load_image(session: Session, key: str, by: Principal) -> ImageView:
    """Raises NotFound, also for a picture of which `by` may see no text that shows it.

    Seen by whoever gave it, by readers of an article that shows it now, and by those who read
    drafts and have an article within their scope that shows it in any revision.
    """
    row = None
    if _was_given(session, key, by) or _is_read(session, key, by) or _is_drafted(session, key, by):
        row = session.get(Attachment, key)
    if row is None:
        raise NotFound(f"There is no picture {key[:60]!r}, or not for you.")
    return _view(row)


def iter_images(session: Session, keys: Collection[str]) -> Iterator[ImageView]:
    """Those of the pictures that are there, one after the other, by key."""
    for key in sorted(set(keys)):
        row = session.get(Attachment, key)
        if row is not None:
            yield _view(row)
            session.expunge(row)


def _view(row: Attachment) -> ImageView:
    return ImageView(row.key, row.media_type, row.width, row.height, row.data)


def _was_given(session: Session, key: str, by: Principal) -> bool:
    if not by.is_known:
        return False
    return session.get(AttachmentGiver, (key, by.actor[:200])) is not None


def _is_read(session: Session, key: str, by: Principal) -> bool:
    shown = session.scalars(
        select(col(Translation.article_id))
        .join(
            AttachmentUse,
            col(AttachmentUse.revision_id) == col(Translation.published_revision_id),
        )
        .where(col(AttachmentUse.attachment_key) == key)
        .distinct()
    )
    documents = [(str(Pool.article), article_id) for article_id in shown]
    return bool(visible_documents(session, documents, by.widest, by.scope, utc_now()))


def _is_drafted(session: Session, key: str, by: Principal) -> bool:
    if not by.may(Permission.read_drafts):
        return False
    facets = session.scalars(
        select(col(Article.facets))
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.translation_id) == col(Translation.id))
        .join(AttachmentUse, col(AttachmentUse.revision_id) == col(Revision.id))
        .where(col(AttachmentUse.attachment_key) == key)
    )
    return any(in_scope(found, by.scope) for found in facets)
