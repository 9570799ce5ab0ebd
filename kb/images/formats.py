"""PNG, JPEG, GIF and WebP read from the first byte to the last.

A browser or an unpacking program that is shown a file under another type finds what it looks
for: HTML anywhere near the start, a ZIP's directory at the end. So a picture must be one from
end to end, with nothing behind it. Formats: PNG (W3C, third edition), JPEG (ITU-T T.81 annex B),
GIF89a, WebP container (RFC 9649).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from kb.errors import InvalidInput, TooLarge

MAX_SIDE = 16_000  # pixels
MAX_PIXELS = 50_000_000
_ACTIVE = re.compile(rb"<(?:script|html|iframe|\?php|!doctype)|<svg[^>]{0,300}xmlns", re.IGNORECASE)
_WEBP_CHUNKS = frozenset(
    {b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP", b"EXIF", b"XMP "}
)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


def image_kind(data: bytes) -> str | None:
    """png, jpeg, gif or webp by how the data starts; None when it is no such picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return None


def check_image(data: bytes) -> Size:
    """The size of a picture that is nothing but one.

    Raises InvalidInput when it is damaged, goes on behind its end, or holds a page or an
    archive; TooLarge when it unpacks to too many pixels.
    """
    kind = image_kind(data)
    if kind is None:
        raise InvalidInput("This is no PNG, JPEG, GIF or WebP picture: save it as one of them.")
    try:
        size, end = _READERS[kind](data)
    except (IndexError, struct.error) as error:
        raise _damaged() from error
    if end < len(data):
        raise InvalidInput(
            f"{len(data) - end:,} bytes stand behind the end of the picture: open it in an image"
            " program and save it again."
        )
    if _ACTIVE.search(data) or _holds_archive(data):
        raise InvalidInput(
            "The picture holds a page, a script or an archive: open it in an image program and"
            " save it again without metadata."
        )
    if max(size.width, size.height) > MAX_SIDE or size.width * size.height > MAX_PIXELS:
        raise TooLarge(
            f"The picture has {size.width:,} x {size.height:,} pixels; {MAX_SIDE:,} a side and"
            f" {MAX_PIXELS:,} in all are allowed: make it smaller."
        )
    return size


def _holds_archive(data: bytes) -> bool:
    if b"PK\x05\x06" not in data:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return bool(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


def _damaged() -> InvalidInput:
    return InvalidInput(
        "The picture is damaged or cut off: open it in an image program and save it again."
    )


def _size(width: int, height: int) -> Size:
    if not width or not height:
        raise _damaged()
    return Size(width, height)


def _read_png(data: bytes) -> tuple[Size, int]:
    size, pixels, at = None, False, 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if crc != zlib.crc32(kind + body):
            raise _damaged()
        if size is None:
            if kind != b"IHDR" or length != 13:
                raise _damaged()
            size = _size(*struct.unpack_from(">II", body))
        pixels = pixels or kind == b"IDAT"
        at += 12 + length
        if kind == b"IEND":
            if not pixels or length:
                raise _damaged()
            return size, at


def _read_jpeg(data: bytes) -> tuple[Size, int]:
    size, scans, at = None, False, 2
    while True:
        if data[at] != 0xFF:
            raise _damaged()
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        at += 2
        if marker == 0xD9:  # end of image
            if size is None or not scans:
                raise _damaged()
            return size, at
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # stand alone
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or marker in (0x00, 0xD8):
            raise _damaged()
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = _size(width, height)
        at += length
        if marker == 0xDA:
            scans = True
            at = _end_of_scan(data, at)


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is, behind the packed pixels."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise _damaged()
        following = data[at + 1]
        if following != 0x00 and not 0xD0 <= following <= 0xD7:
            return at
        at += 2


def _read_gif(data: bytes) -> tuple[Size, int]:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    size, images, at = _size(width, height), False, 13 + _colours(flags)
    while True:
        kind = data[at]
        if kind == 0x3B:  # trailer
            if not images:
                raise _damaged()
            return size, at + 1
        if kind == 0x21:  # extension: label, then blocks
            at = _blocks(data, at + 2)
        elif kind == 0x2C:  # image: place, colours, code size, then blocks
            images = True
            at = _blocks(data, at + 11 + _colours(data[at + 9]))
        else:
            raise _damaged()


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _read_webp(data: bytes) -> tuple[Size, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    end, at, size, pixels = 8 + length, 12, None, False
    if end > len(data) or length % 2:
        raise _damaged()
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind not in _WEBP_CHUNKS:
            raise _damaged()
        size = size or _webp_size(kind, data, at + 8)
        pixels = pixels or kind in (b"VP8 ", b"VP8L", b"ANMF")
        at += 8 + length + length % 2
    if at != end or size is None or not pixels:
        raise _damaged()
    return size, end


def _webp_size(kind: bytes, data: bytes, at: int) -> Size | None:
    if kind == b"VP8X":
        width, height = data[at + 4 : at + 7], data[at + 7 : at + 10]
        return Size(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, at + 6)
        return _size(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, at + 1)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return None


_READERS: dict[str, Callable[[bytes], tuple[Size, int]]] = {
    "png": _read_png,
    "jpeg": _read_jpeg,
    "gif": _read_gif,
    "webp": _read_webp,
}
