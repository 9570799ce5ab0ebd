"""Packages that bring the sidebar into a helpdesk: files, and what to do with them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).parent / "files"
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the earliest moment a ZIP can hold
_MODE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class HelpdeskPackage:
    """`files`: path in the package -> content. With one file that stands alone no ZIP is made."""

    file_name: str
    files: Mapping[str, bytes]
    steps: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """Write the package; the same files make the same bytes, wherever and whenever."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / self.file_name
        if target.suffix != ".zip":
            [content] = self.files.values()
            target.write_bytes(content)
            return target
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(self.files):
                entry = zipfile.ZipInfo(name, _BEGINNING)
                entry.external_attr, entry.create_system = _MODE, _UNIX
                archive.writestr(entry, self.files[name])
        return target


def read(name: str) -> bytes:
    """A file that comes with this package."""
    return (FILES / name).read_bytes()
