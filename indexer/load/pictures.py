"""Pictures that come with what is imported: cleaned once, set aside until their text is saved."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from indexer.load.limits import check_inside, read_bytes
from kb.actions.attachments import keep_cleaned
from kb.domain import image_address
from kb.errors import KbError, TooLarge
from kb.images.clean import MAX_BYTES, CleanImage, clean_image

MAX_PICTURES = 50_000
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})


class Pictures:
    """Pictures of one import by key. Use it as a context: what is set aside goes away after."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="potica-pictures-")
        self._known: dict[str, tuple[str, int, int]] = {}  # key -> kind, width, height
        self._read: dict[Path, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._folder.cleanup()

    def add(self, data: bytes, name: str) -> str:
        """Set a picture aside; gives its key. Raises InvalidInput, TooLarge."""
        image = clean_image(data, name)
        key = f"{hashlib.sha256(image.data).hexdigest()[:32]}.{image.kind}"
        if key not in self._known:
            if len(self._known) >= MAX_PICTURES:
                raise TooLarge(f"There are more than {MAX_PICTURES:,} pictures: import in parts.")
            Path(self._folder.name, key).write_bytes(image.data)
            self._known[key] = (image.kind, image.width, image.height)
        return key

    def add_file(self, path: Path, folder: Path) -> str:
        """As `add`, for a file that has to be inside the folder. Raises NotFound, too."""
        found = self._read.get(path)
        if found is None:
            check_inside(path, folder)
            found = self._read[path] = self.add(read_bytes(path, MAX_BYTES), path.name)
        return found

    def keep(self, session: Session, keys: Iterable[str], actor: str) -> set[str]:
        """Save those of the keys that came with this import; gives them."""
        came = set(keys) & self._known.keys()
        for key in sorted(came):
            kind, width, height = self._known[key]
            data = Path(self._folder.name, key).read_bytes()
            kept = keep_cleaned(session, CleanImage(kind, data, width, height), actor)
            assert kept == key, "texts name the picture by its key already"
        return came

    def added(self, data: bytes, name: str, lost: list[str]) -> str | None:
        """The address of a picture, or None and why not in `lost`."""
        try:
            return image_address(self.add(data, name))
        except KbError as error:
            lost.append(error.message)
            return None

    def added_file(self, path: Path, folder: Path, lost: list[str]) -> str | None:
        """As `added`; None without a reason when there is no such file."""
        try:
            if not path.exists():
                return None
            return image_address(self.add_file(path, folder))
        except (KbError, OSError, ValueError) as error:
            lost.append(f"{path.name[:100]}: {getattr(error, 'message', 'it cannot be read')}")
            return None
