"""Keeping pictures for articles."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.db import advisory_lock
from kb.domain import (
    Attachment,
    AttachmentGiver,
    AttachmentUse,
    Edit,
    Revision,
    image_address,
    image_keys,
)
from kb.images.clean import MEDIA_TYPES, CleanImage, clean_image


def keep_image(session: Session, data: bytes, name: str, actor: str) -> str:
    """Keep a picture; gives its key, to write `![words](/images/<key>)` into a text.

    The same picture again gives the same key. `name` is used in messages only: what somebody
    called a file may name a customer. Raises InvalidInput for what is no picture, TooLarge.
    """
    return keep_cleaned(session, clean_image(data, name), actor)


def keep_cleaned(session: Session, image: CleanImage, actor: str) -> str:
    """As `keep_image`, for a picture that was cleaned before the session was opened."""
    key = f"{hashlib.sha256(image.data).hexdigest()[:32]}.{image.kind}"
    advisory_lock(session, f"attachment:{key}")
    if session.scalar(select(col(Attachment.key)).where(col(Attachment.key) == key)) is None:
        values = {
            "key": key,
            "media_type": MEDIA_TYPES[image.kind],
            "width": image.width,
            "height": image.height,
            "size": len(image.data),
            "data": image.data,
        }
        session.add(Attachment.model_validate(values))
        session.flush()
        audit.record(session, actor, "create", "attachment", key, size=len(image.data))
    if session.get(AttachmentGiver, (key, actor[:200])) is None:
        session.add(AttachmentGiver(attachment_key=key, actor=actor[:200]))
    session.flush()
    return key


def note_uses(session: Session, revision: Revision) -> None:
    """Remember which pictures a new revision shows: it decides who sees them."""
    for key in image_keys(revision.body):
        values = {"revision_id": revision.id, "attachment_key": key}
        session.add(AttachmentUse.model_validate(values))


def drop_unused_images(session: Session, before: datetime) -> int:
    """Forget pictures given before this moment that no revision and no text in the making shows.

    Gives how many.
    """
    used = select(col(AttachmentUse.attachment_key))
    old = session.scalars(
        select(col(Attachment.key)).where(
            col(Attachment.created_at) < before, col(Attachment.key).not_in(used)
        )
    ).all()
    gone = [key for key in old if not _is_being_written(session, key)]
    for table in (AttachmentGiver, Attachment):
        column = col(getattr(table, "attachment_key", None) or Attachment.key)
        session.execute(delete(table).where(column.in_(gone)))
    return len(gone)


def _is_being_written(session: Session, key: str) -> bool:
    holds = col(Edit.body).contains(image_address(key), autoescape=True)
    return session.scalar(select(col(Edit.id)).where(holds).limit(1)) is not None
