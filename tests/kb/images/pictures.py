"""Pictures for tests, made by Pillow."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (40, 30),
    colour: str | tuple[int, ...] = "#7a3b12",
    mode: str = "RGB",
    **saved: Any,
) -> bytes:
    """The bytes of a picture of one colour."""
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, format=kind, **saved)
    return out.getvalue()


def moving(kind: str = "GIF", frames: int = 3, size: tuple[int, int] = (20, 10)) -> bytes:
    """A picture that moves."""
    out = io.BytesIO()
    shown = [Image.new("RGB", size, (40 * n, 80, 120)) for n in range(frames)]
    shown[0].save(out, format=kind, save_all=True, append_images=shown[1:], duration=50, loop=0)
    return out.getvalue()
