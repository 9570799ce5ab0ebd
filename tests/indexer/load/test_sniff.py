"""Files told by their content: what is taken, and what only claims to be."""

from __future__ import annotations

import base64
import contextlib
import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_content, read_csv, read_jsonl
from indexer.load.sniff import Kind, UploadLimits, sniff
from kb.errors import InvalidInput, TooLarge

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHElEQVR4nGM8IRfFwMDAwMDAxMDAYPFwGQMDAwAf"
    "dwMD/AIVswAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode(
    "R0lGODdhAwACAIEAAAD/AMgeWgAAAAAAACwAAAAAAwACAAAICAADCAwAIEBAADs="
)  # fmt: skip
WEBP = base64.b64decode(
    "UklGRjQAAABXRUJQVlA4ICgAAACQAQCdASoDAAIAB0CWJagAAudGFIAA/SUiGGY/+t+Zu7/wp762AAAA"
)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


FRAME = _segment(0xC0, b"\x08\x00\x02\x00\x03\x01\x01\x11\x00")  # 3 x 2, one component
SCAN = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
JPEG = (
    b"\xff\xd8" + _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + FRAME + SCAN + b"\xff\xd9"
)
PICTURES = {"png": PNG, "jpeg": JPEG, "gif": GIF, "webp": WEBP}
ARTICLE = "---\nlanguage: sl\ntitle: Paket\n---\n\n# Izgubljen paket\n\nPreverite **sledenje**.\n"


def _png(width: int, height: int, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0" + extra)
    return PNG[:8] + head + text + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def _zip(*files: tuple[str | zipfile.ZipInfo, bytes | str], packing: int = 8) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD_ZIP = _zip(("sl/paket.md", ARTICLE), ("sl/slika.png", PNG), ("cases/a.jsonl", '{"id": "a"}'))


@pytest.mark.parametrize(
    ("name", "data", "kind", "media_type"),
    [
        ("a.md", ARTICLE.encode(), Kind.markdown, "text/markdown"),
        ("a.MARKDOWN", b"\xef\xbb\xbf# a", Kind.markdown, "text/markdown"),
        ("a.md", b"<div align=center>\n\nHello", Kind.markdown, "text/markdown"),
        ("a.md", "مرحبا 🙂 žluťoučký".encode(), Kind.markdown, "text/markdown"),
        ("a.txt", b"MZ is how it starts", Kind.text, "text/plain"),
        ("a.csv", b"a;b\r\n1;\x0c2\r\n", Kind.csv, "text/csv"),
        ("a.tsv", b"a\tb\n", Kind.csv, "text/csv"),
        ("a.jsonl", b'{"a": 1}\n\n{"a": 2}\n', Kind.jsonl, "application/x-ndjson"),
        ("a.json", b"[1, 2]", Kind.json, "application/json"),
        ("a.yaml", b"- [a, b]\n", Kind.yaml, "application/yaml"),
        ("a.png", PNG, Kind.png, "image/png"),
        ("a.jpg", JPEG, Kind.jpeg, "image/jpeg"),
        ("a.gif", GIF, Kind.gif, "image/gif"),
        ("a.webp", WEBP, Kind.webp, "image/webp"),
        ("a.zip", GOOD_ZIP, Kind.folder, "application/zip"),
    ],
)
def test_what_is_taken(name: str, data: bytes, kind: Kind, media_type: str) -> None:
    found = sniff(data, name)
    assert (found.kind, found.media_type) == (kind, media_type)
    assert sniff(data, name, f"{media_type}; charset=utf-8") == found
    assert sniff(data, name, "application/octet-stream") == found
    with pytest.raises(InvalidInput, match=f"send it as {media_type}"):
        sniff(data, name, "text/html")


PROGRAMS = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(60),
    "windows": b"MZ\x90\0\x03" + bytes(60),
    "mac": b"\xcf\xfa\xed\xfe" + bytes(60),
    "java": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "wasm": b"\0asm\x01\0\0\0",
    "script": b"#!/bin/sh\necho hello\n",
}
PAGES = {
    "html": b"<!DOCTYPE html>\n<p>Sign in",
    "html after a comment": b"\n <!-- a --> <html>",
    "html after a mark": b"\xef\xbb\xbf<HTML>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b"<?xml version='1.0'?><svg/>",
    "php": b"<?php system('id');",
    "script tag": b"<script>alert(1)</script>",
}
OTHERS = {
    "pdf": b"%PDF-1.7\n",
    "gzip": b"\x1f\x8b\x08" + bytes(20),
    "bzip2": b"BZh91AY&SY",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "rar": b"Rar!\x1a\x07\0",
    "tar": b"a" * 257 + b"ustar\0",
    "word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "rtf": b"{\\rtf1 hello}",
    "sqlite": b"SQLite format 3\0",
    "utf-16": "a;b".encode("utf-16"),
}
NAMES = ["a.md", "a.txt", "a.csv", "a.json", "a.jsonl", "a.yaml", "a.zip", "a.png", "a.jpg"]


@pytest.mark.parametrize("what", [*PROGRAMS, *PAGES, *OTHERS])
@pytest.mark.parametrize("name", NAMES)
def test_what_only_has_the_name_is_refused(name: str, what: str) -> None:
    data = {**PROGRAMS, **PAGES, **OTHERS}[what]
    with pytest.raises(InvalidInput, match=r"^This is .*, not .*: .*\.$"):
        sniff(data, name)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_under_another_name_is_refused(kind: str) -> None:
    for name in ("a.md", "a.csv", "a.zip", "a.gif" if kind != "gif" else "a.png"):
        with pytest.raises(InvalidInput, match="This is a"):
            sniff(PICTURES[kind], name)
    with pytest.raises(InvalidInput, match=r"This is .*name it \.zip"):
        sniff(GOOD_ZIP, f"a.{kind}")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.md", b"", "empty"),
        ("a.md", b" \n\t", "no text"),
        ("a.md", b"caf\xe9", "UTF-8 at byte 3"),
        ("a.md", b"a\0b", "control character at position 1"),
        ("a.md", b"a\x1b[31mb", "control character"),
        ("a.csv", b'[{"a": 1}]', "JSON, not CSV"),
        ("a.csv", b'\n{"a": 1}\n', "JSON, not CSV"),
        ("a.jsonl", b'[\n{"a": 1}\n]', "one JSON list"),
        ("a.jsonl", b"a,b\n1,2\n", "Record 1 is not valid JSON"),
        ("a.jsonl", b'{"a": 1}\n2\n', "Record 2 is no JSON object"),
        ("a.json", b"{", "not valid JSON"),
        ("a.json", b'{"a": 1}\n{"a": 2}', "not valid JSON"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.json", b"9" * 5_000, "not valid JSON"),
        ("a.svg", b"<svg/>", r"these are: .*\.md"),
        ("a.html", b"hello", "these are"),
        ("a.exe", b"hello", "these are"),
        ("a", b"hello", "these are"),
        ("a.md.", b"hello", "these are"),
        ("", b"hello", "name"),
        ("../a.md", b"hello", "name"),
        ("C:a.md", b"hello", "name"),
        ("a\\b.md", b"hello", "name"),
        ("a\0.md", b"hello", "name"),
        ("dm.\u202egpj.md", b"hello", "name"),
        ("\ud800.md", b"hello", "name"),
        (" .md", b"hello", "name"),
        ("a" * 300 + ".md", b"hello", "255"),
    ],
)
def test_what_is_no_file_of_ours_is_refused(name: str, data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        sniff(data, name)


def test_large_files_are_refused() -> None:
    limits = UploadLimits(text_bytes=10, image_bytes=20, folder_bytes=30)
    for name, data in (("a.md", b"x" * 11), ("a.png", PNG), ("a.zip", GOOD_ZIP)):
        with pytest.raises(TooLarge, match="the limit is"):
            sniff(data, name, limits=limits)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_nothing_but_a_picture(kind: str) -> None:
    data, name = PICTURES[kind], f"a.{kind}"
    for behind in (b"\0", b"<script>alert(1)</script>", GOOD_ZIP, PROGRAMS["elf"]):
        with pytest.raises(InvalidInput, match="behind the end"):
            sniff(data + behind, name)
    for length in range(12, len(data)):
        with pytest.raises(InvalidInput, match="damaged or cut off"):
            sniff(data[:length], name)


HIDDEN = [b"<script>alert(1)</script>", b"<?PHP system()", b"<!DOCTYPE html>", GOOD_ZIP,
          b'<svg width="1" xmlns="http://www.w3.org/2000/svg">']  # fmt: skip


@pytest.mark.parametrize("payload", HIDDEN)
def test_a_picture_holds_no_page_and_no_archive(payload: bytes) -> None:
    padded = payload + b"\0" * (len(payload) % 2)
    exif = b"EXIF" + struct.pack("<I", len(padded)) + padded
    webp = b"RIFF" + struct.pack("<I", len(WEBP) - 8 + len(exif)) + WEBP[8:] + exif
    polyglots = {
        "a.jpg": JPEG[:2] + _segment(0xFE, payload) + JPEG[2:],
        "a.png": _png(3, 2, payload),
        "a.webp": webp,
    }
    if len(payload) < 256:
        polyglots["a.gif"] = GIF[:-1] + b"\x21\xfe" + bytes((len(payload),)) + payload + b"\0\x3b"
    for name, data in polyglots.items():
        with pytest.raises(InvalidInput, match="without metadata"):
            sniff(data, name)


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    assert sniff(_png(8_000, 6_000), "a.png").kind == Kind.png
    for width, height in ((16_001, 1), (10_000, 10_000), (2**31, 2**31)):
        with pytest.raises(TooLarge, match="make it smaller"):
            sniff(_png(width, height), "a.png")
    with pytest.raises(InvalidInput, match="damaged"):
        sniff(_png(0, 5), "a.png")


@pytest.mark.parametrize("kind", [*PICTURES, "zip"])
def test_damage_is_refused_or_harmless_but_never_a_defect(kind: str) -> None:
    chance = random.Random(kind)
    data = {**PICTURES, "zip": GOOD_ZIP}[kind]
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(InvalidInput, TooLarge):
            sniff(bytes(damaged), f"a.{kind}")


def test_importers_refuse_a_file_that_is_something_else(tmp_path: Path) -> None:
    for data in (GOOD_ZIP, PNG, PAGES["html"], OTHERS["utf-16"], PROGRAMS["elf"]):
        path = tmp_path / "rows"
        path.write_bytes(data)
        for read in (read_csv, read_jsonl):
            with pytest.raises(InvalidInput, match="This is"):
                list(read(path))


def test_a_folder_with_a_page_in_disguise_is_imported_but_for_it(
    tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    (tmp_path / "good.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "page.md").write_bytes(PAGES["html"])
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "sheet.csv").write_bytes(GOOD_ZIP)
    report = import_content(sessions, tmp_path, ImportOptions(dry_run=True))
    assert report.articles.created == ["good"]
    [page], [sheet] = report.articles.rejected, report.cases.rejected
    assert (page.file, sheet.file) == ("page.md", "sheet.csv")
    assert "web page" in page.reason
    assert "ZIP file" in sheet.reason


def test_any_bytes_are_answered() -> None:
    chance = random.Random(7)
    for number in range(600):
        data = chance.randbytes(chance.randrange(1, 300))
        start = chance.choice([b"", *(picture[:16] for picture in PICTURES.values()), b"PK\3\4"])
        with contextlib.suppress(InvalidInput, TooLarge):
            sniff(start + data, NAMES[number % len(NAMES)])
