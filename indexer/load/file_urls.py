"""Where links and pictures of a text lead that stands in a file of a folder."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from indexer.load.html_tree import Notes, Urls
from indexer.load.pictures import SUFFIXES
from indexer.load.reading import Reading

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)

KeyOf = Callable[[Path], str | None]
"""The key of the article in a file of the folder, None when there is none."""


def file_urls(path: Path, reading: Reading, key_of: KeyOf, notes: Notes, base: str = "") -> Urls:
    """For a text in the file at `path`: relative addresses are looked up in the folder.

    Nothing outside the folder is ever opened. Why a picture cannot be kept goes to `notes`.
    """
    lost: list[str] = []

    def told(found: str | None) -> str | None:
        for reason in lost:
            notes.add(reason)
        lost.clear()
        return found

    def link(address: str) -> str | None:
        target = _inside(address, path, reading.root)
        key = None if target is None else key_of(target)
        if key is None and target is not None and base:
            notes.add(f"a link leads to the old page, which is not here: {address[:100]}")
        return None if key is None else f"article:{key}"

    def image(address: str) -> str | None:
        target = _inside(address, path, reading.root)
        if target is None or not is_picture(address):
            return None
        return told(reading.pictures.added_file(target, reading.root, lost))

    def data_image(data: bytes) -> str | None:
        return told(reading.pictures.added(data, "", lost))

    return Urls(link, image, data_image, base)


def is_picture(address: str) -> bool:
    """Whether an address ends as those of pictures do."""
    plain = re.split(r"[?#]", address, maxsplit=1)[0]
    return PurePosixPath(plain).suffix.lower() in SUFFIXES


def _inside(address: str, path: Path, root: Path) -> Path | None:
    """The file that an address names, or None when it is of another site or leads out."""
    plain = urllib.parse.unquote(re.split(r"[?#]", address, maxsplit=1)[0])
    if not plain or _ELSEWHERE.match(address) or "\\" in plain or "\0" in plain:
        return None
    here = path.relative_to(root).parent.as_posix()
    whole = posixpath.normpath(plain.lstrip("/") if plain[0] == "/" else f"{here}/{plain}")
    if whole == ".." or whole.startswith("../") or len(whole) > 1000:
        return None
    return root / whole
