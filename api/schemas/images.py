"""Shapes of pictures in the API."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ImageOut(BaseModel):
    """A picture that was kept."""

    key: str = Field(description="made of its content: the same picture has the same key")
    address: str = Field(description="to write into a text: `![words](address)`")
    width: int
    height: int
