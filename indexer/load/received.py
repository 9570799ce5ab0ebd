"""A file that somebody sent, as a source to import from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from indexer.load.articles import kind_of
from indexer.load.report import ImportOptions
from indexer.load.sniff import UploadLimits, check_name
from indexer.load.zipped import unpacked
from kb.errors import InvalidInput

UNPACKED = 4  # times the largest file that may be sent
FILES = 20_000


def limits_of(most: int) -> UploadLimits:
    """Of a ZIP that is sent, when a file may have at most so many bytes."""
    return UploadLimits(
        text_bytes=most, folder_bytes=most, unpacked_bytes=UNPACKED * most, files=FILES
    )


def check_received(name: str, options: ImportOptions) -> None:
    """Raises InvalidInput for a file whose name says already that it cannot be imported."""
    check_name(name)
    path = Path(name)
    if path.suffix.lower() != ".zip" and options.format is None:
        kind_of(path, there=True)


@contextlib.contextmanager
def received(path: Path, options: ImportOptions) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The file, alone in its folder, or the folder that it packs and what of it was left out.

    Raises InvalidInput, TooLarge.
    """
    check_received(path.name, options)
    if not path.stat().st_size:
        raise InvalidInput("The file is empty: send its bytes as the body.")
    if path.suffix.lower() != ".zip":
        yield path, ()
        return
    with unpacked(path, options.zip_limits) as found:
        yield found.path, found.left_out
