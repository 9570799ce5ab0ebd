"""What is kept of a picture."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from kb.errors import InvalidInput, KbError, TooLarge
from kb.images import clean
from kb.images.clean import clean_image
from tests.kb.images.pictures import moving, picture

KINDS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_picture_stays_as_it_is(kind: str) -> None:
    data = picture(kind)
    kept = clean_image(data)
    assert (kept.kind, kept.data, kept.width, kept.height) == (KINDS[kind], data, 40, 30)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_where_and_by_whom_it_was_taken_does_not_come_along(kind: str) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Ana Kos"  # artist
    exif[0x0112] = 6  # turn it
    given = picture(kind, exif=exif.tobytes())
    assert b"Ana Kos" in given
    kept = clean_image(given)
    assert b"Ana Kos" not in kept.data
    assert (kept.width, kept.height) == (30, 40)
    assert clean_image(kept.data) == kept


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_behind_a_picture_does_not_come_along(kind: str) -> None:
    kept = clean_image(picture(kind) + b"<script>alert(1)</script>PK\x05\x06" + b"\0" * 18)
    assert b"script" not in kept.data
    assert clean_image(kept.data) == kept


def test_a_large_picture_is_made_smaller() -> None:
    kept = clean_image(picture("JPEG", size=(4000, 1000)))
    assert (kept.width, kept.height) == (2400, 600)
    assert clean_image(kept.data) == kept


def test_a_picture_that_packs_badly_is_packed_with_loss() -> None:
    noise = random.Random(5).randbytes(1000 * 900 * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (1000, 900), noise).save(out, format="PNG")
    kept = clean_image(out.getvalue())
    assert kept.kind == "webp"
    assert len(kept.data) < clean.MAX_KEPT_BYTES


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colour_is_taken(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    given = picture(kind, size=(3000, 20), mode=mode, colour="black" if mode != "I;16" else (7,))
    kept = clean_image(given)
    assert kept.width == 2400
    assert clean_image(kept.data) == kept


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_picture_that_moves_goes_on_moving(kind: str) -> None:
    data = moving(kind)
    assert clean_image(data).data == data
    kept = clean_image(data + b"more")
    with Image.open(io.BytesIO(kept.data)) as shown:
        assert getattr(shown, "n_frames", 1) == 3
    assert clean_image(kept.data) == kept


def test_too_much_of_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="bytes"):
        clean_image(picture() + b"\0" * clean.MAX_BYTES)
    with pytest.raises(TooLarge, match="pixels"):
        clean_image(picture("GIF", size=(8000, 8000), mode="1", colour=0))
    with pytest.raises(TooLarge, match="3 times"):
        clean_image(moving(size=(6200, 6200)))
    with pytest.raises(TooLarge, match="a side"):
        clean_image(moving(size=(2500, 10)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + b"<script>" * 20,
        b"BM" + b"\0" * 60,
        picture("TIFF"),
        b"%PDF-1.7",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^slip\.png: "):
        clean_image(data, "slip.png")


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_picture_is_refused_or_mended(kind: str) -> None:
    """Whatever is wrong with it: a picture that can be read again comes out, or a refusal."""
    chance = random.Random(11)
    whole = picture(kind, size=(60, 60))
    for _ in range(60):
        data = bytearray(whole[: chance.randrange(20, len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            kept = clean_image(bytes(data))
        except KbError:
            continue
        assert clean_image(kept.data) == kept
