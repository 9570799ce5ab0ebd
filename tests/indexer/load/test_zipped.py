"""Folders packed as ZIP: what is unpacked, and every way of being led out of them."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_content
from indexer.load.sniff import Kind, UploadLimits
from indexer.load.zipped import unpack
from kb.errors import InvalidInput, KbError, TooLarge
from kb.queries.articles import load_article
from tests.indexer.load.test_sniff import ARTICLE, GOOD_ZIP, PAGES, PNG, PROGRAMS, _zip

Entry = tuple[str | zipfile.ZipInfo, bytes | str]
MARKDOWN: Entry = ("a.md", ARTICLE)


def _entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    entry.create_system = 3
    return entry


def test_a_folder_is_unpacked() -> None:
    found = unpack(GOOD_ZIP)
    assert [(file.path, file.kind) for file in found.files] == [
        ("sl/paket.md", Kind.markdown),
        ("sl/slika.png", Kind.png),
        ("cases/a.jsonl", Kind.jsonl),
    ]
    assert found.files[0].data.decode() == ARTICLE
    assert found.left_out == ()


def test_what_systems_add_is_left_out_and_named() -> None:
    junk = ("__MACOSX/._a.md", ".DS_Store", "sl/.git/config", "Thumbs.db")
    found = unpack(_zip(MARKDOWN, *((name, b"\0\1") for name in junk)))
    assert [file.path for file in found.files] == ["a.md"]
    assert found.left_out == junk


def test_folders_stored_files_and_letters_are_fine() -> None:
    found = unpack(_zip(("sl/", b""), ("sl/žaba.md", ARTICLE), packing=zipfile.ZIP_STORED))
    assert [file.path for file in found.files] == ["sl/žaba.md"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.md", ARTICLE)
        archive.comment = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # as `git archive` writes
    assert unpack(buffer.getvalue()).files
    stream = _Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # sizes behind the files
        archive.writestr("a.md", ARTICLE)
        archive.writestr("b.md", ARTICLE)
    assert len(unpack(stream.getvalue()).files) == 2


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: int) -> int:
        raise OSError


def test_names_that_macos_writes_are_read_and_old_ones_refused() -> None:
    packed = _zip(("xxx.md", ARTICLE))
    found = unpack(packed.replace(b"xxx.md", "ša".encode() + b".md"))
    assert [file.path for file in found.files] == ["ša.md"]
    with pytest.raises(InvalidInput, match="old encoding"):
        unpack(packed.replace(b"xxx.md", b"\x9aab.md"))


@pytest.mark.parametrize(
    "name",
    ["../a.md", "a/../../b.md", "/etc/a.md", "//host/a.md", "C:/a.md", "C:a.md", "..\\a.md",
     "a\\b.md", "./a.md", "a//b.md", "a/./b.md", "a\n.md", "a\u202e.md", "a /b.md", "/"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"leads out|name") as refused:
        unpack(_zip(MARKDOWN, (name, b"x")))
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    with pytest.raises(InvalidInput, match="link or a device"):
        unpack(_zip(MARKDOWN, (_entry("b.md", kind | 0o777), b"/etc/passwd")))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("a.txt", "hello")], "no Markdown"),
        ([], "ZIP"),
        ([MARKDOWN, ("b.zip", _zip(MARKDOWN))], "ZIP in the ZIP"),
        ([MARKDOWN, ("b.md", _zip(MARKDOWN))], r"b\.md in the ZIP: This is a ZIP file"),
        ([MARKDOWN, ("b.md", PAGES["svg"])], "web page"),
        ([MARKDOWN, ("b.png", PNG + b"<script>")], "behind the end"),
        ([MARKDOWN, ("b.exe", PROGRAMS["windows"])], "these are"),
        ([MARKDOWN, ("b.md", PROGRAMS["windows"])], "program"),
        ([MARKDOWN, ("A.MD", ARTICLE)], "twice"),
        ([("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<w/>")], "these are"),
        ([("/".join("abcdefghijklmn") + ".md", ARTICLE)], "12 folders"),
    ],
)
def test_what_is_no_folder_of_ours_is_refused(entries: list[Entry], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        unpack(_zip(*entries))


def test_bombs_are_refused_before_they_go_off() -> None:
    with pytest.raises(TooLarge, match="100 times its size"):
        unpack(_zip(MARKDOWN, ("b.md", b"a" * 3_000_000)))
    with pytest.raises(TooLarge, match="send it in parts"):
        unpack(_zip(*((f"{n}.md", ARTICLE) for n in range(11))), UploadLimits(files=10))
    with pytest.raises(TooLarge, match="unpacks to"):
        unpack(_zip(*((f"{n}.md", ARTICLE) for n in range(11))), UploadLimits(unpacked_bytes=500))
    unpack(_zip(MARKDOWN, ("b.md", b"a" * 60_000)))  # a small one harms nobody


def test_a_size_that_lies_is_refused() -> None:
    packed = bytearray(_zip(("a.md", b"a" * 50_000)))
    central = packed.rindex(b"PK\x01\x02")
    struct.pack_into("<I", packed, central + 24, 10)
    with pytest.raises(InvalidInput, match="damaged"):
        unpack(bytes(packed))
    struct.pack_into("<I", packed, central + 24, 90_000)
    with pytest.raises(KbError):
        unpack(bytes(packed))


def test_files_that_share_their_bytes_are_refused() -> None:
    """The kind of bomb in which many entries name the same packed bytes."""
    packed = _zip(("a.md", ARTICLE))
    central = packed.index(b"PK\x01\x02")
    end = packed.index(b"PK\x05\x06")
    record = packed[central:end]
    tail = bytearray(packed[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(record))
    with pytest.raises(InvalidInput, match="overlap"):
        unpack(packed[:central] + record * 2 + bytes(tail))


@pytest.mark.parametrize("front", [PNG, PAGES["html"], b"#!/bin/sh\n", b"\0"])
def test_nothing_stands_in_front_of_a_zip_or_behind_it(front: bytes) -> None:
    for data in (front + GOOD_ZIP, GOOD_ZIP + front):
        with pytest.raises(InvalidInput, match="ZIP"):
            unpack(data)
    commented = io.BytesIO(GOOD_ZIP)
    with zipfile.ZipFile(commented, "a") as archive:
        archive.comment = b"<script>" * 100
    with pytest.raises(InvalidInput, match="more than a ZIP"):
        unpack(commented.getvalue())


def test_nothing_hides_between_the_files() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.md", ARTICLE)
        archive.fp.write(b"<html>" * 20)  # type: ignore[union-attr]
        archive.start_dir = archive.fp.tell()  # type: ignore[union-attr]
        archive.writestr("b.md", ARTICLE)
    with pytest.raises(InvalidInput, match="more than a ZIP"):
        unpack(buffer.getvalue())


def test_encryption_and_odd_packing_are_refused() -> None:
    packed = bytearray(_zip(MARKDOWN))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidInput, match="without a password"):
        unpack(bytes(packed))
    with pytest.raises(InvalidInput, match="Deflate"):
        unpack(_zip(MARKDOWN, packing=zipfile.ZIP_BZIP2))


def test_a_zip_is_imported_like_its_folder(tmp_path: Path, sessions: sessionmaker[Session]) -> None:
    path = tmp_path / "content.zip"
    case = '{"id": "c-1", "language": "sl", "problem": "Kje je?", "resolution": "Na pošti."}\n'
    path.write_bytes(_zip(("potica/sl/paket.md", ARTICLE), ("potica/cases/sl.jsonl", case)))
    report = import_content(sessions, path, ImportOptions())
    assert report.ok
    assert report.articles.created == ["paket"]
    assert report.cases.created == ["c-1"]
    with sessions() as session:
        assert load_article(session, "paket").id == "paket"
    assert import_content(sessions, path, ImportOptions()).articles.unchanged == ["paket"]
    path.write_bytes(_zip(("sl/new.md", ARTICLE), ("../out.md", ARTICLE)))
    with pytest.raises(InvalidInput, match="leads out"):
        import_content(sessions, path, ImportOptions())
    assert {found.suffix for found in tmp_path.iterdir()} <= {".zip", ".db", ".db-wal", ".db-shm"}
