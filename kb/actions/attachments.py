"""Keeping pictures for articles."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
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
    utc_now,
)
from kb.images.clean import MEDIA_TYPES, CleanImage, clean_image

ANEW_AFTER = timedelta(days=1)  # a picture given again within that is not written again


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
    else:
        _give_anew(session, key)
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
    old = select(col(Attachment.key)).where(_is_old(before)).order_by(col(Attachment.key))
    gone = 0
    for key in session.scalars(old).all():
        advisory_lock(session, f"attachment:{key}")  # whoever gives it just now comes first or last
        if not session.scalar(select(_is_old(before)).where(col(Attachment.key) == key)):
            continue
        if _is_being_written(session, key):
            continue
        given = col(AttachmentGiver.attachment_key) == key
        session.execute(delete(AttachmentGiver).where(given))
        session.execute(delete(Attachment).where(col(Attachment.key) == key))
        gone += 1
    return gone


def _is_old(before: datetime) -> ColumnElement[bool]:
    """Whether a picture was given before, and no revision shows it."""
    used = select(col(AttachmentUse.attachment_key))
    return and_(col(Attachment.created_at) < before, col(Attachment.key).not_in(used))


def _give_anew(session: Session, key: str) -> None:
    """Its days begin again: the text that it is given for may not be saved yet."""
    now = utc_now()
    is_older = and_(col(Attachment.key) == key, col(Attachment.created_at) < now - ANEW_AFTER)
    session.execute(update(Attachment).where(is_older).values(created_at=now))


def _is_being_written(session: Session, key: str) -> bool:
    holds = col(Edit.body).contains(image_address(key), autoescape=True)
    return session.scalar(select(col(Edit.id)).where(holds).limit(1)) is not None
