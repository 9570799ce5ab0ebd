"""A folder of this process alone, inside one that several servers share.

Each holds a lock on its own as long as it runs. Whoever comes later clears away what processes left
behind that were killed, and touches nothing of those that run.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LOCK = ".lock"


class OwnFolder:
    """`path` is made when it is first asked for, readable for this user alone."""

    def __init__(self, parent: Path) -> None:
        """Clears what dead processes left in `parent`. Raises OSError when that cannot be read."""
        self._parent = parent
        self._path = parent / f"server_{secrets.token_hex(8)}"
        self._making = threading.Lock()
        self._held: IO[bytes] | None = None
        if parent.is_dir():
            with _locked(parent):
                for left in parent.iterdir():
                    if left.is_dir() and not _is_held(left):
                        shutil.rmtree(left, ignore_errors=True)

    @property
    def path(self) -> Path:
        """The folder, which is there."""
        with self._making:
            if self._held is None:
                self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with _locked(self._parent):
                    self._path.mkdir(mode=0o700)
                    held = (self._path / LOCK).open("wb")
                    fcntl.flock(held, fcntl.LOCK_EX)
                    self._held = held
        return self._path

    def close(self) -> None:
        """Remove it. What is still in use in there is cleared by whoever comes next."""
        with self._making:
            if self._held is None:
                return
            shutil.rmtree(self._path, ignore_errors=True)
            self._held.close()
            self._held = None


@contextlib.contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """Nobody else makes or clears folders in there meanwhile."""
    with (parent / LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_held(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # it has no lock: nobody's
    return False
