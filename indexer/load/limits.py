"""How much an import may hold, and reading a file within that."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kb.errors import InvalidInput, NotFound, TooLarge

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one import. Sizes in bytes; `depth` counts nested lists and mappings."""

    markdown_bytes: int = MIB
    yaml_bytes: int = MIB
    table_bytes: int = 1024 * MIB
    json_bytes: int = 256 * MIB
    html_bytes: int = 4 * MIB
    docx_bytes: int = 50 * MIB
    record_bytes: int = MIB
    front_matter_bytes: int = 64 * 1024
    records: int = 500_000
    files: int = 100_000
    depth: int = 12


def read_bytes(path: Path, most: int) -> bytes:
    """The file's bytes. Raises NotFound, InvalidInput (not a plain file), TooLarge."""
    with open_plain(path, most) as file:
        try:
            return file.read()
        except OSError as error:
            raise _unreadable(error) from error


def open_plain(path: Path, most: int) -> BinaryIO:
    """The file, to be read and closed. Raises as `read_bytes`."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InvalidInput("This is not a plain file: import a file or a folder of files.")
        if found.st_size > most:
            raise TooLarge(
                f"The file has {found.st_size:,} bytes, the limit is {most:,}: split it."
            )
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path.name}: check the path.") from error
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> InvalidInput:
    return InvalidInput(f"The file cannot be read: {error.strerror}.")


def decode(data: bytes) -> str:
    """UTF-8 text; a byte order mark at the start is dropped. Raises InvalidInput."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"Not UTF-8 at byte {error.start}: save the file in the encoding UTF-8."
        ) from error
    if "\0" in text:
        raise InvalidInput(f"A NUL character at position {text.index(chr(0))}: take it out.")
    return text


def check_strings(value: object, depth: int) -> None:
    """Raises InvalidInput when a string in `value` cannot be stored or nesting goes too deep."""
    level: list[object] = [value]
    for _ in range(depth + 1):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_string(item)
            elif isinstance(item, dict):
                deeper += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                deeper += item
        if not deeper:
            return
        level = deeper
    raise InvalidInput(f"Nested more than {depth} deep: flatten the record.")


def _check_string(text: str) -> None:
    if "\0" in text:
        raise InvalidInput("A text holds a NUL character: take it out.")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"A text holds half of a character at position {error.start} (a lone surrogate, or"
            " bytes that are not UTF-8): save the file as valid UTF-8."
        ) from error


def walk(folder: Path, suffixes: frozenset[str], limits: Limits) -> Iterator[Path]:
    """Files below `folder` with one of the suffixes, sorted; hidden ones are passed over.

    Raises NotFound when there is no such folder, TooLarge when it holds too many files.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}: check the path.")
    count = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or path.suffix.lower() not in suffixes:
                continue
            count += 1
            if count > limits.files:
                raise TooLarge(
                    f"The folder has more than {limits.files:,} files: import it in parts."
                )
            yield path
        for name in folders:
            if Path(root, name).is_symlink():
                yield Path(root, name)  # os.walk does not enter it: the reader says so


def check_inside(path: Path, folder: Path) -> None:
    """Raises InvalidInput when a link leads out of the folder, or is a folder itself."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInput("A link that leads out of the folder: put the file itself there.")
    if path.is_dir():
        raise InvalidInput("A link to a folder is not followed: put the folder itself there.")
