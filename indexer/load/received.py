"""A file that somebody sent, as a source to import from."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from indexer.load.articles import kind_of
from indexer.load.report import ImportOptions
from indexer.load.sniff import UploadLimits, check_name
from indexer.load.zipped import unpacked
from kb.errors import InvalidInput

LIMITS = UploadLimits(unpacked_bytes=20_000_000, files=1_000)
"""Of what is sent in one request; the command takes more."""


@contextlib.contextmanager
def received(
    data: bytes, name: str, options: ImportOptions
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The file in a folder of its own, or the folder that it packs, and what of a ZIP was left
    out. Raises InvalidInput, TooLarge.
    """
    check_name(name)
    if not data:
        raise InvalidInput("The file is empty: send its bytes as the body.")
    with tempfile.TemporaryDirectory(prefix="potica-import-") as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        if PurePosixPath(name).suffix.lower() == ".zip":
            with unpacked(path, options.zip_limits) as found:
                yield found.path, found.left_out
            return
        if options.format is None:
            kind_of(path)
        yield path, ()
