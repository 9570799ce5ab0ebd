"""A picture as it may be kept: nothing but pixels, of a size that a page can use.

A picture that is one from end to end and says nothing beside its pixels stays byte for byte, so
that what was exported comes back under the same key. Every other one is decoded and written
anew: places, names and thumbnails in its metadata do not come along.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.errors import InvalidInput, KbError, TooLarge
from kb.images.formats import check_image, image_kind

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_BYTES = 10 * 1024 * 1024  # as given
MAX_KEPT_BYTES = 2_000_000
MAX_SIDE = 2400  # pixels, as kept; a larger one is made smaller
MAX_PIXELS = 40_000_000  # as given: decoding takes four bytes for each
MAX_FRAME_PIXELS = 100_000_000  # of all frames that move
QUALITY = 86
KINDS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}

# What Pillow tells of a picture that says nothing beside its pixels.
_PLAIN = frozenset(
    """jfif jfif_version jfif_unit jfif_density dpi progressive progression adobe adobe_transform
    transparency gamma srgb chromaticity interlace aspect background duration loop timestamp
    version extension default_image disposal blend""".split()  # noqa: SIM905
)
_SEGMENTS = frozenset({"APP0", "APP14"})
_at_once = threading.BoundedSemaphore(2)  # a decoded picture takes up to 160 MB


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture to keep. `kind`: png, jpg, gif or webp."""

    kind: str
    data: bytes
    width: int
    height: int


def clean_image(data: bytes, name: str = "") -> CleanImage:
    """What is to be kept of the picture `data`; `name` is used in messages only.

    Raises InvalidInput for what is no PNG, JPEG, GIF or WebP picture or is damaged, TooLarge for
    more bytes or pixels than can be taken.
    """
    told = f"{name[:120]}: " if name else ""
    try:
        _check_given(data)
        with _at_once:
            return _cleaned(data)
    except KbError as error:
        raise type(error)(f"{told}{error.message}", **error.details) from error
    except Exception as error:  # damage comes out of decoders in a dozen kinds
        raise InvalidInput(
            f"{told}The picture is damaged or cut off: open it in an image program and save it"
            " again."
        ) from error


def _check_given(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"The picture has {len(data):,} bytes, {MAX_BYTES:,} are allowed: make it smaller."
        )
    if image_kind(data) is None:
        raise InvalidInput("This is no PNG, JPEG, GIF or WebP picture: save it as one of them.")


def _cleaned(data: bytes) -> CleanImage:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which does not come along
        with Image.open(io.BytesIO(data), formats=list(KINDS)) as picture:
            _check_pixels(picture)
            frames = getattr(picture, "n_frames", 1)
            is_small = max(picture.size) <= MAX_SIDE and len(data) <= MAX_KEPT_BYTES
            plain = is_small and _is_plain(data, picture)
            for frame in range(frames):
                picture.seek(frame)
                picture.load()
            if plain:
                return CleanImage(KINDS[str(picture.format)], data, *picture.size)
            if frames > 1:
                return _moving(picture)
            return _still(picture)


def _check_pixels(picture: Picture) -> None:
    width, height = picture.size
    frames = getattr(picture, "n_frames", 1)
    if not width or not height:
        raise InvalidInput("The picture is empty: choose another.")
    if width * height > MAX_PIXELS or width * height * frames > MAX_FRAME_PIXELS:
        raise TooLarge(
            f"The picture has {width:,} x {height:,} pixels{f', {frames} times' * (frames > 1)};"
            f" {MAX_PIXELS:,} are allowed: make it smaller."
        )


def _is_plain(data: bytes, picture: Picture) -> bool:
    """Whether it is one from end to end and says nothing beside its pixels."""
    try:
        check_image(data)
    except KbError:
        return False
    said = {name for name, _ in getattr(picture, "applist", ())}
    return (
        set(picture.info) <= _PLAIN
        and said <= _SEGMENTS
        and not getattr(picture, "private_chunks", None)
        and not getattr(picture, "text", None)
        and picture.info.get("extension", (b"NETSCAPE2.0", 0))[0] == b"NETSCAPE2.0"
    )


def _still(picture: Picture) -> CleanImage:
    """Upright, small enough, without metadata."""
    from PIL import Image, ImageOps

    kind = KINDS[str(picture.format)]
    picture.seek(0)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        upright = upright.convert("RGB")
    if max(upright.size) > MAX_SIDE:
        if upright.mode in ("1", "P"):
            upright = upright.convert("RGBA" if "transparency" in upright.info else "RGB")
        upright.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    if kind == "jpg" and upright.mode not in ("L", "RGB"):
        upright = upright.convert("RGB")
    kept = _encoded(upright, "png" if kind == "gif" else kind)
    if len(kept.data) > MAX_KEPT_BYTES and kept.kind != "webp":
        kept = _encoded(upright, "webp")
    return _checked(kept)


def _moving(picture: Picture) -> CleanImage:
    """All frames, without metadata; not made smaller."""
    if max(picture.size) > MAX_SIDE:
        raise TooLarge(
            f"A picture that moves may have {MAX_SIDE:,} pixels a side: make it smaller."
        )
    frames, durations = [], []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        frames.append(picture.convert("RGBA"))
        durations.append(int(picture.info.get("duration") or 100))
    out = io.BytesIO()
    frames[0].save(
        out,
        format="WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=int(picture.info.get("loop", 1)),
        quality=QUALITY,
    )
    return _checked(CleanImage("webp", out.getvalue(), *picture.size))


def _encoded(picture: Picture, kind: str) -> CleanImage:
    from PIL import Image

    bare = Image.new(picture.mode, picture.size)
    if picture.mode == "P":
        bare.putpalette(picture.getpalette() or [])
        if "transparency" in picture.info:
            bare.info["transparency"] = picture.info["transparency"]
    bare.paste(picture)
    out = io.BytesIO()
    if kind == "jpg":
        bare.save(out, format="JPEG", quality=QUALITY, optimize=True)
    elif kind == "webp":
        bare.convert("RGBA" if picture.mode in ("LA", "P", "RGBA") else "RGB").save(
            out, format="WEBP", quality=QUALITY
        )
    else:
        bare.save(out, format="PNG", optimize=True)
    return CleanImage(kind, out.getvalue(), *picture.size)


def _checked(kept: CleanImage) -> CleanImage:
    if len(kept.data) > MAX_KEPT_BYTES:
        raise TooLarge(
            f"The picture has {len(kept.data):,} bytes even when packed well,"
            f" {MAX_KEPT_BYTES:,} are allowed: make it smaller."
        )
    return kept
