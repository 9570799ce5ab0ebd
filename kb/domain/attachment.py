"""Pictures of articles, who gave them, and the revisions that show them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from kb.domain.types import UtcDateTime, utc_now

IMAGE_KEY = re.compile(r"[0-9a-f]{32}\.(?:png|jpg|gif|webp)")
IMAGE_FOLDER = "/images/"
_IMAGE_ADDRESS = re.compile(rf"(?<![\w/:.]){IMAGE_FOLDER}({IMAGE_KEY.pattern})(?![\w.])")


class Attachment(SQLModel, table=True):
    """A picture, kept once. `key` is made of its content, so it never changes."""

    key: str = Field(primary_key=True, max_length=40)
    media_type: str = Field(max_length=40)
    width: int
    height: int
    size: int  # bytes
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)


class AttachmentGiver(SQLModel, table=True):
    """Who gave a picture: they see it before a text with it is saved."""

    __tablename__ = "attachment_giver"

    attachment_key: str = Field(primary_key=True, foreign_key="attachment.key", max_length=40)
    actor: str = Field(primary_key=True, max_length=200)


class AttachmentUse(SQLModel, table=True):
    """A revision that shows a picture, whether or not the picture is there."""

    __tablename__ = "attachment_use"

    revision_id: int = Field(primary_key=True, foreign_key="revision.id")
    attachment_key: str = Field(primary_key=True, index=True, max_length=40)


def image_address(key: str) -> str:
    """What a text says to show the picture: `![words](/images/<key>)`."""
    return f"{IMAGE_FOLDER}{key}"


def image_keys(body: str) -> list[str]:
    """Keys of the pictures that a text names, each once, in order."""
    return list(dict.fromkeys(_IMAGE_ADDRESS.findall(body)))
