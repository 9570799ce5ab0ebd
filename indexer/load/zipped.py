"""A folder packed as ZIP: looked through whole before anything of it is used."""

from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import stat
import struct
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from indexer.load.limits import open_plain
from indexer.load.sniff import SUFFIXES, Kind, UploadLimits, check_name, sniff
from kb.errors import InvalidInput, KbError, TooLarge

MAX_DEPTH = 12  # folders inside each other
_SMALL = 64 * 1024  # below this a high ratio harms nobody: a file of spaces
_END_BYTES = 22  # of the end record, without its comment
_HEADER_BYTES = 30  # of a file's local header, without name and extra field
_DESCRIPTOR_BYTES = 24  # may stand behind a file whose size was not known before
_COMMENT_BYTES = 256
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1 | 0x40
_JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_LOOKED_THROUGH_LATER = frozenset({".html", ".htm", ".xhtml", ".docx"})
_SPECIAL = "a link or a device: put the file itself there"
Bytes = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class ZippedFile:
    """A file of the folder: its path from the folder's root, what it is, its content."""

    path: str
    kind: Kind | None  # None: its importer looks through it
    data: bytes


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The files by path, and the paths of what systems add that nobody wrote."""

    files: tuple[ZippedFile, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnpackedFolder:
    """A folder that a ZIP was unpacked to, and the paths in it that were not."""

    path: Path
    left_out: tuple[str, ...]


def unpack(
    data: bytes, limits: UploadLimits | None = None, *, any_source: bool = False
) -> Unpacked:
    """The files of a ZIP; every one passes `sniff`, at least one is Markdown.

    With `any_source` web pages and Word documents are taken too, nothing needs to be Markdown,
    and files of other kinds go to `left_out`; whoever reads the files tells of bad ones, so that
    one of them does not keep the others out. Hidden files and those that systems add by
    themselves are always named in `left_out`.
    Raises InvalidInput (not wholly a ZIP, a name that leads elsewhere, links, encryption,
    archives inside, files of another kind) and TooLarge (too many, too large, packed
    suspiciously well).
    """
    limits = limits or UploadLimits()
    with _opened(io.BytesIO(data), data, limits, any_source) as (files, left_out):
        taken = tuple(files)
    if not any_source and not any(file.kind is Kind.markdown for file in taken):
        raise InvalidInput(
            "There is no Markdown in the ZIP: pack a folder with .md files. Office documents"
            " are ZIP files too: save them as Markdown first."
        )
    return Unpacked(taken, left_out)


@contextlib.contextmanager
def unpacked(source: Path, limits: UploadLimits | None = None) -> Iterator[UnpackedFolder]:
    """The files of the ZIP at `source` in a folder of their own, which goes away afterwards.

    Where all of them are in one folder, it is that folder. One file at a time is in memory.
    Raises as `unpack`, and NotFound.
    """
    limits = limits or UploadLimits()
    with tempfile.TemporaryDirectory(prefix="potica-zip-") as folder:
        with (
            open_plain(source, limits.folder_bytes) as stream,
            _mapped(stream) as data,
            _opened(stream, data, limits, True) as (files, left_out),
        ):
            for file in files:
                path = Path(folder, file.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
        inside = list(Path(folder).iterdir())
        is_one = len(inside) == 1 and inside[0].is_dir() and not _is_language(inside[0].name)
        yield UnpackedFolder(inside[0] if is_one else Path(folder), left_out)


@contextlib.contextmanager
def _mapped(stream: BinaryIO) -> Iterator[Bytes]:
    """The bytes of a file, without reading it."""
    if not os.fstat(stream.fileno()).st_size:  # nothing cannot be mapped
        yield b""
        return
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as found:
        yield found


@contextlib.contextmanager
def _opened(
    stream: BinaryIO, data: Bytes, limits: UploadLimits, any_source: bool
) -> Iterator[tuple[Iterator[ZippedFile], tuple[str, ...]]]:
    """The files, each read when it is asked for, and the paths that are left out.

    Raises as `unpack`, also while the files are read.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            _check_frame(data, archive, entries, limits)
            named = _named(entries)
            _check_amounts(entries, limits)
            taken = [item for item in named if _is_taken(item[0], any_source)]
            left_out = tuple(path for path, _ in named if not _is_taken(path, any_source))
            yield _read(archive, taken, limits, any_source), left_out
    except KbError:
        raise
    except Exception as error:  # damage comes out of zipfile in a dozen kinds
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise _damaged() from error


def _is_language(name: str) -> bool:
    """A folder that says in which language its files are: it has to stay one."""
    return len(name.partition("-")[0]) == 2


def _check_frame(
    data: Bytes, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: UploadLimits
) -> None:
    """Nothing in front, between or behind; no two files in one place."""
    end = len(data) - _END_BYTES - len(archive.comment)
    if data[end : end + 4] != b"PK\x05\x06" or len(archive.comment) > _COMMENT_BYTES:
        raise _more_than_zip()
    if len(entries) > limits.files:
        raise TooLarge(f"The ZIP has more than {limits.files:,} files: send it in parts.")
    free = 0  # where the bytes of the files before end
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if not 0 <= entry.header_offset - free <= (_DESCRIPTOR_BYTES if free else 0):
            raise _more_than_zip()
        lengths = struct.unpack_from("<HH", data, entry.header_offset + 26)  # of name and extra
        free = entry.header_offset + _HEADER_BYTES + sum(lengths) + entry.compress_size
    if not 0 <= archive.start_dir - free <= _DESCRIPTOR_BYTES:
        raise _more_than_zip()


def _named(entries: list[zipfile.ZipInfo]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Each file by its path. Raises InvalidInput for paths that lead out, links and doubles."""
    named: list[tuple[str, zipfile.ZipInfo]] = []
    seen: set[str] = set()
    for entry in entries:
        path = _path(entry)
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidInput(f"{_shown(path)} in the ZIP is {_SPECIAL}.")
        if entry.flag_bits & _ENCRYPTED:
            raise InvalidInput("The ZIP is encrypted: pack the folder without a password.")
        same = unicodedata.normalize("NFC", path).casefold()
        if same in seen:
            raise InvalidInput(f"{_shown(path)} is in the ZIP twice: keep one.")
        seen.add(same)
        if entry.is_dir():
            if entry.file_size or entry.compress_size:
                raise _damaged()
            continue
        named.append((path, entry))
    return named


def _path(entry: zipfile.ZipInfo) -> str:
    """The path as it was meant. Raises InvalidInput unless it stays inside the folder."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8_NAME and not name.isascii():
        try:  # macOS writes UTF-8 and does not say so; zipfile has read it as the old DOS code
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            raise InvalidInput(
                "The name of a file in the ZIP is in an old encoding: rename it with plain"
                " letters, or pack it with a program that writes UTF-8."
            ) from None
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise InvalidInput(
            f"{_shown(name)} in the ZIP leads out of the folder: pack the folder itself."
        )
    if len(parts) > MAX_DEPTH:
        raise InvalidInput(f"{_shown(name)} is in more than {MAX_DEPTH} folders: use fewer.")
    for part in parts:
        check_name(part)
    return "/".join(parts)


def _check_amounts(entries: list[zipfile.ZipInfo], limits: UploadLimits) -> None:
    """As the ZIP declares them; what is read is held to what it declares."""
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise TooLarge(
            f"The ZIP unpacks to {unpacked:,} bytes, the limit is {limits.unpacked_bytes:,}:"
            " send it in parts."
        )
    for entry in entries:
        if entry.file_size > _SMALL and entry.file_size > limits.ratio * entry.compress_size:
            raise TooLarge(
                f"{_shown(entry.filename)} unpacks to more than {limits.ratio} times its size:"
                " send it by itself."
            )


def _read(
    archive: zipfile.ZipFile,
    named: list[tuple[str, zipfile.ZipInfo]],
    limits: UploadLimits,
    any_source: bool,
) -> Iterator[ZippedFile]:
    for path, entry in named:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidInput("The ZIP is packed in an unusual way: pack it with Deflate.")
        name = PurePosixPath(path).name
        if name.lower().endswith(".zip"):
            raise InvalidInput(f"{_shown(path)} is a ZIP in the ZIP: unpack it first.")
        with archive.open(entry) as stream:
            data = stream.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise _damaged()
        if any_source:
            yield ZippedFile(path, None, data)
            continue
        try:
            kind = sniff(data, name, limits=limits).kind
        except KbError as error:
            raise type(error)(f"{_shown(path)} in the ZIP: {error.message}") from error
        yield ZippedFile(path, kind, data)


def _is_taken(path: str, any_source: bool) -> bool:
    if _is_junk(path):
        return False
    suffix = PurePosixPath(path).suffix.lower()
    if any_source:
        return suffix in SUFFIXES or suffix in _LOOKED_THROUGH_LATER
    return True


def _is_junk(path: str) -> bool:
    parts = path.split("/")
    return any(part.startswith(".") or part in _JUNK for part in parts)


def _shown(path: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in path)
    return plain if len(plain) <= 80 else f"...{plain[-77:]}"


def _more_than_zip() -> InvalidInput:
    return InvalidInput(
        "There is more than a ZIP in this file, or parts of it overlap: pack the folder again."
    )


def _damaged() -> InvalidInput:
    return InvalidInput("The ZIP is damaged: pack the folder again.")
