"""What readers of one import share: its options, its pictures, and what is there already."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from indexer.load.pictures import Pictures
from indexer.load.records import OldKey
from indexer.load.report import ImportOptions
from kb.domain.types import KEY_PATTERN
from kb.errors import InvalidInput
from kb.text.fold import fold

_NOT_KEY = re.compile(r"[^a-z0-9]+")
LANGUAGE_FOLDER = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """One import as its readers see it.

    `root` is the folder that nothing may lead out of. `articles` are the keys that are taken in
    the database, `redirects` lead from old keys to those.
    """

    options: ImportOptions
    root: Path
    pictures: Pictures
    articles: Collection[str] = frozenset()
    redirects: Mapping[str, str] = field(default_factory=dict)


def slug(words: str, most: int = 80) -> str:
    """Words as a key, or an empty text when nothing is left of them."""
    return _NOT_KEY.sub("-", fold(words)).strip("-")[:most].strip("-")


def old_key(address: str) -> OldKey | None:
    """The key in an old address (the last part of its path), or None when there is none.

    `https://help.example/hc/en-us/articles/3600-Where-is-it?x=1` gives `3600-where-is-it`.
    """
    path = re.split(r"[?#]", address.strip(), maxsplit=1)[0].rstrip("/")
    name = PurePosixPath(path.rpartition("/")[2])
    stem = name.stem if name.suffix.lower() in (".html", ".htm", ".php", ".aspx") else name.name
    key = stem if KEY_PATTERN.match(stem) else slug(stem, 120)
    return OldKey(key) if key else None


def old_keys(addresses: Iterable[str]) -> tuple[OldKey, ...]:
    """As `old_key`, of each. Raises InvalidInput for an address that names no page."""
    found: dict[str, OldKey] = {}
    for address in addresses:
        key = old_key(address)
        if key is None:
            raise InvalidInput(f"redirects: {address[:100]!r} names no page: take it out.")
        found[key.key] = key
    return tuple(found.values())


def folder_language(path: PurePosixPath) -> str | None:
    """The language that the nearest folder is named after: `sl/a.md`, `en-us/faq/a.html`."""
    for name in reversed(path.parts[:-1]):
        if LANGUAGE_FOLDER.fullmatch(name):
            return language_of(name)
    return None


def language_of(locale: str) -> str:
    """`en-us` as `en`, `pt_BR` as `pt`: the language without its country."""
    return re.split(r"[-_]", locale.strip().lower(), maxsplit=1)[0]
